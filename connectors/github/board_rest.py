"""A project (v2) read through the REST API."""

import types
from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import Any, TypeVar
from urllib.parse import quote

import msgspec

from connectors.answers import ABSENT, Answer
from connectors.base import Usage
from connectors.errors import Refused, TryAgain
from connectors.github.boards import Board, Card, Field, Iteration, Roles, Values
from connectors.github.paging import one_page
from connectors.github.parse import key_of
from connectors.records import SetAside
from connectors.text import excerpt, instant
from connectors.transport import Transport

PER_PAGE = 100
Row = TypeVar("Row", bound=msgspec.Struct)
KeepFrom = Callable[[datetime | None], datetime | None]
WHOLE = ("number", "state", "html_url", "parent_issue_url", "issue_dependencies_summary", "body")
"""What an issue inside a project's item has where it is given as lists of issues give it."""


class Words(msgspec.Struct):
    raw: str = ""


class Option(msgspec.Struct):
    name: Words | str | None = None


class IterationRow(msgspec.Struct):
    id: str
    title: Words | str | None = None
    start_date: str | None = None
    duration: int = 0
    completed: bool = False


class Configuration(msgspec.Struct):
    iterations: list[IterationRow] = []
    completed_iterations: list[IterationRow] = []


class FieldRow(msgspec.Struct):
    id: int
    name: str
    data_type: str
    options: list[Option] | None = None
    configuration: Configuration | None = None


class ValueRow(msgspec.Struct):
    id: int
    value: Any = None


class CardRow(msgspec.Struct):
    content_type: str
    content: dict[str, Any] | None = None
    updated_at: str | None = None
    fields: list[ValueRow] = []


def read(transport: Transport, name: str, measure: str, keep_from: KeepFrom, usage: Usage) -> Board | None:
    """The project `owner/number`. None where this server has no such call, or no such project of anybody.

    `keep_from(clock)`: of cards that changed before, the issues themselves are not kept.
    Raises Refused where it is denied.
    """
    owner, _, number = name.partition("/")
    for kind in ("orgs", "users"):
        address = f"/{kind}/{quote(owner)}/projectsV2/{number}"
        try:
            answers = list(_pages(transport, f"{address}/fields?per_page={PER_PAGE}", usage))
        except Refused as error:
            if error.status not in ABSENT:
                raise
            continue
        return _board(transport, name, address, answers, measure, keep_from, usage)
    return None


def _board(
    transport: Transport,
    name: str,
    address: str,
    answers: list[Answer],
    measure: str,
    keep_from: KeepFrom,
    usage: Usage,
) -> Board:
    notes: list[SetAside] = []
    rows = [row for answer in answers for row in _rows(answer.body, FieldRow, name, notes)]
    board = Board(name, Roles.of(map(_field, rows), measure), clock=answers[0].clock, set_aside=notes)
    since = keep_from(board.clock)
    wanted = ",".join(one.id for one in board.roles.present().values())
    url = f"{address}/items?per_page={PER_PAGE}" + (f"&fields={wanted}" if wanted else "")
    for answer in _pages(transport, url, usage):
        for row in _rows(answer.body, CardRow, name, notes):
            card = _card(row, board.roles, since)
            if card is not None:
                board.add(card)
    return board


def _pages(transport: Transport, url: str | None, usage: Usage) -> Iterator[Answer]:
    seen = set()
    while url:
        seen.add(url)
        answer = one_page(transport, url, usage)
        yield answer
        url = answer.next_url
        if url in seen:
            raise TryAgain(f"{answer.place} names a page as the next one that was read already.")


def _rows(body: bytes, kind: type[Row], name: str, notes: list[SetAside]) -> list[Row]:
    try:
        return msgspec.json.decode(body, type=types.GenericAlias(list, (kind,)))
    except msgspec.ValidationError:
        pass
    found = []
    for raw in msgspec.json.decode(body, type=list[msgspec.Raw]):
        try:
            found.append(msgspec.json.decode(raw, type=kind))
        except msgspec.ValidationError as error:
            reason = f"A part of the project {name} cannot be read: {error}."
            notes.append(SetAside(external_id=None, reason=reason, excerpt=excerpt(bytes(raw), 200), whole=False))
    return found


def _field(row: FieldRow) -> Field:
    configuration = row.configuration or Configuration()
    closed = [msgspec.structs.replace(one, completed=True) for one in configuration.completed_iterations]
    return Field(
        name=row.name,
        kind=row.data_type,
        id=str(row.id),
        options=tuple(_words(option.name) for option in row.options or ()),
        iterations=tuple(_iteration(one) for one in (*configuration.iterations, *closed)),
    )


def _card(row: CardRow, roles: Roles, since: datetime | None) -> Card | None:
    content = row.content or {}
    key = key_of(str(content.get("url") or "")) if row.content_type == "Issue" else None
    if key is None:
        return None
    at = instant(row.updated_at)
    recent = since is None or at is None or at >= since
    whole = recent and all(name in content for name in WHOLE)
    values = {str(one.id): one.value for one in row.fields}
    return Card(key, _values(values, roles), at, msgspec.json.encode(content) if whole else None)


def _values(values: dict[str, Any], roles: Roles) -> Values:
    def of(role: Field | None) -> Any:
        return values.get(role.id) if role is not None else None

    status, sprint, estimate, due = of(roles.status), of(roles.sprint), of(roles.estimate), of(roles.due)
    try:
        iteration = _iteration(msgspec.convert(sprint, IterationRow)) if sprint else None
    except msgspec.ValidationError:
        iteration = None
    number = isinstance(estimate, int | float) and not isinstance(estimate, bool)
    return Values(
        status=(_words(status.get("name")) if isinstance(status, dict) else status if isinstance(status, str) else "")
        or None,
        iteration=iteration,
        estimate=float(estimate) if number else None,
        due_on=day(due),
    )


def _iteration(row: IterationRow) -> Iteration:
    return Iteration(row.id, _words(row.title) or row.id, day(row.start_date), row.duration, row.completed)


def _words(value: Any) -> str:
    if isinstance(value, Words):
        return value.raw
    if isinstance(value, dict):
        return str(value.get("raw") or "")
    return value if isinstance(value, str) else ""


def day(value: object) -> date | None:
    """The day of a date, with or without a time behind it. None where there is none."""
    try:
        return date.fromisoformat(value[:10]) if isinstance(value, str) else None
    except ValueError:
        return None
