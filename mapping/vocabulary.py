"""The words that selectors may name, resolved to the ids of what is stored."""

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import islice

import sqlalchemy as sa

from mapping.source import WHOLE_STORE, Source
from store import fold

GLOB = re.compile(r"[*?]")
CONTAINERS = ("milestone", "version", "sprint")
TAGS = ("label", "component", "assignee")
"""Keys of selectors that name containers and tags of their kind."""


@lru_cache(maxsize=10_000)
def glob_pattern(folded: str) -> re.Pattern[str]:
    """The pattern of a folded glob: only `*` (any letters, none too) and `?` (one letter) are special."""
    parts = (".*" if part == "*" else "." if part == "?" else re.escape(part) for part in re.split(r"([*?])", folded))
    return re.compile("".join(parts), re.DOTALL)


def like_pattern(folded: str) -> str:
    """The same as a LIKE pattern with `!` as escape, for text that is stored folded."""
    escaped = folded.replace("!", "!!").replace("%", "!%").replace("_", "!_")
    return escaped.replace("*", "%").replace("?", "_")


class Words:
    """Folded words, each with the ids that bear it."""

    def __init__(self, rows: Iterable[tuple[str, int]]) -> None:
        self._ids: dict[str, set[int]] = defaultdict(set)
        for folded, identity in rows:
            self._ids[folded].add(identity)
        self._sorted: list[str] | None = None

    def bearing(self, folded: str) -> frozenset[int]:
        """Ids of exactly this word, in which `*` and `?` are ordinary letters."""
        return frozenset(self._ids.get(folded, ()))

    def ids(self, values: Iterable[str]) -> frozenset[int]:
        """Ids of all words that one of `values` matches: as a whole text, without case, with globs."""
        found: set[int] = set()
        for value in values:
            folded = fold(value)
            if GLOB.search(folded):
                for word in self._globbed(folded):
                    found |= self._ids[word]
            else:
                found |= self._ids.get(folded, set())
        return frozenset(found)

    def _globbed(self, folded: str) -> Iterator[str]:
        """Words that a glob matches. Only those that begin like it are tried: vocabularies are large."""
        if self._sorted is None:
            self._sorted = sorted(self._ids)
        beginning = GLOB.split(folded, maxsplit=1)[0]
        matches = glob_pattern(folded).fullmatch
        for word in islice(self._sorted, bisect_left(self._sorted, beginning), None):
            if not word.startswith(beginning):
                return
            if matches(word):
                yield word


class Vocabulary:
    """All words of one database at one moment: connections, scopes, labels, containers, teams, item keys."""

    def __init__(self, conn: sa.Connection, keys: Iterable[str] = (), source: Source = WHOLE_STORE) -> None:
        """`keys` are the item keys that selectors name (globs apart); only these are looked up.

        Of a `source` of few items only their labels, containers and keys are read, the keys of all of them.
        """
        rows = conn.execute(sa.text("SELECT id, name FROM connection")).all()
        self.connections = Words((fold(name), identity) for identity, name in rows)
        self._scopes = self._by_kind(
            conn,
            "SELECT kind, key_folded, id FROM scope"
            " UNION SELECT s.kind, a.key_folded, s.id FROM scope_alias a JOIN scope s ON s.id = a.scope_id",
        )
        few = source.present is not None
        borne = f" WHERE id IN (SELECT tag_id FROM {source.tag})" if few else ""
        held = f" WHERE id IN (SELECT container_id FROM {source.container})" if few else ""
        self._tags = self._by_kind(conn, f"SELECT kind, folded, id FROM tag{borne}")
        self._containers = self._by_kind(conn, f"SELECT kind, title_folded, id FROM container{held}")
        named = {fold(key) for key in keys}
        self.items = Words(_keys_among(conn, source) if few else _items_by_key(conn, named))
        self.orphans = Words(_orphans_among(conn, source) if few else _orphans_of(conn, named))
        """Items by the key of their parent, where the parent itself is not stored: it lies in a scope not synced."""
        self._teams = conn.execute(sa.text("SELECT id, key, name, parent_id FROM team WHERE NOT archived")).all()
        self._known: dict[tuple[str, tuple[str, ...]], bool] = {}

    @staticmethod
    def _by_kind(conn: sa.Connection, query: str) -> Mapping[str, Words]:
        rows: dict[str, list[tuple[str, int]]] = defaultdict(list)
        for kind, folded, identity in conn.execute(sa.text(query)):
            rows[kind].append((folded, identity))
        return defaultdict(lambda: Words(()), {kind: Words(pairs) for kind, pairs in rows.items()})

    def scopes(self, kind: str, values: Iterable[str]) -> frozenset[int]:
        return self._scopes[kind].ids(values)

    def tags(self, kind: str) -> Words:
        return self._tags[kind]

    def containers(self, kind: str, values: Iterable[str]) -> frozenset[int]:
        return self._containers[kind].ids(values)

    def names_item(self, keys: Iterable[str]) -> bool:
        """Whether one of these keys is an item's, or that of a parent that is not stored."""
        keys = list(keys)
        return bool(self.items.ids(keys) or self.orphans.ids(keys))

    def named(self, criterion: str, values: tuple[str, ...]) -> bool:
        """Whether a value of this key of selectors names a stored connection, scope, container or tag."""
        known = self._known.get((criterion, values))
        if known is None:
            if criterion == "connection":
                words = self.connections
            elif criterion in ("project", "repository"):
                words = self._scopes[criterion]
            else:
                words = (self._containers if criterion in CONTAINERS else self._tags)[criterion]
            known = self._known[criterion, values] = bool(words.ids(values))
        return known

    def teams(self, values: Iterable[str]) -> frozenset[int]:
        """Ids of the teams named by key or name, and of all teams below them."""
        named = Words((fold(word), team.id) for team in self._teams for word in {team.key, team.name})
        found = set(named.ids(values))
        while below := {team.id for team in self._teams if team.parent_id in found} - found:
            found |= below
        return frozenset(found)


def _items_by_key(conn: sa.Connection, folded: set[str]) -> list[tuple[str, int]]:
    """Items by their keys, former ones too. What an item left behind as it became another one is not meant any more."""
    return _by_words(
        conn,
        "SELECT w.key_folded, w.id FROM work_item w WHERE w.key_folded IN :keys"
        " AND (w.presence <> 'deleted' OR NOT EXISTS (SELECT 1 FROM work_alias a"
        " WHERE a.connection_id = w.connection_id AND a.key_folded = w.key_folded))"
        " UNION SELECT key_folded, item_id FROM work_alias WHERE key_folded IN :keys",
        folded,
    )


def _keys_among(conn: sa.Connection, source: Source) -> list[tuple[str, int]]:
    """The same of all items of a source."""
    query = (
        f"SELECT w.key_folded, w.id FROM {source.item} w"
        " WHERE w.presence <> 'deleted' OR NOT EXISTS (SELECT 1 FROM work_alias a"
        " WHERE a.connection_id = w.connection_id AND a.key_folded = w.key_folded)"
        f" UNION SELECT a.key_folded, a.item_id FROM {source.item} w CROSS JOIN work_alias a WHERE a.item_id = w.id"
    )
    return [(key, identity) for key, identity in conn.execute(sa.text(query))]


def _orphans_among(conn: sa.Connection, source: Source) -> list[tuple[str, int]]:
    query = f"SELECT parent_ref_folded, id FROM {source.item} WHERE parent_pending AND parent_ref_folded IS NOT NULL"
    return [(key, identity) for key, identity in conn.execute(sa.text(query))]


def _orphans_of(conn: sa.Connection, folded: set[str]) -> list[tuple[str, int]]:
    return _by_words(
        conn, "SELECT parent_ref_folded, id FROM work_item WHERE parent_pending AND parent_ref_folded IN :keys", folded
    )


def _by_words(conn: sa.Connection, sql: str, folded: set[str]) -> list[tuple[str, int]]:
    query = sa.text(sql).bindparams(sa.bindparam("keys", expanding=True))
    wanted = sorted(folded)
    rows: list[tuple[str, int]] = []
    for start in range(0, len(wanted), 5_000):
        rows += [(key, identity) for key, identity in conn.execute(query, {"keys": wanted[start : start + 5_000]})]
    return rows
