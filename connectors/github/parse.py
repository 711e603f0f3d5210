"""From GitHub's JSON to records. Pure: bytes in, records out."""

import functools
import re
import types
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Annotated, Any, Generic, Literal, TypeVar

import msgspec

from config.write_back import is_own
from connectors.records import Container, ContainerRef, Item, Scope, SetAside
from connectors.text import Trailer, excerpt, instant, nearest_day

Instant = Annotated[datetime, msgspec.Meta(tz=True)]

ISSUE = re.compile(r"/repos/([^/]+/[^/]+)/issues/(\d+)/?$")
PAGE_OF_ISSUE = re.compile(r"/([^/]+/[^/]+)/issues/\d+/?$")
EXCERPT = 200
Row = TypeVar("Row", bound=msgspec.Struct)
Record = TypeVar("Record")


class Named(msgspec.Struct, gc=False):
    name: str | None = None


class User(msgspec.Struct, gc=False):
    login: str | None = None


class MilestoneRow(msgspec.Struct, gc=False):
    id: int
    title: str | None = None


class WholeMilestone(MilestoneRow, gc=False):
    state: str = "open"
    html_url: str | None = None
    due_on: Instant | None = None
    closed_at: Instant | None = None


class SubIssues(msgspec.Struct, gc=False):
    total: int = 0


class Dependencies(msgspec.Struct, gc=False):
    blocked_by: int = 0


class PullRequest(msgspec.Struct, gc=False):
    """That it is there is all that matters."""


class IssueRow(msgspec.Struct):
    """An issue as lists give it. Older servers lack some keys, and some clients drop null ones."""

    id: int
    number: int
    state: Literal["open", "closed"]
    title: str | None = None
    html_url: str | None = None
    state_reason: str | None = None
    labels: list[Named | str] | None = None
    assignee: User | None = None
    assignees: list[User | None] | None = None
    milestone: MilestoneRow | None = None
    type: Named | None = None
    pull_request: PullRequest | None = None
    parent_issue_url: str | msgspec.UnsetType | None = msgspec.UNSET
    sub_issues_summary: SubIssues | None = None
    issue_dependencies_summary: Dependencies | None = None
    created_at: Instant | None = None
    updated_at: Instant | None = None
    closed_at: Instant | None = None


class IssueRowWithBody(IssueRow):
    """Read only where a trailer is looked for: bodies are up to 100,000 characters and are not kept."""

    body: str | None = None


class Reference(msgspec.Struct, gc=False):
    url: str


@dataclass
class Rows(Generic[Record]):
    """The rows of one answer. `count` is how many it held, the unreadable ones included."""

    rows: list[Record]
    set_aside: list[SetAside] = field(default_factory=list)
    count: int = 0


@dataclass
class IssuePage:
    """One answer with issues. `count` is how many rows it held, pull requests and unreadable ones included.

    `blocked` gives the number of each item (by external id) that has open blockers, which the answer does not name.
    `with_children` are the numbers of the items that have sub-issues; `parents_told` says whether any row named a
    parent, or that it has none.
    """

    items: list[Item]
    set_aside: list[SetAside]
    count: int
    blocked: dict[str, int]
    with_children: list[int]
    parents_told: bool


_ISSUE_DATES = ("created_at", "updated_at", "closed_at")
_MILESTONE_DATES = ("due_on", "closed_at")


def issue_page(body: bytes, scope: Scope, trailer: Trailer | None, parent_key: str | None = None) -> IssuePage:
    """The issues of one answer as items of `scope`, without pull requests.

    `parent_key` is given for an answer that lists the sub-issues of that parent.
    Raises msgspec.DecodeError where the answer is not a JSON list.
    """
    kind = IssueRowWithBody if trailer else IssueRow
    try:
        return _issue_page(_rows(body, kind, _ISSUE_DATES), scope, trailer, parent_key)
    except OverflowError:  # an instant at the edge of the calendar, which leaves it in UTC
        return _issue_page(_row_by_row(body, kind, _ISSUE_DATES), scope, trailer, parent_key)


def _issue_page(
    answer: "Rows[IssueRow] | Rows[IssueRowWithBody]", scope: Scope, trailer: Trailer | None, parent_key: str | None
) -> IssuePage:
    page = IssuePage([], answer.set_aside, answer.count, {}, [], False)
    for row in answer.rows:
        if row.pull_request is not None:
            continue
        item = _item(row, scope, trailer, parent_key)
        page.items.append(item)
        page.parents_told = page.parents_told or row.parent_issue_url is not msgspec.UNSET
        if row.sub_issues_summary is not None and row.sub_issues_summary.total > 0:
            page.with_children.append(row.number)
        if row.issue_dependencies_summary is not None and row.issue_dependencies_summary.blocked_by > 0:
            page.blocked[item.external_id] = row.number
    return page


def milestone_page(body: bytes, scope: Scope) -> Rows[Container]:
    """The milestones of one answer. Raises msgspec.DecodeError where the answer is not a JSON list."""
    try:
        answer = _rows(body, WholeMilestone, _MILESTONE_DATES)
        return Rows([_milestone(row, scope) for row in answer.rows], answer.set_aside, answer.count)
    except OverflowError:
        answer = _row_by_row(body, WholeMilestone, _MILESTONE_DATES)
        return Rows([_milestone(row, scope) for row in answer.rows], answer.set_aside, answer.count)


def issue_keys(body: bytes) -> list[str]:
    """The keys `owner/repository#number` of the issues of one answer."""
    return [key for row in _rows(body, Reference, ()).rows if (key := key_of(row.url))]


def key_of(url: str) -> str | None:
    """The key `owner/repository#number` of an issue's API address. None where the address is no issue's."""
    found = ISSUE.search(url)
    return f"{found[1]}#{found[2]}" if found else None


def is_of(scope: Scope, item: Item) -> bool:
    """Whether the item's web address lies in the repository: a sub-issue may live in another one than its parent."""
    found = PAGE_OF_ISSUE.search(item.url)
    return found is None or found[1].casefold() == scope.key.casefold()


def _item(row: IssueRow, scope: Scope, trailer: Trailer | None, parent_key: str | None) -> Item:
    milestone = row.milestone
    people = row.assignees if row.assignees is not None else [row.assignee]
    labels = [label if isinstance(label, str) else label.name for label in row.labels or ()]
    return Item(
        external_id=str(row.id),
        key=f"{scope.key}#{row.number}",
        scope=scope.external_id,
        url=row.html_url or f"{scope.url}/issues/{row.number}",
        title=row.title or "",
        category="todo" if row.state == "open" else "done",
        status=row.state,
        resolution=row.state_reason,
        self_reported=row.state == "open",
        type=row.type.name if row.type is not None else None,
        parent_key=parent_key or (_parent(row.parent_issue_url, scope) if row.parent_issue_url else None),
        # What we write ourselves tells nothing of the work.
        labels=_once([one for one in labels if one is None or not is_own(one)]),
        assignees=_once([user.login for user in people if user is not None]),
        containers=(
            (ContainerRef(external_id=str(milestone.id), kind="milestone", title=milestone.title or ""),)
            if milestone is not None
            else ()
        ),
        key_results=_key_results(row, trailer),
        created_at=_utc(row.created_at),
        closed_at=_utc(row.closed_at),
        updated_at=_utc(row.updated_at),
    )


def _parent(url: str, scope: Scope) -> str | None:
    key = key_of(url)
    if key is None:
        return None
    repository, _, number = key.rpartition("#")
    return f"{scope.key}#{number}" if repository.casefold() == scope.key.casefold() else key


def _key_results(row: IssueRow, trailer: Trailer | None) -> tuple[tuple[Literal["trailer"], str], ...]:
    if trailer is None or not isinstance(row, IssueRowWithBody) or not row.body:
        return ()
    return tuple(("trailer", value) for value in dict.fromkeys(trailer.values(row.body)))


def _milestone(row: WholeMilestone, scope: Scope) -> Container:
    return Container(
        external_id=str(row.id),
        kind="milestone",
        title=row.title or "",
        state=row.state,
        scope=scope.external_id,
        url=row.html_url,
        due_on=_day(row.due_on),
        closed_at=_utc(row.closed_at),
    )


def _day(when: datetime | None) -> date | None:
    if when is None:
        return None
    try:
        return nearest_day(when)
    except OverflowError:  # the last day of the year 9999 stands for "never"
        return when.date()


def _once(values: list[str | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys([value for value in values if value]))


def _utc(when: datetime | None) -> datetime | None:
    return when if when is None or when.tzinfo is UTC else when.astimezone(UTC)


@functools.cache
def _decoder(kind: type[msgspec.Struct]) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(types.GenericAlias(list, (kind,)))


def _rows(body: bytes, kind: type[Row], dates: tuple[str, ...]) -> Rows[Row]:
    """The whole answer at once where it is sound, as nearly all are; row by row where one row is not."""
    try:
        rows = _decoder(kind).decode(body)
    except msgspec.ValidationError:
        return _row_by_row(body, kind, dates)
    return Rows(rows, count=len(rows))


def _row_by_row(body: bytes, kind: type[Row], dates: tuple[str, ...]) -> Rows[Row]:
    values = msgspec.json.decode(body, type=list[Any])
    answer: Rows[Row] = Rows([], count=len(values))
    for value in values:
        notes = _mend_dates(value, dates) if isinstance(value, dict) else []
        try:
            answer.rows.append(msgspec.convert(value, kind))
        except msgspec.ValidationError as error:
            answer.set_aside.append(_aside(value, f"{error}."))
        else:
            answer.set_aside += notes
    return answer


def _mend_dates(value: dict[str, Any], dates: tuple[str, ...]) -> list[SetAside]:
    """Dates that are none become null; their raw text goes into the note."""
    notes = []
    for name in dates:
        raw = value.get(name)
        if raw is None:
            continue
        value[name] = instant(raw) if isinstance(raw, str) else None
        if value[name] is None:
            notes.append(_aside(value, f"{name} is no date that can be kept: {str(raw)[:80]!r}.", whole=False))
    return notes


def _aside(value: Any, reason: str, whole: bool = True) -> SetAside:
    # Only these keys: bodies and people stay out of what is kept.
    shown = {key: value.get(key) for key in ("number", "title", "state")} if isinstance(value, dict) else value
    identity = value.get("id") if isinstance(value, dict) else None
    return SetAside(
        external_id=None if identity is None else str(identity),
        reason=reason,
        excerpt=excerpt(msgspec.json.encode(shown), EXCERPT),
        whole=whole,
    )
