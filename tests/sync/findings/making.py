"""Facts and stored rows for the tests of findings: usual ones, of which a test changes what it is about."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa

from config import Config
from store import fold, tables
from sync.facts import KeyResultFacts, MappingFacts, Part
from sync.findings import Hit, Unjudged, rules
from sync.findings.rule import Subject
from sync.findings.world import World

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
START, END = date(2026, 10, 1), date(2026, 12, 31)
METRIC = {"type": "number", "start": 0.0, "target": 10.0}


def config(**sections: Any) -> Config:
    return Config.model_validate(sections)


def key_result(key: str = "GROW.1", **given: Any) -> KeyResultFacts:
    """An active key result with one mapping and three counted items: one done, one in progress, one to do."""
    usual: dict[str, Any] = {
        "id": 1,
        "key": key,
        "title": "Conversion to 3 %",
        "objective_key": key.split(".", maxsplit=1)[0],
        "objective_title": "Grow",
        "objective_team": "product",
        "team": "commerce",
        "cycle_key": "2026-Q4",
        "cycle_start": START,
        "cycle_end": END,
        "definition": {"metric": METRIC, "value": "manual", "expected": "linear", "delivery": "expected"},
        "parts": (work(done=1, in_progress=1, todo=1),),
        "mappings": (mapping(),),
        "linked": 3,
        "live": 3,
    }
    return KeyResultFacts(**usual | given)


def bare(key: str = "GROW.1", **given: Any) -> KeyResultFacts:
    """A key result without any links."""
    return key_result(key, **{"parts": (), "mappings": (), "linked": 0, "live": 0} | given)


def work(done: int = 0, in_progress: int = 0, todo: int = 0) -> Part:
    total = done + in_progress + todo
    return Part(
        mapping_id=1,
        position=0,
        via="mapping",
        total=total,
        done=done,
        in_progress=in_progress,
        todo=todo,
        size_total=total,
        size_done=done,
        size_in_progress=in_progress,
    )


def mapping(position: int = 0, text: str = "epic SHOP-12 in jira", matched: int = 3, **given: Any) -> MappingFacts:
    return MappingFacts(mapping_id=position + 1, position=position, via="mapping", text=text, matched=matched, **given)


def find(
    code: str,
    *facts: KeyResultFacts,
    settings: Config | None = None,
    open_now: frozenset[Subject] = frozenset(),
    now: datetime = NOW,
) -> list[Hit | Unjudged]:
    """What a rule that reads only facts finds."""
    with sa.create_engine("sqlite://").connect() as conn:
        return list(rules()[code].find(World(conn, settings or config(), facts, now), open_now))


def found(code: str, *facts: KeyResultFacts, **given: Any) -> list[tuple[str, str | None, str]]:
    """Subject, reason and severity of what a rule finds, without those left unjudged."""
    return [(hit.subject, hit.reason, hit.severity) for hit in find(code, *facts, **given) if isinstance(hit, Hit)]


class Stored:
    """Writes rows of the store in few words and knows their ids."""

    def __init__(self, conn: sa.Connection) -> None:
        self.conn = conn

    def add(self, table: type[Any], **values: Any) -> int:
        statement = sa.insert(table.__table__).values(**values)
        return self.conn.execute(statement).inserted_primary_key[0]  # ty: ignore[not-subscriptable]

    def connection(self, name: str = "jira", **given: Any) -> int:
        values = {"kind": "jira", "archived": False, "last_ok_at": NOW - timedelta(minutes=5)} | given
        return self.add(tables.Connection, name=name, **values)

    def scope(self, connection_id: int, key: str = "SHOP", **given: Any) -> int:
        values = {
            "external_id": f"id of {key}",
            "name": key,
            "kind": "project",
            "url": f"https://jira.example/browse/{key}",
            "archived": False,
            "visible": True,
            "last_ok_at": NOW - timedelta(minutes=5),
        }
        return self.add(tables.Scope, connection_id=connection_id, key=key, key_folded=fold(key), **values | given)

    def item(self, scope_id: int, key: str, **given: Any) -> int:
        scope = tables.Scope.__table__
        connection_id = self.conn.execute(sa.select(scope.c.connection_id).where(scope.c.id == scope_id)).scalar_one()
        values = {
            "external_id": f"id of {key}",
            "key_folded": fold(key),
            "url": f"https://jira.example/browse/{key}",
            "title": f"Title of {key}",
            "title_folded": fold(f"Title of {key}"),
            "level": "issue",
            "state": "in_progress",
            "category": "in_progress",
            "self_reported": False,
            "parent_pending": False,
            "presence": "present",
            "content_hash": 0,
        }
        return self.add(tables.WorkItem, connection_id=connection_id, scope_id=scope_id, key=key, **values | given)

    def milestone(self, scope_id: int, title: str, *items: int, **given: Any) -> None:
        scope = tables.Scope.__table__
        connection_id = self.conn.execute(sa.select(scope.c.connection_id).where(scope.c.id == scope_id)).scalar_one()
        values = {
            "external_id": title,
            "kind": "milestone",
            "title": title,
            "title_folded": fold(title),
            "listed": True,
        }
        container_id = self.add(tables.Container, connection_id=connection_id, scope_id=scope_id, **values | given)
        for item_id in items:
            self.add(tables.WorkContainer, item_id=item_id, container_id=container_id)

    def cycle(self, key: str, start: date = START, end: date = END) -> int:
        """A cycle in UTC."""
        starts_at, ends_at = (datetime.combine(day, time(), UTC) for day in (start, end + timedelta(days=1)))
        return self.add(
            tables.Cycle, key=key, starts_on=start, ends_on=end, starts_at=starts_at, ends_at=ends_at, archived=False
        )

    def objective(self, key: str, cycle_id: int, **given: Any) -> int:
        values = {"title": "Grow", "kind": "committed", "position": 0, "archived": False}
        return self.add(tables.Objective, key=key, cycle_id=cycle_id, **values | given)

    def key_result(self, key: str, start: date = START, end: date = END, **given: Any) -> int:
        objective_id = self.objective(f"objective of {key}", self.cycle(f"cycle of {key}", start, end))
        values = {"title": key, "weight": 1.0, "position": 0, "definition": {}, "archived": False}
        return self.add(tables.KeyResult, key=key, objective_id=objective_id, **values | given)

    def source(self, key_result_id: int | None, via: str = "mapping") -> int:
        return self.add(
            tables.Mapping, key_result_id=key_result_id, via=via, position=0, text="work", selector={}, matched=1
        )

    def link(self, key_result_id: int, *items: int, **given: Any) -> None:
        mapping_id = self.source(key_result_id)
        values = {"direct": True, "role": "counted", "counted": True, "imputed": False, "state": "in_progress"}
        for item_id in items:
            self.add(tables.Link, key_result_id=key_result_id, item_id=item_id, mapping_id=mapping_id, **values | given)

    def intend(self, *items: int) -> None:
        mapping_id = self.source(None, "intentional")
        for item_id in items:
            self.add(tables.Match, mapping_id=mapping_id, item_id=item_id, direct=True)
