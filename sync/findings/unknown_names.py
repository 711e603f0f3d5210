"""Labels, lines and fields of the conventions that name no key result: a typing error that links nothing."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import sqlalchemy as sa

from config.problems import nearest, shown
from store import fold
from sync.findings.rule import Hit, Severity, Unjudged, counted, listed
from sync.findings.running import SHOWN, chunked, is_open
from sync.findings.world import World

COMPARED = 10
"""Names for which the nearest key is looked for, those on most items: comparing each with all keys takes long."""
NOTHING = re.compile(r"\W*|none|n/?a", re.IGNORECASE)
"""What people write who say that no key result is meant."""

BEARERS = f"""
    SELECT t.tag_id, i.id, i.key, i.scope_id, o.key AS team
    FROM work_tag t JOIN work_item i ON i.id = t.item_id LEFT JOIN team o ON o.id = i.team_id
    WHERE t.tag_id IN :ids AND i.presence = 'present' AND {is_open("i")} ORDER BY i.id
"""


@dataclass
class _Name:
    """One name as it is first written (`kr:GROW.99`), its folded key, the open items that bear it, their teams."""

    subject: str
    key: str
    items: dict[int, str] = field(default_factory=dict)
    teams: set[str | None] = field(default_factory=set)
    unread: bool = False


@dataclass(frozen=True)
class _Keys:
    """Folded keys: those of key results, those of objectives with their key results, and those that left."""

    key_results: dict[str, str]
    objectives: dict[str, tuple[str, list[str]]]
    archived: frozenset[str]


def unknown_names(world: World, reason: str, severity: Severity) -> Iterator[Hit | Unjudged]:
    """A hit for each name on open work that is no key result's; names of the same letters are one."""
    names = _named(world)
    if not names:
        return
    keys = _keys(world.conn)
    known = keys.key_results.keys() | keys.archived
    by_subject: dict[str, _Name] = {}
    by_tag: dict[int, _Name] = {}
    for tag, name in names:
        if name.key not in known and not NOTHING.fullmatch(name.key.strip()):
            by_tag[tag] = by_subject.setdefault(fold(name.subject), name)
    _bear(world, by_tag)
    found = sorted((one for one in by_subject.values() if one.items), key=lambda one: -len(one.items))
    for place, name in enumerate(found):
        yield _hit(name, keys, reason, severity, compare=place < COMPARED)
    for name in by_subject.values():
        if name.unread and not name.items:
            yield Unjudged("mapping", name.subject)


def _named(world: World) -> list[tuple[int, _Name]]:
    """By tag, what the conventions that are on read as the name of a key result, the oldest first."""
    conventions = world.config.conventions
    lines = {"trailer": conventions.trailer, "field": conventions.field}
    kinds = [kind for kind, name in lines.items() if name]
    before, after = fold(conventions.label or "").partition("{key}")[::2]
    if before or after:  # where all of the label is the key, any label would be a name
        kinds.append("label")
    if not kinds:
        return []
    query = sa.text("SELECT id, kind, value, folded FROM tag WHERE kind IN :kinds ORDER BY id")
    found = []
    for row in world.conn.execute(query.bindparams(sa.bindparam("kinds", kinds, expanding=True))):
        if row.kind != "label":
            found.append((row.id, _Name(f"{lines[row.kind]}: {_line(row.value)}", fold(row.folded))))
        elif row.folded.startswith(before) and row.folded.endswith(after):
            key = row.folded[len(before) : len(row.folded) - len(after)]
            found.append((row.id, _Name(_line(row.value), key)))
    return found


def _line(text: str) -> str:
    return " ".join(text.split())


def _keys(conn: sa.Connection) -> _Keys:
    query = (
        "SELECT k.key, k.archived, o.key AS objective, o.archived AS gone FROM objective o"
        " LEFT JOIN key_result k ON k.objective_id = o.id ORDER BY k.position, k.id"
    )
    key_results: dict[str, str] = {}
    objectives: dict[str, tuple[str, list[str]]] = {}
    archived = set()
    for row in conn.execute(sa.text(query)):
        if row.gone:
            archived.add(fold(row.objective))
        else:
            objectives.setdefault(fold(row.objective), (row.objective, []))
        if row.key is not None and row.archived:
            archived.add(fold(row.key))
        elif row.key is not None:
            key_results[fold(row.key)] = row.key
            if not row.gone:
                objectives[fold(row.objective)][1].append(row.key)
    return _Keys(key_results, objectives, frozenset(archived))


def _bear(world: World, by_tag: dict[int, _Name]) -> None:
    """Gives each name the open items that bear it. Those of scopes that cannot be read now are only noted."""
    scopes = {scope.id for scope in world.scopes}
    for row in chunked(world.conn, BEARERS, sorted(by_tag)):
        if row.scope_id in world.unreadable_scopes:
            by_tag[row.tag_id].unread = True
        elif row.scope_id in scopes:
            by_tag[row.tag_id].items[row.id] = row.key
            by_tag[row.tag_id].teams.add(row.team)


def _hit(name: _Name, keys: _Keys, reason: str, severity: Severity, *, compare: bool) -> Hit:
    items = [key for _, key in sorted(name.items.items())]
    if name.key in keys.objectives:
        objective, near = keys.objectives[name.key]
        said = f"{objective} is an objective; name one of its key results"
        said += f": {listed(near)}" if near else ", once it has any"
    else:
        folded = nearest(name.key, keys.key_results) if compare else None
        near = [keys.key_results[folded]] if folded else []
        said = "there is no such key result" + (f"; did you mean {near[0]}?" if near else "")
    return Hit(
        subject_kind="mapping",
        subject=name.subject,
        severity=severity,
        reason=reason,
        summary=f"{shown(name.subject)} links nothing on {counted(len(items), 'item')} ({listed(items)}): {said}",
        team=next(iter(name.teams)) if len(name.teams) == 1 else None,
        evidence={"items": items[:SHOWN], "count": len(items), "nearest": near[:SHOWN]},
    )
