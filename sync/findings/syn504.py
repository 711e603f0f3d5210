"""SYN504: records set aside."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from store.tables import Quarantine
from sync.findings.rule import Hit, Rule, Subject, Unjudged, counted
from sync.findings.world import World

SHOWN = 20


def _find(world: World, _open: frozenset[Subject]) -> Iterator[Hit | Unjudged]:
    table = Quarantine.__table__
    by_scope: dict[int, list[Any]] = defaultdict(list)
    for row in world.conn.execute(sa.select(table).order_by(table.c.external_id, table.c.reason)):
        by_scope[row.scope_id].append(row)
    for scope in world.scopes:
        rows = by_scope[scope.id]
        if not rows:
            continue
        whole = sum(1 for row in rows if row.whole)
        yield Hit(
            subject_kind="scope",
            subject=scope.subject,
            severity=RULE.severity,
            summary=(
                f"{counted(len(rows), 'record')} of {scope.key} set aside, "
                f"{_extent(whole, len(rows))}: {_told(rows[0])}"
            ),
            evidence={
                "connection": scope.connection.name,
                "count": len(rows),
                "whole": whole,
                "records": [_told(row) for row in rows[:SHOWN]],
            },
        )


def _extent(whole: int, of: int) -> str:
    return "whole" if whole == of else "in part" if whole == 0 else f"{whole} of them whole"


def _told(row: Any) -> str:
    """A record's reason, after its id where it has one."""
    return f"{row.external_id.strip()}: {row.reason}" if row.external_id else row.reason


RULE = Rule(
    code="SYN504",
    severity="warning",
    finds="Records of a project or repository that could not be read, whole or in part.",
    why="What was set aside is not counted. A few odd records change little; many of a kind mean that a tool changed.",
    computed=(
        "All records of the scope that are set aside at present, one finding for each scope, with up to 20 of them and"
        " why. A record leaves as soon as it reads well again."
    ),
    ends="Every record of the scope reads well, or is gone.",
    find=_find,
)
