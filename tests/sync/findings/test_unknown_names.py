"""COV104 of labels, lines and fields that name no key result, on both databases."""

from typing import Any

import pytest
import sqlalchemy as sa

from store import fold, tables
from sync.findings import Hit, Unjudged, rules
from sync.findings.world import World
from tests.sync.findings.making import NOW, Stored, config

ALL = {"label": "kr:{key}", "trailer": "Key-Result", "jira_field": "Goal"}


@pytest.fixture
def scope(stored: Stored) -> int:
    """A scope that was read, beside GROW with GROW.1 and GROW.2, PLAT without any, and the archived OLD.1 of OLD."""
    cycle = stored.cycle("2026-Q4")
    for key, archived, key_results in (("GROW", False, 2), ("PLAT", False, 0), ("OLD", True, 1)):
        objective = stored.objective(key, cycle, archived=archived)
        for number in range(1, key_results + 1):
            values = {"title": "A key result", "weight": 1.0, "position": number, "definition": {}}
            stored.add(tables.KeyResult, key=f"{key}.{number}", objective_id=objective, archived=archived, **values)
    return stored.scope(stored.connection())


def tagged(stored: Stored, scope: int, key: str, *tags: tuple[str, str], **given: Any) -> None:
    """An item with words, each of a kind."""
    item = stored.item(scope, key, **given)
    for kind, value in tags:
        tag = tables.Tag.__table__
        known = sa.select(tag.c.id).where(tag.c.kind == kind, tag.c.value == value)
        number = stored.conn.execute(known).scalar()
        number = number or stored.add(tables.Tag, kind=kind, value=value, folded=fold(value))
        stored.add(tables.WorkTag, item_id=item, tag_id=number)


def find(stored: Stored, **conventions: str) -> list[Hit | Unjudged]:
    settings = config(conventions=conventions or ALL)
    return list(rules()["COV104"].find(World(stored.conn, settings, [], NOW), frozenset()))


def test_a_mistyped_label_is_found_with_its_items_and_the_key_that_was_meant(stored: Stored, scope: int) -> None:
    team = stored.add(tables.Team, key="commerce", name="Commerce", archived=False)
    tagged(stored, scope, "SHOP-1", ("label", "kr:GORW.1"), ("label", "kr:GROW.2"), team_id=team)
    tagged(stored, scope, "SHOP-2", ("label", "kr:GORW.1"), state="todo", team_id=team)

    assert find(stored) == [
        Hit(
            subject_kind="mapping",
            subject="kr:GORW.1",
            severity="warning",
            reason="unknown_key_result",
            summary=(
                "`kr:GORW.1` links nothing on 2 items (SHOP-1, SHOP-2): there is no such key result;"
                " did you mean GROW.1?"
            ),
            evidence={"items": ["SHOP-1", "SHOP-2"], "count": 2, "nearest": ["GROW.1"]},
            team="commerce",
        )
    ]


def test_a_mistyped_line_and_field_are_named_with_their_names(stored: Stored, scope: int) -> None:
    tagged(stored, scope, "SHOP-1", ("trailer", "GORW.1"), ("field", "Sell  more"))

    found = {hit.subject: hit.summary for hit in find(stored) if isinstance(hit, Hit)}

    said = "links nothing on 1 item (SHOP-1): there is no such key result"
    assert found == {
        "Key-Result: GORW.1": f"`Key-Result: GORW.1` {said}; did you mean GROW.1?",
        "Goal: Sell more": f"`Goal: Sell more` {said}",
    }


@pytest.mark.parametrize(
    "key, said, near",
    [
        ("grow", "GROW is an objective; name one of its key results: GROW.1, GROW.2", ["GROW.1", "GROW.2"]),
        ("PLAT", "PLAT is an objective; name one of its key results, once it has any", []),
    ],
)
def test_an_objective_is_not_a_key_result(stored: Stored, scope: int, key: str, said: str, near: list[str]) -> None:
    tagged(stored, scope, "SHOP-1", ("label", f"kr:{key}"))

    [hit] = find(stored)

    assert isinstance(hit, Hit)
    assert hit.summary == f"`kr:{key}` links nothing on 1 item (SHOP-1): {said}"
    assert hit.evidence["nearest"] == near


@pytest.mark.parametrize(
    "tag",
    [
        ("label", "KR:grow.1"),
        ("label", "kr:OLD.1"),
        ("label", "kr:OLD"),
        ("label", "kr:"),
        ("label", "backend"),
        ("label", "GROW.99"),
        ("component", "kr:GROW.99"),
        ("trailer", " grow.2 "),
        ("trailer", "none"),
        ("trailer", "N/A"),
        ("field", "-"),
    ],
    ids=str,
)
def test_what_names_a_key_result_or_means_none_is_fine(stored: Stored, scope: int, tag: tuple[str, str]) -> None:
    tagged(stored, scope, "SHOP-1", tag)

    assert find(stored) == []


@pytest.mark.parametrize(
    "template, label, raised",
    [
        ("{key}", "GROW.99", False),
        ("okr/{key}!", "okr/GROW.99!", True),
        ("okr/{key}!", "okr/GROW.99", False),
        ("{key} goal", "GROW.99 Goal", True),
        ("kr: {key}", "kr: GROW.99", True),
        ("kr: {key}", "kr:GROW.99", False),
        ("aba{key}ba", "ababa", False),
        ("aba{key}ba", "aba", False),
    ],
)
def test_a_label_must_begin_and_end_like_the_template(
    stored: Stored, scope: int, template: str, label: str, raised: bool
) -> None:
    tagged(stored, scope, "SHOP-1", ("label", label))

    assert [one.subject for one in find(stored, label=template)] == [label] * raised


def test_only_conventions_that_are_on_are_read(stored: Stored, scope: int) -> None:
    tagged(stored, scope, "SHOP-1", ("label", "kr:GROW.99"), ("trailer", "GROW.98"), ("field", "GROW.97"))

    assert [one.subject for one in find(stored, trailer="OKR")] == ["OKR: GROW.98"]
    assert list(rules()["COV104"].find(World(stored.conn, config(), [], NOW), frozenset())) == []


@pytest.mark.parametrize(
    "given", [{"state": "done"}, {"state": "cancelled"}, {"presence": "deleted"}, {"presence": "not_visible"}], ids=str
)
def test_old_and_gone_work_does_not_raise_it(stored: Stored, scope: int, given: dict[str, str]) -> None:
    tagged(stored, scope, "SHOP-1", ("label", "kr:GROW.99"), **given)

    assert find(stored) == []


def test_words_of_the_same_letters_are_one_finding_as_it_was_written_first(stored: Stored, scope: int) -> None:
    tagged(stored, scope, "SHOP-1", ("trailer", "GROW.99"))
    tagged(stored, scope, "SHOP-2", ("trailer", "grow.99"), ("field", "GROW.99"))

    [hit] = find(stored, trailer="Goal", jira_field="goal")

    assert isinstance(hit, Hit)
    assert (hit.subject, hit.evidence["items"], hit.evidence["count"]) == ("Goal: GROW.99", ["SHOP-1", "SHOP-2"], 2)


def test_at_most_twenty_items_are_named(stored: Stored, scope: int) -> None:
    for number in range(1, 24):
        tagged(stored, scope, f"SHOP-{number}", ("label", "kr:GROW.99"))

    [hit] = find(stored)

    assert isinstance(hit, Hit)
    assert (len(hit.evidence["items"]), hit.evidence["count"]) == (20, 23)


@pytest.mark.parametrize(
    "place",
    [{"last_ok_at": None}, {"connection": {"error": "401"}}],
    ids=["never read", "failing"],
)
def test_it_is_left_unjudged_where_its_items_cannot_be_read(stored: Stored, scope: int, place: dict[str, Any]) -> None:
    connection = stored.connection("other", **place.get("connection", {}))
    unread = stored.scope(connection, "CORE", **{key: value for key, value in place.items() if key != "connection"})
    tagged(stored, unread, "CORE-1", ("label", "kr:GROW.98"))
    tagged(stored, unread, "CORE-2", ("label", "kr:GROW.99"))
    tagged(stored, scope, "SHOP-1", ("label", "kr:GROW.99"))

    hit, unjudged = find(stored)

    assert isinstance(hit, Hit)
    assert (hit.subject, hit.evidence["items"]) == ("kr:GROW.99", ["SHOP-1"])
    assert unjudged == Unjudged("mapping", "kr:GROW.98")


def test_work_of_a_connection_that_left_the_configuration_is_left_out(stored: Stored, scope: int) -> None:
    gone = stored.scope(stored.connection("other", archived=True), "CORE")
    tagged(stored, gone, "CORE-1", ("label", "kr:GROW.99"))

    assert find(stored) == []
