"""Versions and sprints, and boards that cannot be read."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
import respx

from connectors.base import Context, Usage
from connectors.errors import Refused, TryAgain
from connectors.jira.containers import ContainerReader
from connectors.jira.rules import classify
from connectors.records import Container, Scope
from connectors.transport import Transport

SITE = "https://acme.example"
AGILE = f"{SITE}/rest/agile/1.0"
SCOPE = Scope(external_id="10", key="SHOP", name="Shop", kind="project", url=f"{SITE}/browse/SHOP")


@pytest.fixture
def router() -> Iterator[respx.MockRouter]:
    with respx.mock(assert_all_called=False) as mocked:
        mocked.get(f"{SITE}/rest/api/2/project/SHOP/versions").respond(json=[])
        yield mocked


def reader(context: Context, *, boards: bool | None = None) -> ContainerReader:
    transport = Transport(SITE, auth=dict, context=context, classify=classify)
    return ContainerReader(transport, site=SITE, boards=boards)


def page(*values: dict[str, Any], last: bool = True) -> dict[str, Any]:
    return {"startAt": 0, "maxResults": 50, "isLast": last, "values": list(values)}


def test_versions_are_read_whole(router: respx.MockRouter, context: Context) -> None:
    router.get(f"{SITE}/rest/api/2/project/SHOP/versions").respond(
        json=[
            {"id": "1", "name": "1.0", "released": True, "archived": False, "releaseDate": "2026-01-31"},
            {"id": "2", "name": "1.1", "released": False, "startDate": "2026-02-01", "releaseDate": "2026-03-01"},
            {"id": "3", "name": "0.9", "released": True, "archived": True},
            {"id": "4"},
        ]
    )
    found = reader(context, boards=False).read(SCOPE, Usage())

    def version(number: int, title: str, state: str, start: date | None = None, due: date | None = None) -> Container:
        url = f"{SITE}/projects/SHOP/versions/{number}"
        return Container(
            external_id=str(number),
            kind="version",
            title=title,
            state=state,
            scope="10",
            url=url,
            starts_on=start,
            due_on=due,
        )

    assert found.containers == [
        version(1, "1.0", "released", due=date(2026, 1, 31)),
        version(2, "1.1", "unreleased", date(2026, 2, 1), date(2026, 3, 1)),
        version(3, "0.9", "archived"),
    ]
    assert [(one.reason.split(":")[0], one.excerpt) for one in found.set_aside] == [("Version", '{"id":"4"}')]


def test_a_sprint_on_several_boards_is_read_once_and_belongs_to_no_project(
    router: respx.MockRouter, context: Context
) -> None:
    sprint = {
        "id": 31,
        "name": "Week 3",
        "state": "CLOSED",
        "startDate": "2026-01-12T09:00:00.000Z",
        "endDate": "2026-01-16T16:00:00.000-07:00",
        "completeDate": "2026-01-19T08:00:00.000Z",
        "originBoardId": 1,
    }
    boards = page(
        {"id": 1, "type": "scrum"},
        {"id": 2, "type": "simple"},
        {"id": 3, "type": "kanban"},
        {"id": 4, "type": "simple"},
    )
    router.get(f"{AGILE}/board", params={"projectKeyOrId": "SHOP"}).respond(json=boards)
    router.get(f"{AGILE}/board/1/sprint").respond(json=page(sprint))
    router.get(f"{AGILE}/board/2/sprint").respond(400, json={"errorMessages": ["The board does not support sprints"]})
    router.get(f"{AGILE}/board/4/sprint").respond(json=page(sprint, {"id": 32, "name": "Week 4", "state": "future"}))
    assert reader(context).read(SCOPE, Usage()).containers == [
        Container(
            external_id="31",
            kind="sprint",
            title="Week 3",
            state="closed",
            url=f"{SITE}/secure/RapidBoard.jspa?rapidView=1",
            starts_on=date(2026, 1, 12),
            due_on=date(2026, 1, 16),
            closed_at=datetime(2026, 1, 19, 8, tzinfo=UTC),
        ),
        Container(external_id="32", kind="sprint", title="Week 4", state="future"),
    ]


def test_sprints_are_read_to_the_last_page(router: respx.MockRouter, context: Context) -> None:
    router.get(f"{AGILE}/board").respond(json=page({"id": 1, "type": "scrum"}))
    sprints = [{"id": number, "name": f"Week {number}", "state": "closed"} for number in range(5)]
    for start in (0, 2, 4):
        values = page(*sprints[start : start + 2], last=start == 4)
        router.get(f"{AGILE}/board/1/sprint", params={"startAt": str(start)}).respond(json=values)
    found = reader(context).read(SCOPE, Usage())
    assert [one.external_id for one in found.containers] == ["0", "1", "2", "3", "4"]


def test_an_empty_page_is_not_taken_for_the_last(router: respx.MockRouter, context: Context) -> None:
    router.get(f"{AGILE}/board").respond(json=page(last=False))
    with pytest.raises(TryAgain, match="although there are more"):
        reader(context).read(SCOPE, Usage())


@pytest.mark.parametrize("status", [401, 403, 404])
def test_boards_that_cannot_be_read_mean_no_sprints(router: respx.MockRouter, context: Context, status: int) -> None:
    router.get(f"{AGILE}/board").respond(status, json={"message": "scope does not match"})
    assert reader(context).read(SCOPE, Usage()).containers == []


def test_boards_that_were_asked_for_and_cannot_be_read_are_refused(router: respx.MockRouter, context: Context) -> None:
    router.get(f"{AGILE}/board").respond(403, json={"message": "Forbidden"})
    with pytest.raises(Refused, match="may not read boards") as caught:
        reader(context, boards=True).read(SCOPE, Usage())
    assert "read:board-scope:jira-software" in caught.value.advice


def test_boards_are_not_touched_where_they_are_turned_off(router: respx.MockRouter, context: Context) -> None:
    route = router.get(f"{AGILE}/board")
    reader(context, boards=False).read(SCOPE, Usage())
    assert route.call_count == 0


def test_the_boards_tell_what_they_estimate_with(router: respx.MockRouter, context: Context) -> None:
    router.get(f"{AGILE}/board").respond(json=page({"id": 1, "type": "scrum"}, {"id": 2, "type": "kanban"}))
    estimation = {"type": "field", "field": {"fieldId": "customfield_7", "displayName": "Größe"}}
    router.get(f"{AGILE}/board/1/configuration").respond(json={"id": 1, "estimation": estimation})
    router.get(f"{AGILE}/board/2/configuration").respond(json={"id": 2, "columnConfig": {}})
    assert reader(context).estimation_fields(SCOPE, Usage()) == ["customfield_7"]
