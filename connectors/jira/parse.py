"""From Jira's JSON to records. Pure: no clock, no network."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import msgspec

from connectors import text
from connectors.errors import TryAgain
from connectors.jira import values
from connectors.jira.fields import FieldMap
from connectors.jira.values import Id, Link, Reference, User
from connectors.records import Category, ContainerRef, Item, Level, SetAside

KeyResults = tuple[tuple[Literal["trailer", "field"], str], ...]

_CATEGORIES: dict[str | None, Category] = {"indeterminate": "in_progress", "done": "done"}


class Named(msgspec.Struct, gc=False):
    """Anything with a name: resolution, component."""

    name: str | None = None


class StatusCategory(msgspec.Struct, gc=False):
    key: str | None = None


class Status(msgspec.Struct, gc=False):
    name: str | None = None
    category: StatusCategory | None = msgspec.field(default=None, name="statusCategory")


def category_of(status: Status | None) -> Category:
    """What Jira counts a status as. "No category" is to do, and so is what has no status at all."""
    return "todo" if status is None or status.category is None else _CATEGORIES.get(status.category.key, "todo")


class IssueType(msgspec.Struct, gc=False):
    name: str | None = None
    subtask: bool | None = None
    level: int | None = msgspec.field(default=None, name="hierarchyLevel")


class Version(msgspec.Struct, gc=False):
    id: Id
    name: str | None = None


class Fields(msgspec.Struct, gc=False):
    """The system fields that are read, by Jira's names."""

    summary: str | None = None
    status: Status | None = None
    issuetype: IssueType | None = None
    project: Reference | None = None
    parent: Reference | None = None
    resolution: Named | None = None
    resolutiondate: str | None = None
    created: str | None = None
    updated: str | None = None
    duedate: str | None = None
    labels: list[str] | None = None
    components: list[Named] | None = None
    fix_versions: list[Version] | None = msgspec.field(default=None, name="fixVersions")
    assignee: User | None = None
    issuelinks: list[Link] | None = None


AGILE = ("epic", "sprint", "closedSprints")
_ATTRIBUTES = {one.encode_name: one.name for one in msgspec.structs.fields(Fields)}


class _Handle(msgspec.Struct, gc=False):
    id: Id | None = None
    key: str | None = None


class _StatusOnly(msgspec.Struct, gc=False):
    status: Status | None = None


class _Brief(msgspec.Struct, gc=False):
    id: Id
    fields: _StatusOnly


@dataclass
class Read:
    """What became of a page's rows. `ids` are those of all rows in order, None where a row does not tell.

    `changelogs` are those inside the issues, one for each item, empty where there is none.
    """

    items: list[Item] = field(default_factory=list)
    set_aside: list[SetAside] = field(default_factory=list)
    ids: list[str | None] = field(default_factory=list)
    changelogs: list[msgspec.Raw] = field(default_factory=list)


class IssueReader:
    """Reads issues of one site into items.

    `site`: the URL below which `/browse/KEY` shows an issue. `trailer`: the name of a line in the description, None
    where descriptions are not read. `agile`: whether the agile API's own names are asked for, too (Data Center).
    """

    def __init__(self, fields: FieldMap, *, site: str, trailer: str | None = None, agile: bool = False) -> None:
        self._site = site.rstrip("/")
        self._trailer = text.Trailer(trailer) if trailer else None
        self._fields = fields
        extra = [*fields.ids, *(AGILE if agile else ()), *(["description"] if trailer else [])]
        extra = [one for one in dict.fromkeys(extra) if one not in _ATTRIBUTES]
        names = _ATTRIBUTES | {one: f"extra_{index}" for index, one in enumerate(extra)}
        self.names = list(names)
        """The fields to ask for."""
        row = msgspec.defstruct(
            "FieldsHere",
            [(names[one], Any, msgspec.field(default=None, name=one)) for one in extra],
            bases=(Fields,),
            gc=False,
        )
        log = ("changelog", msgspec.Raw, msgspec.Raw())
        issue: Any = msgspec.defstruct("Issue", [("id", Id), ("key", str), ("fields", row), log], gc=False)
        self._decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(issue)
        self._handle = msgspec.json.Decoder(_Handle)

        def role(ids: Iterable[str]) -> tuple[str, ...]:
            return tuple(names[one] for one in ids if one in names)

        self._estimate, self._sprint = role(fields.estimate), role(fields.sprint)
        self._epic_link, self._epic_name = role(fields.epic_link), role(fields.epic_name)
        self._parent_link, self._team, self._key_result = (
            role(fields.parent_link),
            role(fields.team),
            role(fields.key_result),
        )
        self._target_end = role(fields.target_end)
        self._epic, self._agile_sprints = role(AGILE[:1]), role(AGILE[1:])
        self._description = names.get("description", "")

    def read(self, rows: Sequence[bytes | msgspec.Raw], scope: str, *, anywhere: bool = False) -> Read:
        """The items of `rows` (JSON, clean) that belong to the project with id `scope`, and what could not be read.

        `anywhere`: those of other projects, too, each with the id of its own project as scope.
        """
        found = Read()
        for row in rows:
            try:
                issue = self._decoder.decode(row)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                handle = self._named(row)
                found.ids.append(handle)
                note = SetAside(external_id=handle, reason=str(error), excerpt=text.excerpt(bytes(row)))
                found.set_aside.append(note)
                continue
            found.ids.append(str(issue.id))
            project = issue.fields.project
            here = scope if project is None or project.id is None else str(project.id)
            if anywhere or here == scope:  # else it moved away meanwhile
                found.items.append(self._item(issue, here, found.set_aside))
                found.changelogs.append(issue.changelog)
        return found

    def _named(self, row: bytes | msgspec.Raw) -> str | None:
        try:
            handle = self._handle.decode(row)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None
        return None if handle.id is None else str(handle.id)

    def _item(self, issue: Any, scope: str, notes: list[SetAside]) -> Item:
        row, issue_id = issue.fields, str(issue.id)
        status, kind = row.status, row.issuetype
        parent = self._parent(row)

        def moment(name: str, value: str | None) -> datetime | None:
            at = text.instant(value)
            if at is None and value:
                reason = f"`{name}` is no instant of the calendar and was left out"
                notes.append(SetAside(external_id=issue_id, reason=reason, excerpt=text.excerpt(value), whole=False))
            return at

        due = text.day(row.duedate) if row.duedate else None
        if due is None and row.duedate:
            reason = "`duedate` is no day of the calendar and was left out"
            notes.append(SetAside(external_id=issue_id, reason=reason, excerpt=text.excerpt(row.duedate), whole=False))
        if due is None and self._target_end:
            due = text.day(values.first(values.word, row, self._target_end))
        return Item(
            external_id=issue_id,
            key=issue.key,
            scope=scope,
            url=f"{self._site}/browse/{issue.key}",
            title=row.summary or issue.key,
            category=category_of(status),
            status=None if status is None else status.name,
            resolution=None if row.resolution is None else row.resolution.name,
            type=None if kind is None else kind.name,
            level=self._level(kind, row),
            parent_id=None if parent is None or parent.id is None else str(parent.id),
            parent_key=None if parent is None else parent.key,
            estimate=values.first(values.number, row, self._estimate),
            team=values.first(values.team, row, self._team),
            labels=tuple(dict.fromkeys(row.labels)) if row.labels else (),
            components=values.distinct([one.name for one in row.components]) if row.components else (),
            assignees=() if row.assignee is None else values.people(row.assignee),
            containers=self._containers(row),
            key_results=self._key_results(row) if self._key_result or self._description else (),
            blocked_by=values.blockers(row.issuelinks) if row.issuelinks else (),
            created_at=moment("created", row.created),
            closed_at=moment("resolutiondate", row.resolutiondate) if row.resolutiondate else None,
            updated_at=moment("updated", row.updated),
            due_on=due,
        )

    def _level(self, kind: IssueType | None, row: Any) -> Level | None:
        if kind is not None and kind.subtask:
            return "subtask"
        if kind is not None and kind.level is not None:
            return "subtask" if kind.level < 0 else ("issue", "epic", "initiative")[min(kind.level, 2)]
        # Data Center tells no levels, but only epics have an epic name, whatever the type is called.
        return "epic" if values.first(values.word, row, self._epic_name) else None

    def _parent(self, row: Any) -> Reference | None:
        if row.parent is not None and (row.parent.id is not None or row.parent.key):
            return row.parent
        for name in (*self._epic, *self._epic_link, *self._parent_link):
            if (found := values.reference(getattr(row, name))) is not None:
                return Reference(*found)
        return None

    def _containers(self, row: Any) -> tuple[ContainerRef, ...]:
        found = {}
        for one in row.fix_versions or ():
            version = ContainerRef(external_id=str(one.id), kind="version", title=one.name or str(one.id))
            found["version", version.external_id] = version
        for name in (*self._sprint, *self._agile_sprints):
            for number, title in values.sprints(getattr(row, name)):
                found["sprint", number] = ContainerRef(external_id=number, kind="sprint", title=title)
        return tuple(found.values())

    def _key_results(self, row: Any) -> KeyResults:
        found: list[tuple[Literal["trailer", "field"], str]] = []
        if self._trailer and (body := getattr(row, self._description, None)):
            found += [("trailer", one) for one in self._trailer.values(values.plain(body))]
        for name in self._key_result:
            found += [("field", one) for one in values.words(getattr(row, name))]
        return tuple(dict.fromkeys(found))


class CategoryReader:
    """Reads the id and the category of issues of which only the status was asked for."""

    def __init__(self) -> None:
        self._decoder = msgspec.json.Decoder(_Brief)

    def read(self, row: msgspec.Raw) -> tuple[str, Category]:
        """Raises TryAgain where the row does not tell its id: then nothing can be said of what is not listed."""
        try:
            brief = self._decoder.decode(row)
        except msgspec.DecodeError as error:
            raise TryAgain(f"An issue that was listed cannot be read ({error})") from error
        return str(brief.id), category_of(brief.fields.status)
