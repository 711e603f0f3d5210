"""What models give beside their fields."""

import fnmatch
from collections.abc import Callable, Mapping
from datetime import time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

import config
from config import ConnectionOptions, Schedule, Selector, Thresholds
from config.codes import CODES
from config.globs import may_meet
from config.times import At, Every, when

Kinds = Mapping[str, type[ConnectionOptions]]


def test_selectors_can_be_written_in_code_with_single_texts() -> None:
    assert Selector.model_validate({"label": "x", "not_": {"title": "*wip*"}}) == Selector(
        label=("x",), not_=(Selector(title=("*wip*",)),)
    )


def test_models_are_frozen() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Selector(label="x").label = ("y",)  # ty: ignore[invalid-assignment]


@pytest.mark.parametrize(
    "text, expected",
    [
        ("every 15 minutes", Every(timedelta(minutes=15))),
        ("Every hour", Every(timedelta(hours=1))),
        ("every 90 seconds", Every(timedelta(seconds=90))),
        ("every 2 days", Every(timedelta(days=2))),
        ("daily at 02:30", At(tuple(range(7)), time(2, 30))),
        ("weekdays 9:05", At((0, 1, 2, 3, 4), time(9, 5))),
        ("mon 08:00", At((0,), time(8))),
        ("Friday, mon at 18:00", At((0, 4), time(18))),
    ],
)
def test_schedules_are_read(text: str, expected: Every | At) -> None:
    assert when(text) == expected


@pytest.mark.parametrize(
    "text",
    ["", "every", "every -5 minutes", "every 1.5 hours", "every 99999 days", "02:30", "daily", "mon 24:00", "mon 8"],
)
def test_senseless_schedules_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        when(text)


def test_the_sync_interval_has_a_default() -> None:
    assert Schedule().sync_interval == timedelta(minutes=15)


@pytest.mark.parametrize(
    "preset, rule",
    [
        ("oboard", ("ratio", 0.70, 0.40)),
        ("upraise", ("ratio", 0.95, 0.75)),
        ("viva", ("ratio", 1.0, 0.75)),
        ("engagedly", ("gap", 0.165, 0.33)),
        ("mooncamp", ("ratio", 0.90, 0.70)),
        ("google", ("score", 0.70, 0.40)),
        (None, ("ratio", 0.90, 0.70)),
    ],
)
def test_presets_set_the_rule_of_pace(preset: Any, rule: tuple[str, float, float]) -> None:
    read = Thresholds(preset=preset)
    assert (read.pace, read.on_track, read.behind) == rule


def test_there_are_41_codes_in_five_groups() -> None:
    assert {group: sum(code.startswith(group) for code in CODES) for group in ("COV", "DRF", "STR", "HYG", "SYN")} == {
        "COV": 5,
        "DRF": 8,
        "STR": 10,
        "HYG": 9,
        "SYN": 9,
    }


@pytest.mark.parametrize(
    "first, second, expected",
    [
        ("SHOP", "shop", True),
        ("SHOP", "SHOPS", False),
        ("TEAM*", "TEAM7", True),
        ("TEAM*", "*7", True),
        ("a*b", "b*a", False),
        ("a?", "?b", True),
        ("*", "", True),
        ("?", "", False),
        ("acme/*", "acme/a/b", True),
    ],
)
def test_globs_may_meet(first: str, second: str, expected: bool) -> None:
    assert may_meet(first, second) is expected
    assert may_meet(second, first) is expected


@given(st.text("ab*?", max_size=6), st.text("ab", max_size=6))
def test_a_glob_meets_a_text_exactly_where_it_matches(glob: str, text: str) -> None:
    assert may_meet(glob, text) is fnmatch.fnmatchcase(text, glob)


def test_the_schema_is_valid_and_describes_every_key(kinds: Kinds) -> None:
    schema = config.json_schema(kinds)
    Draft202012Validator.check_schema(schema)
    assert set(schema["properties"]) == set(config.Config.model_fields)
    silent = [
        f"{name}.{key}"
        for name, part in {"": schema, **schema["$defs"]}.items()
        for key, value in part.get("properties", {}).items()
        if name not in ("BoardOptions", "ForgeOptions", "Login") and not value.get("description")
    ]
    assert silent == []


def document() -> dict[str, Any]:
    return {
        "version": 1,
        "connections": {"x": {"kind": "jira", "url": "https://h", "auth": {"token": "t"}, "projects": ["A"]}},
        "cycles": [{"key": "Q", "start": "2026-10-01", "end": "2026-12-31"}],
        "objectives": [
            {
                "key": "O",
                "title": "t",
                "cycle": "Q",
                "owner": ["a", "b"],
                "key_results": [
                    {
                        "key": "K",
                        "title": "t",
                        "value": "manual",
                        "delivery": {"none": "r"},
                        "metric": {"start": 1, "target": 2},
                        "expected": [["2026-11-01", 0.4]],
                    },
                    {"key": "L", "title": "t", "value": {"from": "delivery"}, "delivery": "expected"},
                ],
            }
        ],
        "mappings": [
            {"key_result": "K", "work": {"milestone": 1.0, "not": {"label": ["x"]}, "descend": False}},
            {"key_result": "K", "work": {"label": "x", "not": [{"label": ["x"]}]}},
        ],
        "alerts": {"channels": {"a": "json://h"}, "quiet": {"from": "19:00", "to": "07:00", "days": ["sat"]}},
        "checkins": [{"key_result": "K", "date": "2026-11-02", "value": True}],
    }


def test_the_schema_takes_what_the_loader_takes(kinds: Kinds) -> None:
    Draft202012Validator(config.json_schema(kinds)).validate(document())


@pytest.mark.parametrize(
    "spoil",
    [
        lambda it: it.update(nonsense=1),
        lambda it: it["connections"]["x"].update(kind="gitlab"),
        lambda it: it["connections"]["x"].update(repositories=["a/b"]),
        lambda it: it["mappings"][0].update(position=1),
        lambda it: it["mappings"][0]["work"].update(label=[]),
        lambda it: it["objectives"][0]["key_results"][0].update(value="automatic"),
        lambda it: it["objectives"][0]["key_results"][0].update(delivery={}),
        lambda it: it["objectives"][0].pop("cycle"),
    ],
)
def test_the_schema_refuses_what_the_loader_refuses(kinds: Kinds, spoil: Callable[[dict[str, Any]], object]) -> None:
    spoilt = document()
    spoil(spoilt)
    assert not Draft202012Validator(config.json_schema(kinds)).is_valid(spoilt)
