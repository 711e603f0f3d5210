"""Selectors of the commonest shape, a label, version or the like within a few projects, resolved all in one join."""

from functools import cached_property

import sqlalchemy as sa

from mapping.selectors import Query

MOST_SCOPES = 20
"""In more scopes than these a selector is resolved by itself: each of them is a row to join."""
BORNE = {"tag": ("work_tag", "tag_id"), "container": ("work_container", "container_id")}


class InPlaces:
    """Collects the units of this shape, and finds in the whole store what all of them match.

    One by one, each unit looks up every item that bears its word to see in which project it lies. A database joins
    thousands of them in a fraction of that.
    """

    def __init__(self, conn: sa.Connection) -> None:
        self._conn = conn
        self._words: dict[str, list[dict[str, object]]] = {kind: [] for kind in BORNE}
        self._scopes: list[dict[str, int]] = []

    def takes(self, unit: int, query: Query) -> bool:
        """Whether it is of this shape. What its `not` matches is the caller's to take away."""
        by_kind: dict[str, list[frozenset[int]]] = {"connection": [], "scope": [], "tag": [], "container": []}
        for condition in query.conditions:
            if condition.ids is None or condition.ids[0] not in by_kind:
                return False
            by_kind[condition.ids[0]].append(condition.ids[1])
        borne = [(kind, ids) for kind in BORNE for ids in by_kind[kind]]
        if len(borne) != 1 or not by_kind["scope"]:
            return False
        scopes = frozenset.intersection(*by_kind["scope"])
        for connections in by_kind["connection"]:
            scopes = frozenset(scope for scope in scopes if self._connection_of.get(scope) in connections)
        if len(scopes) > MOST_SCOPES:
            return False
        [(kind, ids)] = borne
        self._words[kind] += [{"unit": unit, "word": word, "brings": query.descend} for word in sorted(ids)]
        self._scopes += [{"unit": unit, "scope": scope} for scope in sorted(scopes)]
        return True

    @cached_property
    def _connection_of(self) -> dict[int, int]:
        return {row.id: row.connection_id for row in self._conn.execute(sa.text("SELECT id, connection_id FROM scope"))}

    def find(self, into: str) -> None:
        """Runs the statement `into` with all that they match: unit, item, direct, brings."""
        if not self._scopes:
            return
        self._fill("place", "unit INTEGER, scope INTEGER, PRIMARY KEY (unit, scope)", self._scopes)
        for kind, (table, column) in BORNE.items():
            if not self._words[kind]:
                continue
            self._fill("word", "unit INTEGER, word INTEGER, brings BOOLEAN", self._words[kind])
            # CROSS JOIN: SQLite is to begin with the words. An item may bear several of a unit's.
            self._conn.execute(
                sa.text(
                    f"{into} SELECT DISTINCT w.unit, i.id, TRUE, w.brings"
                    f" FROM word w CROSS JOIN {table} b CROSS JOIN work_item i CROSS JOIN place p"
                    f" WHERE b.{column} = w.word AND i.id = b.item_id AND p.unit = w.unit AND p.scope = i.scope_id"
                )
            )

    def _fill(self, table: str, columns: str, rows: list[dict[str, object]] | list[dict[str, int]]) -> None:
        names = [column.split()[0] for column in columns.split(", PRIMARY", maxsplit=1)[0].split(", ")]
        self._conn.execute(sa.text(f"DROP TABLE IF EXISTS {table}"))
        self._conn.execute(sa.text(f"CREATE TEMPORARY TABLE {table} ({columns})"))
        self._conn.execute(sa.text(f"INSERT INTO {table} VALUES ({', '.join(f':{name}' for name in names)})"), rows)
        if self._conn.dialect.name == "postgresql":
            self._conn.execute(sa.text(f"ANALYZE {table}"))
