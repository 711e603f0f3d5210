from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest

from connectors.github.parse import issue_keys, issue_page, milestone_page
from connectors.records import Container, ContainerRef, Item, SetAside
from connectors.text import Trailer, clean_json
from tests.connectors.github.samples import SHOP, body, issue, item, milestone, without


def only(row: dict[str, Any], trailer: str | None = None) -> Item:
    page = issue_page(body(row), SHOP, Trailer(trailer) if trailer else None)
    assert page.set_aside == []
    (found,) = page.items
    return found


def test_an_issue_becomes_an_item_with_all_that_it_tells() -> None:
    row = issue(
        7,
        title="  Pay by wallet ",
        state="closed",
        state_reason="not_planned",
        labels=[{"id": 1, "name": "kr:GROW.1", "color": "fff"}, "wip", {"id": 2, "name": "wip"}],
        assignee={"login": "dana"},
        assignees=[{"login": "dana"}, {"login": "kim"}],
        milestone=milestone(3, title="Checkout v2"),
        type={"id": 5, "name": "Bug"},
        parent_issue_url="https://api.github.com/repos/acme/planning/issues/4",
        closed_at="2026-10-03T10:00:00Z",
    )
    assert only(row) == item(
        7,
        title="  Pay by wallet ",
        category="done",
        status="closed",
        resolution="not_planned",
        self_reported=False,
        labels=("kr:GROW.1", "wip"),
        assignees=("dana", "kim"),
        containers=(ContainerRef(external_id="703", kind="milestone", title="Checkout v2"),),
        type="Bug",
        parent_key="acme/planning#4",
        closed_at=datetime(2026, 10, 3, 10, tzinfo=UTC),
    )


def test_a_plain_open_issue_reports_on_itself() -> None:
    assert only(issue(1)) == item(1)


def test_a_closed_issue_may_lack_reason_and_moment() -> None:
    assert only(issue(1, state="closed")) == item(1, category="done", status="closed", self_reported=False)


def test_an_older_server_lacks_many_keys() -> None:
    row = without(
        issue(1, assignee={"login": "kim"}),
        *("node_id", "assignees", "state_reason", "type", "parent_issue_url", "sub_issues_summary", "html_url"),
        "issue_dependencies_summary",
    )
    assert only(row) == item(1, assignees=("kim",))


def test_people_who_are_gone_are_left_out() -> None:
    assert only(issue(1, user=None, assignees=[None, {"login": "ghost"}])) == item(1, assignees=("ghost",))


def test_pull_requests_are_dropped_but_counted() -> None:
    page = issue_page(
        body(issue(1), issue(2, pull_request={"url": "https://…"}), issue(3, pull_request=None)), SHOP, None
    )
    assert page.items == [item(1), item(3)]
    assert page.count == 3


def test_instants_come_in_utc() -> None:
    row = issue(1, created_at="2026-10-01T10:00:00+02:00")
    created = only(row).created_at
    assert created is not None
    assert (created, created.utcoffset()) == (datetime(2026, 10, 1, 8, tzinfo=UTC), timedelta(0))


def test_a_parent_in_a_repository_of_other_case_is_the_scopes() -> None:
    assert only(issue(1, parent_issue_url="https://ghe.acme.example/api/v3/repos/Acme/Shop/issues/9")) == item(
        1, parent_key="acme/shop#9"
    )


@pytest.mark.parametrize("broken", [{"state": "merged"}, {"id": None}, {"number": "seven"}, {"labels": 3}])
def test_a_broken_row_is_set_aside_and_the_others_are_read(broken: dict[str, Any]) -> None:
    page = issue_page(body(issue(1), issue(2, title="Broken", **broken), issue(3)), SHOP, None)
    assert page.items == [item(1), item(3)]
    (aside,) = page.set_aside
    assert aside.whole
    assert aside.external_id == (None if "id" in broken else "9002")
    assert next(iter(broken)) in aside.reason
    assert "Broken" in aside.excerpt
    assert page.count == 3


def test_a_row_that_is_no_object_is_set_aside() -> None:
    page = issue_page(body("surprise", issue(3)), SHOP, None)
    assert page.items == [item(3)]
    assert page.set_aside == [SetAside(external_id=None, reason="Expected `object`, got `str`.", excerpt='"surprise"')]


def test_a_date_that_is_none_is_dropped_with_a_note() -> None:
    page = issue_page(body(issue(1, closed_at="51502-01-01T00:00:00Z"), issue(2)), SHOP, None)
    assert page.items == [item(1), item(2)]
    (aside,) = page.set_aside
    assert not aside.whole
    assert aside.external_id == "9001"
    assert aside.reason == "closed_at is no date that can be kept: '51502-01-01T00:00:00Z'."


def test_a_set_aside_row_keeps_no_body_and_no_people() -> None:
    page = issue_page(body(issue(1, state="odd", body="a secret", assignees=[{"login": "dana"}])), SHOP, None)
    assert "secret" not in page.set_aside[0].excerpt
    assert "dana" not in page.set_aside[0].excerpt


def test_letters_that_no_database_takes_are_gone() -> None:  # bug 21
    row = issue(1, title="a\x00b\ud800c 😀", labels=[{"name": "x\x00"}], body="\x00Key-Result: GR\x00OW.1")
    page = issue_page(clean_json(body(row)), SHOP, Trailer("Key-Result"))
    assert page.items == [item(1, title="abc 😀", labels=("x",), key_results=(("trailer", "GROW.1"),))]


@pytest.mark.parametrize(
    "text, found",
    [
        ("Key-Result: GROW.1", ["GROW.1"]),
        ("Why\r\n\r\nkey-result:GROW.1\r\nthe end", ["GROW.1"]),
        ("\tKEY-RESULT:   GROW.1  \t", ["GROW.1"]),
        ("Key-Result: A\nKey-Result: B\nKey-Result: A", ["A", "B"]),
        ("see Key-Result: GROW.1", []),
        ("Key-Result:", []),
        ("Key-Result:\nGROW.1", []),
        ("XKey-Result: GROW.1", []),
        ("", []),
        (None, []),
    ],
)
def test_a_trailer_is_a_whole_line_of_the_body(text: str | None, found: list[str]) -> None:
    assert only(issue(1, body=text), "Key-Result").key_results == tuple(("trailer", key) for key in found)


def test_a_trailers_name_is_taken_as_it_is_written() -> None:
    assert only(issue(1, body="host: x86_64-apple-darwin"), "host").key_results == (("trailer", "x86_64-apple-darwin"),)
    assert only(issue(1, body="aab: X"), "a.b").key_results == ()


def test_without_a_trailer_bodies_are_not_looked_at() -> None:
    assert only(issue(1, body="Key-Result: GROW.1")).key_results == ()


def test_the_page_tells_who_is_blocked_and_who_has_children() -> None:
    rows = [
        issue(1, issue_dependencies_summary={"blocked_by": 2, "total_blocked_by": 2}),
        without(issue(2, sub_issues_summary={"total": 3, "completed": 0}), "parent_issue_url"),
    ]
    page = issue_page(body(*rows), SHOP, None)
    assert (page.blocked, page.with_children, page.parents_told) == ({"9001": 1}, [2], True)
    assert not issue_page(body(rows[1]), SHOP, None).parents_told


def test_blockers_are_named_by_their_repository() -> None:
    rows = [issue(4), issue(5, url="https://ghe.acme.example/api/v3/repos/acme/base/issues/5"), {"url": "odd"}]
    assert issue_keys(body(*rows)) == ["acme/shop#4", "acme/base#5"]


def test_a_milestone_becomes_a_container() -> None:
    row = milestone(3, state="closed", due_on="2026-12-15T08:00:00Z", closed_at="2026-12-14T10:00:00Z")
    page = milestone_page(body(row), SHOP)
    assert page.rows == [
        Container(
            external_id="703",
            kind="milestone",
            title="Milestone 3",
            state="closed",
            scope="501",
            url="https://github.com/acme/shop/milestone/3",
            due_on=date(2026, 12, 15),
            closed_at=datetime(2026, 12, 14, 10, tzinfo=UTC),
        )
    ]


@pytest.mark.parametrize("offset", [-11, -8, 0, 5.5, 12])
def test_a_milestone_is_due_on_the_day_of_its_creator(offset: float) -> None:
    midnight = datetime(2026, 12, 15, tzinfo=timezone(timedelta(hours=offset))).astimezone(UTC)
    page = milestone_page(body(milestone(1, due_on=f"{midnight:%Y-%m-%dT%H:%M:%SZ}")), SHOP)
    assert page.rows[0].due_on == date(2026, 12, 15)


def test_a_milestone_due_at_the_end_of_time_keeps_its_day() -> None:
    page = milestone_page(body(milestone(1, due_on="9999-12-31T23:59:59Z")), SHOP)
    assert page.rows[0].due_on == date(9999, 12, 31)


def test_an_answer_that_is_no_list_is_not_taken_for_an_empty_one() -> None:
    with pytest.raises(msgspec.DecodeError):
        issue_page(b'{"message": "odd"}', SHOP, None)
