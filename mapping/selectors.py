"""A selector as a query over stored work."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from config import Selector
from config.work import CRITERIA
from mapping.vocabulary import CONTAINERS, GLOB, TAGS, Vocabulary, like_pattern
from store import fold

_NAMED_ONCE = (*CONTAINERS, *TAGS, "project", "repository", "connection")
LEVELS = ("initiative", "epic", "issue", "subtask")


@dataclass(frozen=True)
class Condition:
    """What one key of a selector asks of an item.

    `sql` is a condition on `i`, with the names of the tables as fields: `{item}`, `{tag}`, `{container}`. `ids` are
    what an item must have one of, as (kind of id, ids), so that a query over few items can be left out; None where that
    cannot be told. `narrow` conditions lead the database to few items; the others only filter.
    """

    sql: str
    params: tuple[tuple[str, str], ...] = ()
    ids: tuple[str, frozenset[int]] | None = None
    narrow: bool = True


@dataclass(frozen=True)
class Query:
    """All conditions of one selector. `excluded` are those of its `not`. `nothing`: a word names nothing stored."""

    conditions: tuple[Condition, ...]
    excluded: tuple["Query", ...]
    descend: bool

    @property
    def nothing(self) -> bool:
        return any(condition.ids is not None and not condition.ids[1] for condition in self.conditions)

    @property
    def where(self) -> str:
        narrow = any(condition.narrow for condition in self.conditions)
        parts = []
        for condition in self.conditions:
            sql = condition.sql
            # Without statistics SQLite would walk a whole scope by its index and test each item for the label: the plus
            # sign keeps it (and PostgreSQL) from using that index where a narrower way is there.
            if narrow and not condition.narrow:
                sql = sql.replace("i.scope_id", "+i.scope_id").replace("i.connection_id", "+i.connection_id")
            parts.append(sql)
        return " AND ".join(parts)

    @property
    def params(self) -> dict[str, str]:
        return dict(pair for condition in self.conditions for pair in condition.params)


def keys_named(selector: Selector) -> Iterator[str]:
    """The item keys that a selector names in full, in its `not` too."""
    yield from (key for key in (*selector.epic, *selector.issue) if not GLOB.search(key))
    for inner in selector.not_:
        yield from keys_named(inner)


def may_concern(stored: Mapping[str, Any], words: Vocabulary) -> bool:
    """Whether a stored selector may match anything of which `words` are all words. Quick, and never falsely no."""
    keys = (stored[name] for name in ("epic", "issue") if name in stored)
    return all(any(map(GLOB.search, some)) or words.names_item(some) for some in keys) and all(
        words.named(name, tuple(stored[name])) for name in _NAMED_ONCE if name in stored
    )


def compile_selector(selector: Selector, words: Vocabulary) -> Query:
    """The query of a selector over what is stored at the moment of `words`."""
    conditions = list(_conditions(selector, words))
    epic_alone = bool(selector.epic) and not (_criteria(selector) - {"epic", "connection"})
    if selector.epic:
        roots = _keys(selector.epic, words, "epic", below=True)
        conditions.append(roots if epic_alone else _below(roots))
    # `epic: X` means X and everything below it, whatever `descend` says.
    descend = selector.descend or epic_alone
    excluded = tuple(compile_selector(inner, words) for inner in selector.not_)
    return Query(tuple(conditions), excluded, descend)


def _criteria(selector: Selector) -> set[str]:
    return {name for name in CRITERIA if getattr(selector, name)}


def _conditions(selector: Selector, words: Vocabulary) -> Iterator[Condition]:
    if selector.connection:
        yield _among("i.connection_id", "connection", words.connections.ids(selector.connection), narrow=False)
    if selector.project:
        yield _among("i.scope_id", "scope", words.scopes("project", selector.project), narrow=False)
    if selector.repository:
        yield _among("i.scope_id", "scope", words.scopes("repository", selector.repository), narrow=False)
    if selector.issue:
        # An `issue` that is not stored cannot be held against other keys.
        issue_alone = not _criteria(selector) - {"issue", "connection"}
        yield _keys(selector.issue, words, "issue", below=selector.descend and issue_alone)
    for kind in CONTAINERS:
        if titles := getattr(selector, kind):
            ids = words.containers(kind, titles)
            yield Condition(
                f"i.id IN (SELECT item_id FROM {{container}} WHERE container_id IN ({_listed(ids)}))",
                ids=("container", ids),
            )
    for kind in TAGS:
        if values := getattr(selector, kind):
            yield _tagged(words.tags(kind).ids(values))
    if selector.type:
        yield _type(selector.type)
    if selector.team:
        yield _among("i.team_id", "team", words.teams(selector.team), narrow=False)
    if selector.title:
        yield _text("i.title_folded", selector.title, "title")
    if selector.jql is not None:
        yield Condition(
            "i.id IN (SELECT w.id FROM membership m JOIN work_item w"
            " ON w.connection_id = m.connection_id AND w.external_id = m.external_id WHERE m.query = :jql)",
            (("jql", selector.jql),),
        )


def compile_tags(ids: frozenset[int]) -> Query:
    """The query for items that bear one of these tags, with all below them: a convention."""
    return Query((_tagged(ids),), (), descend=True)


def _tagged(ids: frozenset[int]) -> Condition:
    return Condition(f"i.id IN (SELECT item_id FROM {{tag}} WHERE tag_id IN ({_listed(ids)}))", ids=("tag", ids))


def _among(column: str, kind: str, ids: frozenset[int], *, narrow: bool) -> Condition:
    return Condition(f"{column} IN ({_listed(ids)})", ids=(kind, ids), narrow=narrow)


def _listed(ids: frozenset[int]) -> str:
    return ", ".join(map(str, sorted(ids))) or "NULL"


def _keys(keys: tuple[str, ...], words: Vocabulary, name: str, *, below: bool) -> Condition:
    """Items of these keys. `below`: in place of a parent that is not stored, the items that name it as theirs."""
    globs = [key for key in keys if GLOB.search(key)]
    named = [key for key in keys if key not in globs]
    ids = words.items.ids(named) | (words.orphans.ids(named) if below else frozenset())
    if not globs:
        return Condition(f"i.id IN ({_listed(ids)})", ids=("item", ids))
    by_text = _text("i.key_folded", tuple(globs), name)
    alias = by_text.sql.replace("i.key_folded", "a.key_folded")
    sql = f"i.id IN ({_listed(ids)}) OR {by_text.sql} OR i.id IN (SELECT a.item_id FROM work_alias a WHERE {alias})"
    if below:
        sql += f" OR (i.parent_pending AND {by_text.sql.replace('i.key_folded', 'i.parent_ref_folded')})"
    return Condition(f"({sql})", by_text.params)


def _below(roots: Condition) -> Condition:
    """Items that are one of `roots` or lie below one."""
    start = roots.sql.replace("i.", "r.")
    return Condition(
        f"i.id IN (WITH RECURSIVE tree(id) AS (SELECT r.id FROM {{item}} r WHERE {start}"
        " UNION SELECT c.id FROM tree JOIN {item} c ON c.parent_id = tree.id) SELECT id FROM tree)",
        roots.params,
    )


def _type(values: tuple[str, ...]) -> Condition:
    by_name = _text("i.type_folded", values, "type")
    levels = [level for level in LEVELS if any(fold(value) == level for value in values)]
    if not levels:
        return by_name
    listed = ", ".join(f"'{level}'" for level in levels)
    return Condition(f"({by_name.sql} OR i.level IN ({listed}))", by_name.params, narrow=False)


def _text(column: str, values: tuple[str, ...], name: str) -> Condition:
    parts, params = [], []
    for number, value in enumerate(values):
        folded = fold(value)
        if GLOB.search(folded):
            parts.append(f"{column} LIKE :{name}{number} ESCAPE '!'")
            params.append((f"{name}{number}", like_pattern(folded)))
        else:
            parts.append(f"{column} = :{name}{number}")
            params.append((f"{name}{number}", folded))
    return Condition(f"({' OR '.join(parts)})", tuple(params), narrow=False)
