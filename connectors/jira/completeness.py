"""Whether a search on Jira Cloud found all: searches were seen to end early without a word."""

from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import msgspec

from connectors.answers import ABSENT
from connectors.base import Usage
from connectors.errors import Refused, TryAgain
from connectors.transport import Transport

COUNT = "/rest/api/3/search/approximate-count"
MAY_LACK = 20
MAY_LACK_PART = 20


class _Count(msgspec.Struct):
    count: int


@contextmanager
def counted(transport: Transport, jql: str, usage: Usage) -> Generator[Callable[[], int | None]]:
    """`approximate_count` of the query, under way meanwhile; what is given waits for it."""
    with ThreadPoolExecutor(1, thread_name_prefix="count") as pool:
        yield pool.submit(approximate_count, transport, jql, usage).result


def approximate_count(transport: Transport, jql: str, usage: Usage) -> int | None:
    """How many issues Jira thinks that the query (without an order) matches. None where the site does not count."""
    try:
        return transport.post_json(COUNT, {"jql": jql}, into=_Count, usage=usage)[1].count
    except Refused as error:
        if error.status not in ABSENT:
            raise
        return None


def check_complete(found: int, count: int | None, key: str) -> None:
    """Raises TryAgain where far fewer issues were found than there are. The count is an estimate, and may be late."""
    if count is not None and count - found > max(MAY_LACK, count // MAY_LACK_PART):
        raise TryAgain(
            f"Jira's search ended after {found:,} issues of {key}, and Jira counts about {count:,} there.",
            advice="Nothing is taken as complete until the search finds them. If this stays so, ask Atlassian to "
            "rebuild the site's search index.",
        )
