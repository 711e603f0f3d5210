"""Pages that a server cannot make in its ten seconds."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
import respx

from connectors.base import Reading, Usage
from connectors.errors import TryAgain
from connectors.github.paging import smaller
from connectors.records import Page
from tests.connectors.github.samples import API, DATE, SHOP, body, connector, issue

LIST = f"{API}/repositories/501/issues"


def server(heavy: set[int], bearable: int, *, cursors: bool) -> Callable[[httpx.Request], httpx.Response]:
    """250 issues. A page of more than `bearable` rows that holds a heavy one ends in a 502, each time."""

    def answer(request: httpx.Request) -> httpx.Response:
        asked = dict(request.url.params)
        size = int(asked["per_page"])
        start = int(asked.get("after", 0)) if cursors else (int(asked.get("page", 1)) - 1) * size
        numbers = range(start + 1, min(start + size, 250) + 1)
        if size > bearable and heavy & set(numbers):
            return httpx.Response(502, text="<html>502 Bad Gateway</html>", headers={"Date": DATE})
        following = {"after": start + size, "page": start // size + 2} if cursors else {"page": start // size + 2}
        more = httpx.URL(LIST, params={**asked, **following})
        headers = {"Date": DATE, "ETag": f'"{size}-{start}"'}
        if numbers[-1] < 250:
            headers["Link"] = f'<{more}>; rel="next"'
        return httpx.Response(200, content=body(*map(issue, numbers)), headers=headers)

    return answer


def read(router: respx.MockRouter, answer: Callable[[httpx.Request], httpx.Response], **reading: Any) -> list[Page]:
    router.get(url__regex=r".*/issues\?.*").mock(side_effect=answer)
    return list(connector().items(SHOP, Reading(**reading), Usage()))


def numbers(pages: list[Page]) -> list[int]:
    return [int(item.key.rpartition("#")[2]) for page in pages for item in page.items]


@pytest.mark.parametrize("cursors", [False, True], ids=["numbers", "cursors"])
@pytest.mark.parametrize("bearable", [50, 25, 5, 1])
@pytest.mark.parametrize("heavy", [{1}, {130}, {250}, {100, 101}])
def test_a_page_that_is_too_heavy_each_time_is_read_in_parts(
    respx_mock: respx.MockRouter, heavy: set[int], bearable: int, cursors: bool
) -> None:  # bug 18
    pages = read(respx_mock, server(heavy, bearable, cursors=cursors))
    assert numbers(pages) == list(range(1, 251))
    assert pages[-1].resume is None


def test_a_reading_that_stops_among_smaller_pages_goes_on_there(respx_mock: respx.MockRouter) -> None:
    answer = server({130}, 25, cursors=False)
    pages = read(respx_mock, answer)
    for at in range(len(pages) - 1):
        rest = list(connector().items(SHOP, Reading(resume=pages[at].resume), Usage()))
        assert numbers(pages[: at + 1]) + numbers(rest) == list(range(1, 251))


def test_the_mark_of_a_smaller_page_is_not_kept_for_the_whole_one(respx_mock: respx.MockRouter) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.params["per_page"] == "100":
            return httpx.Response(502, headers={"Date": DATE})
        return httpx.Response(200, content=body(issue(1)), headers={"Date": DATE, "ETag": '"small"'})

    (page,) = read(respx_mock, answer)
    assert (numbers([page]), page.validators) == ([1], ())


def test_a_server_that_is_down_fails_the_repository_and_loses_nothing(respx_mock: respx.MockRouter) -> None:  # bug 20
    respx_mock.get(url__regex=r".*/issues\?.*").respond(502, headers={"Date": DATE})
    with pytest.raises(TryAgain, match="answered 502"):
        list(connector().items(SHOP, Reading(), Usage()))


@pytest.mark.parametrize(
    "url, less",
    [
        (f"{LIST}?state=all&per_page=100&page=3", f"{LIST}?state=all&per_page=50&page=5"),
        (f"{LIST}?state=all&per_page=50&page=5", f"{LIST}?state=all&per_page=25&page=9"),
        (f"{LIST}?per_page=25&page=2", f"{LIST}?per_page=5&page=6"),
        (f"{LIST}?per_page=100&after=Y3Vy%3D%3D&page=2", f"{LIST}?per_page=50&after=Y3Vy%3D%3D"),
        (f"{LIST}?per_page=5&since=2026-11-01T07:00:00Z", f"{LIST}?per_page=1&since=2026-11-01T07:00:00Z"),
        (f"{LIST}?per_page=1", None),
        (f"{LIST}?per_page=30", None),
        (LIST, None),
    ],
)
def test_a_smaller_page_begins_where_the_larger_one_did(url: str, less: str | None) -> None:
    assert smaller(url) == less
