"""OKRs out of CSV, XLSX and JSON."""

import csv as csv_module
import io
import json
import zipfile
from datetime import datetime
from typing import Any

import pytest
from openpyxl import Workbook

from config.imports import ImportRefused, read
from tests.config.imports.loading import Loaded, loaded

TYPED = """\
Viva export
Title,Type,Owner,Team,Parent,Time period,Start value,Target value,Current value,Progress,Weight,Last check-in,Mood
Make checkout great,Objective,Dana,Commerce,,Q4 2026,,,,62%,,,ok
Conversion,Key Result,"Ann; Bob",Commerce,Make checkout great,Q4 2026,2.1%,3.0%,2.6%,56%,2,2026-11-02,
Fewer refunds,KR,Ann,Payments,Make checkout great,Q4 2026,6,2,,12%,,,
Be loved,Objective,Cy,Commerce,Make checkout great,Q4 2026,,,,,,,
Docs,Initiative,Ann,,Make checkout great,,,,,,,,
Lost,Key Result,Ann,,Nowhere,,,,,,,,
"""


def csv(text: str, **options: Any) -> Loaded:
    return loaded(read(text.encode(), ".csv", "okrs.csv"), **options)


def shape(found: Loaded) -> list[tuple[Any, ...]]:
    """Key, title, owner, team, weight and metric of each key result."""
    return [
        (
            one.key,
            one.title,
            one.owner,
            one.team,
            one.weight,
            one.metric.model_dump(exclude_none=True) if one.metric else None,
        )
        for objective in found.config.objectives
        for one in objective.key_results
    ]


def test_an_export_with_a_row_for_each_item_says_what_it_is() -> None:
    found = csv(TYPED)
    assert [(one.key, one.title, one.team, one.owner, one.supports) for one in found.config.objectives] == [
        ("MAKE-CHECKOUT-GREAT", "Make checkout great", "commerce", "Dana", ()),
        ("BE-LOVED", "Be loved", "commerce", "Cy", ("MAKE-CHECKOUT-GREAT",)),
    ]
    assert shape(found) == [
        (
            "MAKE-CHECKOUT-GREAT.1",
            "Conversion",
            "Ann, Bob",
            "commerce",
            2,
            {"type": "number", "unit": "%", "start": 2.1, "target": 3.0},
        ),
        (
            "MAKE-CHECKOUT-GREAT.2",
            "Fewer refunds",
            "Ann",
            "payments",
            1,
            {"type": "number", "start": 6, "target": 2},
        ),
    ]
    assert [(one.key_result, str(one.date), one.value) for one in found.config.checkins] == [
        ("MAKE-CHECKOUT-GREAT.1", "2026-11-02", 2.6)
    ]
    assert found.notes == [
        (1, "Viva export", "above the table"),
        (2, "Mood", "a column that is not read"),
        (
            5,
            "0.12 of 'Fewer refunds'",
            "a score of a key result whose metric has a unit of its own: the value behind it is not told",
        ),
        (7, "Initiative: Docs", "neither an objective nor a key result"),
        (8, "Lost", "a key result of 'Nowhere', which is not here"),
    ]


def test_a_row_for_each_key_result_may_leave_its_objective_blank_when_it_is_the_one_above() -> None:
    found = csv("Objective;Key Result;Owner;Progress;Quarter\nGrow;Open shops;Ann;40;2026-Q4\n;Open markets;Bob;100;\n")
    assert found.tree == {"Grow": ["Open shops", "Open markets"]}
    assert [(one.key_result, one.value) for one in found.config.checkins] == [("GROW.1", 0.4), ("GROW.2", 1)]
    assert found.notes == []


def test_a_workbook_gives_its_values_and_dates() -> None:
    book = Workbook()
    notes = book.active
    assert notes is not None
    notes.title = "Notes"
    notes.append(["hello"])
    sheet = book.create_sheet("OKRs")
    sheet.append(["Company OKRs"])
    sheet.append(
        ["Objective", "Key Result", "Owner", "Start", "Target", "Current", "Start date", "Due date", "Updated"]
    )
    bounds = [datetime(2026, 10, 1), datetime(2026, 12, 31)]  # noqa: DTZ001 - a sheet has days without a zone
    sheet.append(["Grow", "Revenue", "@ann", 7.2, 10, 8, *bounds, datetime(2026, 11, 3)])  # noqa: DTZ001
    sheet.append(["Grow", "Churn", "@bob", 0.04, 0.03, None, *bounds, None])
    file = io.BytesIO()
    book.save(file)

    found = loaded(read(file.getvalue(), ".xlsx", "okrs.xlsx"))
    assert [(one.key, str(one.start), str(one.end)) for one in found.config.cycles] == [
        ("2026-Q4", "2026-10-01", "2026-12-31")
    ]
    assert shape(found) == [
        ("GROW.1", "Revenue", "ann", None, 1, {"type": "number", "start": 7.2, "target": 10}),
        ("GROW.2", "Churn", "bob", None, 1, {"type": "number", "start": 0.04, "target": 0.03}),
    ]
    assert [(one.key_result, str(one.date), one.value) for one in found.config.checkins] == [
        ("GROW.1", "2026-11-03", 8)
    ]
    assert found.notes == [
        (1, "Notes", "a sheet without a column for key results"),
        (1, "Company OKRs", "above the table"),
    ]


@pytest.mark.parametrize(
    "data",
    [
        {"objectives": [{"title": "Grow", "owner": ["Ann", "Bob"], "cycle": "2026-Q4", "key_results": [
            {"title": "A", "metric": {"start": 1, "target": 3}, "current": 2},
            "Just text",
        ]}]},
        [{"objective": "Grow", "owner": "Ann, Bob", "quarter": "Q4 2026", "keyResults": [
            {"name": "A", "startValue": 1, "targetValue": 3, "currentValue": 2},
            {"name": "Just text"},
        ]}],
        {"data": [
            {"type": "Objective", "title": "Grow", "owner": "Ann & Bob", "cycle": "2026-Q4"},
            {"type": "Key Result", "title": "A", "parent": "Grow", "start": 1, "target": 3, "current": 2},
            {"type": "Key Result", "title": "Just text", "parent": "Grow"},
        ]},
    ],
)  # fmt: skip
def test_json_may_be_nested_or_flat(data: Any) -> None:
    found = loaded(read(json.dumps(data).encode(), ".json", "okrs.json"))
    assert [(one.title, one.owner, one.cycle) for one in found.config.objectives] == [("Grow", "Ann, Bob", "2026-Q4")]
    assert [(key, title, metric) for key, title, *_, metric in shape(found)] == [
        ("GROW.1", "A", {"type": "number", "start": 1, "target": 3}),
        ("GROW.2", "Just text", None),
    ]
    assert [(one.key_result, one.value) for one in found.config.checkins] == [("GROW.1", 2)]
    assert found.notes == []


@pytest.mark.parametrize("number", ["NaN", "1e400", "-Infinity", "1" * 400])
def test_what_is_no_finite_number_is_none(number: str) -> None:
    data = f"""[{{"objective": "Grow", "key result": "One", "start": 1, "target": {number}, "current": {number},
        "confidence": {number}, "weight": {number}}}]"""
    found = loaded(read(data.encode(), ".json", "a.json"))
    assert shape(found) == [("GROW.1", "One", None, None, 1, None)]
    assert found.config.checkins == ()


def test_objectives_aligned_in_a_circle_are_cut_open() -> None:
    found = csv("title,type,parent,cycle\nA,Objective,B,2026-Q4\nB,Objective,A,2026-Q4\n")
    assert [one.supports for one in found.config.objectives] == [("B",), ()]
    assert found.notes == [(3, "A", "what 'B' is aligned to, which is not here, or below it")]


@pytest.mark.parametrize(
    "data, kind, words",
    [
        (b"name,colour\nx,red\n", ".csv", "Columns found: name, colour."),
        (b"", ".csv", "Columns found: none."),
        (b"{", ".json", "is no JSON"),
        (b"no workbook", ".xlsx", "cannot be read as a workbook"),
        (b"[" * 100_000, ".json", "is no JSON"),
        (b"objective,key result\n" + b"x,y\n" * 20_001, ".csv", "20,0.. rows"),
    ],
)
def test_what_cannot_be_read_is_refused_with_what_was_found(data: bytes, kind: str, words: str) -> None:
    with pytest.raises(ImportRefused, match=words):
        read(data, kind, f"okrs{kind}")


def test_a_workbook_that_unpacks_to_too_much_is_refused_unread() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/workbook.xml", b" " * 101_000_000)
    with pytest.raises(ImportRefused, match="holds more than 100 MB"):
        read(file.getvalue(), ".xlsx", "okrs.xlsx")


def test_an_import_leaves_the_limits_of_other_readers_as_they_are() -> None:
    before = csv_module.field_size_limit()
    csv(TYPED)
    with pytest.raises(ImportRefused):
        read(b'Title,Type\n"' + b"x" * 40_000_000, ".csv", "okrs.csv")
    assert csv_module.field_size_limit() == before
