"""A program that reads a simulated tool and writes back to it, with a clock that waits move on."""

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal, cast

import sqlalchemy as sa

import store
from config import Config, Conventions
from connectors.base import Connector, Context
from connectors.registry import connector
from simulator import GitHubSite, JiraSite, serve
from store import tables
from sync.engine import SyncResult, sync
from sync.write_back import WroteBack, write_back

START = datetime(2026, 11, 24, 12, tzinfo=UTC)
FORMS = (
    "github comment",
    "github label",
    "cloud property",
    "cloud comment",
    "datacenter property",
    "datacenter comment",
)
Site = GitHubSite | JiraSite


@dataclass
class Clock:
    """The tool's clock and ours."""

    now: datetime = START
    slept: float = 0.0

    def __call__(self) -> datetime:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept += seconds
        self.now += timedelta(seconds=seconds)

    def tick(self, **span: float) -> None:
        """Time passes."""
        self.now += timedelta(**span)


@dataclass
class Desk:
    """One connection, `tool`, whose scope is `merlo/shop` or `SHOP`. `sections` are those of the configuration."""

    engine: sa.Engine
    site: Site
    url: str
    form: str
    clock: Clock
    sections: dict[str, Any]
    stop: threading.Event = field(default_factory=threading.Event)
    allowed: tuple[str, ...] = ("*",)
    written: bool = True

    def __post_init__(self) -> None:
        kind = connector(self.kind)
        context = Context(now=self.clock, stop=self.stop, sleep=self.clock.sleep)
        self.connector: Connector = kind("tool", self.config.connections["tool"], Conventions(), "count", context)

    @property
    def kind(self) -> str:
        return "github" if isinstance(self.site, GitHubSite) else "jira"

    @property
    def config(self) -> Config:
        options: dict[str, Any] = {"kind": self.kind, "url": self.url, "write_back": list(self.allowed)}
        if isinstance(self.site, GitHubSite):
            options |= {"auth": {"token": "github-token"}, "repositories": ["merlo/*"]}
        else:
            auth = {"email": self.site.email} if self.site.cloud else {}
            options |= {"auth": {**auth, "token": self.site.token}, "projects": ["SHOP", "PLAT"]}
        model = connector(self.kind).options_model.model_validate(options)
        wanted = {self.kind: self.form} if self.written else {}
        return Config.model_validate({"connections": {"tool": model}, "write_back": wanted, **self.sections})

    def sync(self, **options: Any) -> SyncResult:
        return sync(
            self.engine, self.config, {"tool": self.connector}, now=self.clock, stop=threading.Event(), **options
        )

    def write(self, **options: Any) -> WroteBack:
        return write_back(self.engine, self.config, "tool", self.connector, now=self.clock, stop=self.stop, **options)

    def begin(self) -> None:
        """Reads everything, and looks at what would be written."""
        self.sync()
        self.clock.tick(minutes=1)
        assert self.write(dry_run=True).error is None

    def writings(self) -> list[str]:
        """The requests that changed something, since this was asked last."""
        found = [
            f"{one.method} {one.path}"
            for one in self.site.requests
            if one.method != "GET"
            and not one.path.endswith(("/search/jql", "/bulkfetch", "/approximate-count", "/search"))
        ]
        self.site.requests.clear()
        return found

    def shown(self) -> dict[str, Any]:
        """What stands at each issue of the site by our hand: the comment, the names of our labels, or the property."""
        found = {key: self._shown(key) for key in self.site.keys()}  # noqa: SIM118 - a method of the site
        return {key: one for key, one in found.items() if one}

    def _shown(self, key: str) -> Any:
        if isinstance(self.site, JiraSite):
            issue = self.site.find(key)
            assert issue is not None
            return (
                issue.properties.get("northing") if self.form == "property" else [one["body"] for one in issue.comments]
            )
        if self.form == "label":
            return [one["name"] for one in self.site.issue(key)["labels"] if one["name"].startswith("northing:")]
        return [one["body"] for one in self.site.find(key).comments]

    def rows(self, table: type[tables.Row], *leave_out: str) -> list[dict[str, Any]]:
        columns = [column for column in table.__table__.c if column.name not in leave_out]
        with self.engine.connect() as conn:
            return [row._asdict() for row in conn.execute(sa.select(*columns).order_by(*table.__table__.primary_key))]

    def numbers(self) -> dict[str, Any]:
        """All that is measured and found, but when that was, and all that is known of the work."""
        return {
            "measures": self.rows(tables.Measure, "measured_at"),
            "findings": self.rows(tables.Finding, "last_seen_at"),
            "links": self.rows(tables.Link),
            "tallies": self.rows(tables.Tally),
            "items": self.rows(tables.WorkItem),
            "changes": self.rows(tables.WorkChange),
            "words": self.rows(tables.WorkTag),
        }

    def lose(self, empty: Path) -> None:
        """The database, a file of SQLite, is lost: a new one stands in its place."""
        self.engine.dispose()
        file = Path(str(self.engine.url.database))
        for name in ("-wal", "-shm"):
            file.with_name(file.name + name).unlink(missing_ok=True)
        file.write_bytes(empty.read_bytes())

    def close(self) -> None:
        self.connector.close()
        self.engine.dispose()


def site_of(what: str, clock: Clock) -> Site:
    """An empty site of `github`, `cloud` or `datacenter` with a scope."""
    if what == "github":
        site = GitHubSite(now=clock)
        site.add_repository("merlo/shop")
        return site
    jira = JiraSite(cast("Literal['cloud', 'datacenter']", what), now=clock)
    jira.add_project("SHOP", "Shop")
    return jira


def sections(*mappings: dict[str, Any], end: str = "2026-12-31") -> dict[str, Any]:
    """Two key results of a running cycle, and one of a past one; work is linked by the label `kr:KEY`, too."""
    key_results = [
        {"key": "GROW.1", "title": "Conversion to 3.0 % for @dana #12", "value": {"from": "delivery"}},
        {"key": "GROW.2", "title": "One-click payment", "value": {"from": "delivery"}},
    ]
    return {
        "cycles": [
            {"key": "Q4", "start": "2026-10-01", "end": end},
            {"key": "Q3", "start": "2026-07-01", "end": "2026-09-30"},
        ],
        "objectives": [
            {"key": "GROW", "title": "Grow", "cycle": "Q4", "key_results": key_results},
            {"key": "OLD", "title": "Old", "cycle": "Q3", "key_results": [{"key": "OLD.1", "title": "Past"}]},
        ],
        "mappings": list(mappings),
        "conventions": {"label": "kr:{key}"},
    }


@contextmanager
def desk(
    url: str, what: str, fill: Callable[[Site], None], config: dict[str, Any] | None = None, **options: Any
) -> Generator[Desk]:
    """A program over a migrated database; `what` is one of `FORMS`, `fill` puts work into the site."""
    tool, form = what.split()
    clock = Clock(START - timedelta(days=30))
    site = site_of(tool, clock)
    fill(site)
    clock.now = START
    with serve(site) as running:
        made = Desk(store.connect(url), site, running.url_of(site), form, clock, config or sections(), **options)
        try:
            yield made
        finally:
            made.close()


def shop(site: Site) -> None:
    """An epic of GROW.1 with two children, a story of GROW.1 and GROW.2, a done one, and one of a past cycle."""
    add = adding(site)
    epic = add("Checkout", epic=True, labels=["kr:GROW.1"])
    add("Wallet", parent=epic, labels=["kr:GROW.1"])
    add("Address", parent=epic)
    add("Payment", labels=["kr:GROW.1", "kr:GROW.2"])
    done = add("Old payment", labels=["kr:GROW.2"])
    site.close(done)
    add("Past", labels=["kr:OLD.1"])


def adding(site: Site) -> Callable[..., str]:
    """Adds an issue to the scope of a site of either tool; gives its key."""

    def add(title: str, *, epic: bool = False, parent: str | None = None, labels: list[str] | None = None) -> str:
        words = [*(labels or []), *(["epic"] if epic and isinstance(site, GitHubSite) else [])]
        if isinstance(site, GitHubSite):
            return site.add_issue("merlo/shop", title, labels=words, parent=parent)
        return site.add_issue("SHOP", title, "Epic" if epic else "Story", parent=parent, labels=words)

    return add


def key(site: Site, number: int) -> str:
    """The key of an issue by its number."""
    return f"merlo/shop#{number}" if isinstance(site, GitHubSite) else f"SHOP-{number}"
