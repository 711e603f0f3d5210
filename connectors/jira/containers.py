"""Versions and sprints of a project."""

from collections.abc import Callable, Iterator

import msgspec

from connectors import text
from connectors.answers import ABSENT
from connectors.base import Usage
from connectors.errors import Refused, TryAgain
from connectors.jira.values import Id
from connectors.records import Container, Containers, Scope, SetAside
from connectors.transport import Transport

BOARDS = "/rest/agile/1.0/board"
ROWS_A_PAGE = 50
NOT_READABLE = ABSENT | {401, 403}


class Version(msgspec.Struct):
    id: Id
    name: str
    released: bool | None = None
    archived: bool | None = None
    start: str | None = msgspec.field(default=None, name="startDate")
    release: str | None = msgspec.field(default=None, name="releaseDate")


class Sprint(msgspec.Struct):
    id: Id
    name: str
    state: str | None = None
    start: str | None = msgspec.field(default=None, name="startDate")
    end: str | None = msgspec.field(default=None, name="endDate")
    complete: str | None = msgspec.field(default=None, name="completeDate")
    board: Id | None = msgspec.field(default=None, name="originBoardId")


class Board(msgspec.Struct):
    id: Id
    type: str | None = None


class Estimation(msgspec.Struct):
    field: dict[str, str] | None = None


class _Configuration(msgspec.Struct):
    estimation: Estimation | None = None


class _Rows(msgspec.Struct):
    values: list[msgspec.Raw]
    last: bool | None = msgspec.field(default=None, name="isLast")
    total: int | None = None


class ContainerReader:
    """Reads a site's versions and sprints. `site`: the URL that people see. `boards`: as the user wrote it."""

    def __init__(self, transport: Transport, *, site: str, boards: bool | None) -> None:
        self._transport = transport
        self._site = site.rstrip("/")
        self._boards = boards

    def read(self, scope: Scope, usage: Usage) -> Containers:
        """All versions and sprints of the project. Where the site has no versions, a note says so.

        Raises Refused where boards were asked for and the account may not read them; where nothing was said about
        boards, there are then no sprints.
        """
        found = Containers(containers=[])
        _read(self._versions(scope, found, usage), Version, lambda one: self._version(one, scope), found)
        if self._boards is not False:
            try:
                self._sprints(scope, found, usage)
            except Refused as error:
                if self._boards or error.status not in NOT_READABLE:
                    raise
        return found

    def estimation_fields(self, scope: Scope, usage: Usage) -> list[str]:
        """Ids of the fields that the project's boards estimate with. Empty where boards cannot be read."""
        found = []
        try:
            for board in self._boards_of(scope, [], usage):
                path = f"{BOARDS}/{board.id}/configuration"
                _, told = self._transport.get_json(path, into=_Configuration, usage=usage)
                if told.estimation and told.estimation.field and (name := told.estimation.field.get("fieldId")):
                    found.append(name)
        except Refused as error:
            if error.status not in (400, *NOT_READABLE):
                raise
        return list(dict.fromkeys(found))

    def _versions(self, scope: Scope, found: Containers, usage: Usage) -> list[msgspec.Raw]:
        for number in (2, 3):  # the third version of the API is Cloud's, and a site may have only that
            path = f"/rest/api/{number}/project/{scope.key}/versions"
            try:
                return self._transport.get_json(path, into=list[msgspec.Raw], usage=usage)[1]
            except Refused as error:
                if error.status not in ABSENT:
                    raise
                absent = error
        # Nothing is known of any, which is not the same as that there are none: what was read before stays.
        note = SetAside(external_id=None, reason=f"Versions cannot be read. {absent}", excerpt="", whole=False)
        found.set_aside.append(note)
        return []

    def _version(self, one: Version, scope: Scope) -> Container:
        return Container(
            external_id=str(one.id),
            kind="version",
            title=one.name,
            state="archived" if one.archived else "released" if one.released else "unreleased",
            scope=scope.external_id,
            url=f"{self._site}/projects/{scope.key}/versions/{one.id}",
            starts_on=text.day(one.start),
            due_on=text.day(one.release),
        )

    def _sprint(self, one: Sprint) -> Container:
        board = "" if one.board is None else f"{self._site}/secure/RapidBoard.jspa?rapidView={one.board}"
        return Container(
            external_id=str(one.id),
            kind="sprint",
            title=one.name,
            state=(one.state or "").lower(),
            url=board or None,
            starts_on=text.day(one.start),
            due_on=text.day(one.end),
            closed_at=text.instant(one.complete),
        )

    def _sprints(self, scope: Scope, found: Containers, usage: Usage) -> None:
        known: set[str] = set()

        def once(one: Sprint) -> Container | None:
            if str(one.id) in known:
                return None
            known.add(str(one.id))
            return self._sprint(one)

        for board in self._boards_of(scope, found.set_aside, usage):
            if board.type == "kanban":
                continue
            try:
                for rows in self._paged(f"{BOARDS}/{board.id}/sprint", {}, usage):
                    _read(rows, Sprint, once, found)
            except Refused as error:
                # 400: a board without sprints. It may also be gone by now, and then only this one matters.
                if error.status != 400 and (self._boards or error.status not in ABSENT):
                    raise

    def _boards_of(self, scope: Scope, notes: list[SetAside], usage: Usage) -> list[Board]:
        found = Containers(containers=[])
        boards: list[Board] = []
        for rows in self._paged(BOARDS, {"projectKeyOrId": scope.key}, usage):
            _read(rows, Board, boards.append, found)
        notes += found.set_aside
        return boards

    def _paged(self, path: str, params: dict[str, str], usage: Usage) -> Iterator[list[msgspec.Raw]]:
        at, before = 0, None
        while True:
            asked = {**params, "startAt": at, "maxResults": ROWS_A_PAGE}
            _, page = self._transport.get_json(path, params=asked, into=_Rows, usage=usage)
            if page.values and page.values == before:
                raise TryAgain(f"{path} gave the same rows again from {at} on, and would never end")
            yield page.values
            at, before = at + len(page.values), page.values
            if page.last or (page.total is not None and at >= page.total):
                return
            if not page.values:
                if page.last is None and page.total is None:
                    return
                raise TryAgain(f"{path} gave no rows from {at} on, although there are more")


def _read(rows: list[msgspec.Raw], into: type, record: Callable[..., Container | None], found: Containers) -> None:
    for row in rows:
        try:
            one = record(msgspec.json.decode(row, type=into))
        except msgspec.ValidationError as error:
            note = SetAside(external_id=None, reason=f"{into.__name__}: {error}", excerpt=text.excerpt(bytes(row)))
            found.set_aside.append(note)
        else:
            if one is not None:
                found.containers.append(one)
