"""Pages by offset, for servers that do not compare keys, while rows come and go: nothing is lost, or ends early."""

import json
import random
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import httpx
import msgspec
import pytest
import respx

from connectors.base import Context, Reading, Usage
from connectors.errors import TryAgain
from connectors.jira.datacenter import DataCenterIssues
from connectors.jira.fields import FieldMap
from connectors.jira.offsets import Rows, Step, walk
from connectors.jira.parse import IssueReader
from connectors.records import Scope
from connectors.transport import Transport

SCOPE = Scope(external_id="10", key="SHOP", name="Shop", kind="project", url="https://jira.example/browse/SHOP")
URL = "https://jira.example/rest/api/2/search"


class Server:
    """Rows in order, of which some vanish while pages are read."""

    def __init__(self, count: int, size: int) -> None:
        self.rows = [str(number) for number in range(count)]
        self.size = size
        self.reads: list[int] = []
        self.lock = threading.Lock()
        self.before: Callable[[int], None] = lambda _at: None

    def read(self, at: int) -> Rows[msgspec.Raw]:
        with self.lock:
            self.before(at)
            self.reads.append(at)
            ids = self.rows[at : at + self.size]
            return Rows(at, len(self.rows), [msgspec.Raw(one.encode()) for one in ids], list(ids), None)


def ids_of(steps: Sequence[Step[msgspec.Raw]]) -> list[str]:
    return [one for step in steps for one in step.ids if one is not None]


@pytest.mark.parametrize("count", [0, 1, 2, 9, 10, 11, 19, 20, 95])
@pytest.mark.parametrize("width", [1, 4])
def test_every_row_is_read_once(count: int, width: int) -> None:
    server = Server(count, 10)
    steps = list(walk(server.read, width))
    assert ids_of(steps) == server.rows
    assert [step.last for step in steps] == [False] * (len(steps) - 1) + [True]
    assert len(server.reads) == len(steps)


@pytest.mark.parametrize("width", [1, 3])
@pytest.mark.parametrize("seed", range(20))
def test_no_row_that_stays_is_lost_while_others_are_deleted(width: int, seed: int) -> None:  # bug 3
    chance = random.Random(seed)
    server = Server(120, 10)

    def delete_some(_at: int) -> None:
        for _ in range(chance.choice([0, 0, 1, 4])):
            if len(server.rows) > 30:
                server.rows.pop(chance.randrange(len(server.rows)))

    server.before = delete_some
    found = ids_of(list(walk(server.read, width)))
    assert set(server.rows) <= set(found)


def test_rows_that_vanish_at_the_end_do_not_hide_the_rest() -> None:
    server = Server(40, 10)
    steps = walk(server.read, 1)
    found = ids_of([next(steps)])
    del server.rows[:30]
    found += ids_of(list(steps))
    assert set(server.rows) <= set(found)


def test_a_server_that_lowers_the_page_size_is_followed() -> None:
    server = Server(50, 20)
    steps = walk(server.read, 2)
    found = ids_of([next(steps)])
    server.size = 7
    assert found + ids_of(list(steps)) == server.rows


def test_a_reading_goes_on_behind_the_rows_that_were_read() -> None:
    server = Server(50, 10)
    first = next(walk(server.read, 1))
    del server.rows[3]
    assert ids_of(list(walk(server.read, 4, first.at, first.tail))) == server.rows[9:]


def test_a_reading_whose_last_rows_are_gone_starts_afresh() -> None:
    server = Server(30, 10)
    assert ids_of(list(walk(server.read, 1, at=9, tail=["gone"]))) == server.rows


def test_a_server_that_gives_nothing_new_is_not_asked_for_ever() -> None:
    server = Server(30, 1)
    with pytest.raises(TryAgain, match="no rows behind"):
        list(walk(server.read, 1))


def issue(number: int) -> dict[str, Any]:
    return {"id": str(number), "key": f"SHOP-{number}", "fields": {"summary": f"Number {number}"}}


@pytest.fixture
def issues(context: Context) -> DataCenterIssues:
    transport = Transport("https://jira.example", auth=dict, context=context, in_flight=2)
    return DataCenterIssues(transport, IssueReader(FieldMap(), site="https://jira.example", agile=True))


def serve(count: int, size: int, asked: list[dict[str, Any]]) -> Callable[[httpx.Request], httpx.Response]:
    """A server that gives at most `size` rows at once and does not compare keys."""

    def answer(request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content)
        asked.append(body)
        if "issuekey >=" in body["jql"]:
            return httpx.Response(400, json={"errorMessages": ["The operator '>=' is not supported by 'issuekey'."]})
        at = body["startAt"]
        hour = 8 + len(asked)
        rows = [issue(number) for number in range(at, min(count, at + size))]
        return httpx.Response(
            200,
            json={"startAt": at, "maxResults": size, "total": count, "issues": rows},
            headers={"Date": f"Tue, 24 Nov 2026 {hour:02}:00:00 GMT"},
        )

    return answer


def test_pages_tell_where_to_go_on(issues: DataCenterIssues) -> None:
    asked: list[dict[str, Any]] = []
    with respx.mock() as router:
        router.post(URL).side_effect = serve(25, 10, asked)
        usage = Usage()
        pages = list(issues.pages(SCOPE, Reading(), usage))
        assert [[item.key for item in page.items] for page in pages] == [
            [f"SHOP-{number}" for number in range(10)],
            [f"SHOP-{number}" for number in range(10, 19)],
            [f"SHOP-{number}" for number in range(19, 25)],
        ]
        assert pages[-1].resume is None
        rest = list(issues.pages(SCOPE, Reading(resume=pages[0].resume), Usage()))
        assert [page.items for page in rest] == [page.items for page in pages[1:]]
    assert {page.clock for page in pages + rest} == {datetime(2026, 11, 24, 9, tzinfo=UTC)}
    assert usage.requests == 3
    assert asked[0]["jql"] == 'project = "SHOP" ORDER BY key ASC'
    assert asked[0]["maxResults"] == 100
    assert {"summary", "epic", "closedSprints"} <= set(asked[0]["fields"])
    assert ["issuekey" in one["jql"] for one in asked] == [False] * 3 + [True] * 3 + [False] * 2


def test_an_empty_page_before_the_end_is_asked_for_again(issues: DataCenterIssues) -> None:
    empty = httpx.Response(200, json={"startAt": 0, "maxResults": 10, "total": 3, "issues": []})
    asked: list[dict[str, Any]] = []
    good = serve(3, 10, asked)
    with respx.mock() as router:
        first = iter([empty])
        router.post(URL).side_effect = lambda request: next(first, None) or good(request)
        [page] = issues.pages(SCOPE, Reading(), Usage())
    assert len(page.items) == 3


def test_an_empty_page_for_ever_is_an_error_and_no_end(issues: DataCenterIssues) -> None:
    with respx.mock() as router:
        router.post(URL).respond(json={"startAt": 0, "maxResults": 10, "total": 3, "issues": []})
        with pytest.raises(TryAgain, match="no rows from 0 on, of 3"):
            list(issues.pages(SCOPE, Reading(), Usage()))


def test_ids_of_a_query_are_all_found(issues: DataCenterIssues) -> None:
    asked: list[dict[str, Any]] = []
    with respx.mock() as router:
        router.post(URL).side_effect = serve(25, 10, asked)
        assert issues.matching("labels = web", Usage()) == {str(number) for number in range(25)}
    assert (asked[0]["jql"], asked[0]["fields"]) == ("labels = web", ["id"])
