"""The connector of kind `jira`: one Jira site, Cloud or Data Center."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import ClassVar

from config import ConnectionOptions, Conventions
from connectors.answers import ABSENT
from connectors.base import Check, Context, Listing, Reading, Usage
from connectors.errors import Refused, SourceError
from connectors.jira import doctor, totals
from connectors.jira.cloud import CloudIssues
from connectors.jira.containers import ContainerReader
from connectors.jira.control import Control, ServerInfo
from connectors.jira.datacenter import DataCenterIssues
from connectors.jira.door import Door
from connectors.jira.expiry import credentials_end_at
from connectors.jira.fields import Field, FieldMap, discover, named
from connectors.jira.gateway import is_gateway
from connectors.jira.history import HistoryReader, Statuses
from connectors.jira.options import JiraOptions, matches
from connectors.jira.parse import IssueReader
from connectors.jira.writing import Writer
from connectors.records import Category, Containers, Looked, Page, Ref, Scope
from connectors.transport import Transport
from connectors.writing import Put, Standing, Touched

CLOUD_OVERLAP = timedelta(minutes=10)
"""Cloud's search index lags behind by up to minutes."""
DATA_CENTER_OVERLAP = timedelta(minutes=2)


@dataclass(frozen=True)
class Site:
    """What a site tells of itself: read once a run."""

    info: ServerInfo
    url: str
    fields: FieldMap
    statuses: Statuses


class Jira:
    """See `connectors.base.Connector`. Reads one site with one account."""

    kind: ClassVar[str] = "jira"
    conditional: ClassVar[bool] = False
    options_model: ClassVar[type[ConnectionOptions]] = JiraOptions

    def __init__(
        self, name: str, options: JiraOptions, conventions: Conventions, measure: str, context: Context
    ) -> None:
        self.name = name
        self._options = options
        self._conventions = conventions
        self._measure = measure
        self._lock = threading.RLock()
        self._known: Site | None = None
        self._estimated: dict[str, tuple[str, ...]] = {}
        self._door = Door(name, options, context)

    @property
    def overlap(self) -> timedelta:
        """Ten minutes on Cloud, and until the site has said what it is; two on Data Center."""
        return CLOUD_OVERLAP if self._known is None or self._known.info.cloud else DATA_CENTER_OVERLAP

    def doctor(self) -> list[Check]:
        return doctor.checks(self._options, self._door, self.site)

    def scopes(self) -> Listing:
        """The projects that match, and the keys and globs that match none.

        The account is asked for first: to an unknown one Jira shows no projects at all.
        """
        control = self._door.check().control
        with self._lock:
            self._known = None
        site, projects, wanted = self.site(), control.projects(), self._options.projects
        scopes = [
            Scope(
                external_id=str(one.id),
                key=one.key,
                name=one.name or one.key,
                kind="project",
                url=f"{site.url}/browse/{one.key}",
                archived=one.archived,
            )
            for one in projects
            if matches(one.key, wanted)
        ]
        refused: list[tuple[str, SourceError]] = [
            (pattern, _unseen(pattern)) for pattern in wanted if not any(matches(one.key, (pattern,)) for one in scopes)
        ]
        ends = credentials_end_at(self._options, self._door, cloud=site.info.cloud)
        return Listing(scopes, refused, ends).unless_empty()

    def containers(self, scope: Scope, validators: dict[str, str], usage: Usage) -> Containers:
        return self._container_reader(self.site()).read(scope, usage)

    def items(self, scope: Scope, reading: Reading, usage: Usage) -> Iterator[Page]:
        site = self.site()
        if reading.since is None:
            site.statuses.ask_ahead()
        fields = self._fields(site, scope, usage, afresh=reading.since is None)
        return self._issues(site, fields).pages(scope, reading, usage)

    def _issues(self, site: Site, fields: FieldMap | None = None) -> CloudIssues | DataCenterIssues:
        reader = IssueReader(
            fields or site.fields, site=site.url, trailer=self._conventions.trailer, agile=not site.info.cloud
        )
        history = HistoryReader(fields or site.fields, site.statuses)
        return (CloudIssues if site.info.cloud else DataCenterIssues)(self._transport, reader, history)

    def _fields(self, site: Site, scope: Scope, usage: Usage, *, afresh: bool = False) -> FieldMap:
        """The site's fields, with those that the project's boards estimate with where only these tell.

        The boards are asked once, and again at each full reading (`afresh`).
        """
        if not site.fields.boards_tell:
            return site.fields
        if afresh or scope.external_id not in self._estimated:
            found = self._container_reader(site).estimation_fields(scope, usage)
            self._estimated[scope.external_id] = tuple(found)
        told = self._estimated[scope.external_id]
        return replace(site.fields, estimate=tuple(dict.fromkeys(told + site.fields.estimate)))

    def ids(self, scope: Scope, usage: Usage) -> Iterator[dict[str, Category]] | None:
        """None for an archived project: searches do not find its issues, though they are there."""
        if scope.archived:
            return None
        return self._issues(self.site()).listing(scope, usage)

    def look(self, scope: Scope, refs: Sequence[Ref], usage: Usage) -> Looked:
        """Never tells `deleted`: Jira answers alike for what is deleted and for what is hidden.

        Raises Refused where the project cannot be browsed: all its issues look as if they were gone then.
        """
        self._readable(scope)
        site = self.site()
        return self._issues(site, self._fields(site, scope, usage)).look(
            scope, [one.external_id for one in refs], usage
        )

    def _readable(self, scope: Scope) -> None:
        control = self._control()
        try:
            control.project(scope.external_id)
        except Refused as error:
            if error.status not in ABSENT:
                raise
            raise _unseen(scope.key) from error
        if not control.may_browse(scope.key):
            raise _unseen(scope.key)

    def matching(self, query: str, usage: Usage) -> set[str]:
        return self._issues(self.site()).matching(query, usage)

    def total(self, query: str, field: str, usage: Usage) -> float:
        """The sum of a numeric field (name or id; `points`: the estimate) over the issues that a query matches."""
        site = self.site()
        ids = site.fields.estimate if field == "points" else named(self._control().fields(), field)
        if not ids:
            raise Refused(f"No field is called {field!r} in {self.name}.", advice="Give a field's name or id.")
        return totals.total(self._issues(site).rows(query, ids, usage), ids, field)

    def draft(self, form: str, standings: Sequence[Standing]) -> str | None:
        return self._writer().draft(form, standings)

    def shared(self, form: str, standings: Sequence[Standing]) -> dict[str, str]:
        """Nothing: issues share nothing."""
        return {}

    def touched(self, scope: Scope, ref: Ref, usage: Usage) -> Touched | None:
        return self._writer().touched(scope, ref, usage)

    def put(self, form: str, scope: Scope, ref: Ref, content: str | None, known: str | None, usage: Usage) -> Put:
        return self._writer().put(form, ref, content, known, usage)

    def put_shared(self, form: str, scope: Scope, name: str, content: str | None, usage: Usage) -> bool:
        """False: there is nothing of the kind."""
        return False

    def write_checks(self, form: str, scopes: Sequence[Scope], usage: Usage) -> list[Check]:
        return self._writer().write_checks(form, scopes)

    def _writer(self) -> Writer:
        access = self._door.open()
        return Writer(access.transport, access.control, cloud=self.site().info.cloud)

    def close(self) -> None:
        self._door.close()

    def site(self) -> Site:
        """What the site tells of itself; asked for once until `scopes` is called. Raises SourceError."""
        with self._lock:
            if self._known is None:
                self._known = self._look()
            return self._known

    def _look(self) -> Site:
        control = self._control()
        info = control.server_info()
        known = control.fields()
        if not known:
            # A site that does not tell its fields has those that the configuration names by id.
            names = (self._options.estimate, self._measure, self._conventions.field)
            known = [Field(id=name) for name in names if name and name.startswith("customfield_")]
        fields = discover(
            known,
            estimate=self._options.estimate,
            measure=self._measure,
            key_result=self._conventions.field,
        )
        # Behind Atlassian's API gateway the address that people open is another one.
        told = info.base_url if is_gateway(self._options.url) else None
        url = self._door.open().site or told or self._options.url
        return Site(info, url.rstrip("/"), fields, Statuses(control.statuses))

    def _control(self) -> Control:
        return self._door.open().control

    @property
    def _transport(self) -> Transport:
        return self._door.open().transport

    def _container_reader(self, site: Site) -> ContainerReader:
        return ContainerReader(self._transport, site=site.url, boards=self._options.boards)


def _unseen(pattern: str) -> Refused:
    return Refused(
        f"No project {pattern} is visible: there is none, or the account may not browse it.",
        advice="Check the key, and grant the account `Browse projects` there.",
        status=404,
    )
