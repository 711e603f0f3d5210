"""From many selectors to the items that each matches, with descendants, in a few set-based statements.

A *unit* is one query to resolve, known by a number that the caller gives. The result is the temporary table `reach`:
(unit, item_id, direct, brings), where `direct` says that the selector itself matches, not only an ancestor of the
item, and `brings` that it matches what lies below the item for that.
"""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from config import Selector
from mapping.places import InPlaces
from mapping.selectors import Query, compile_selector, keys_named, may_concern
from mapping.source import WHOLE_STORE, Source
from mapping.vocabulary import Vocabulary

STATEMENTS_AT_ONCE = 40
"""How many units' selects go into one statement: round trips cost more than parsing, up to about here."""

INTO_REACH = "INSERT INTO reach (unit, item_id, direct, brings)"


def compile_all(
    conn: sa.Connection, selectors: Mapping[int, Selector], source: Source = WHOLE_STORE
) -> dict[int, Query]:
    """The query of each selector over `source`, by what is stored now."""
    words = Vocabulary(conn, {key for selector in selectors.values() for key in keys_named(selector)}, source)
    return {unit: compile_selector(selector, words) for unit, selector in selectors.items()}


def compile_stored(conn: sa.Connection, stored: Mapping[int, Mapping[str, Any]], source: Source) -> dict[int, Query]:
    """The same of selectors as they are stored; of a few items, only those that may concern one of them."""
    if source.present is not None:
        words = Vocabulary(conn, source=source)
        stored = {unit: one for unit, one in stored.items() if may_concern(one, words)}
    return compile_all(conn, {unit: Selector.model_validate(one) for unit, one in stored.items()}, source)


def resolve(conn: sa.Connection, queries: Mapping[int, Query], source: Source = WHOLE_STORE) -> None:
    """Fills `reach` anew with what each query matches within `source`. Unit numbers are the keys, all above 0."""
    run = _Run(conn, source)
    for unit, query in queries.items():
        run.add(unit, query)
    run.finish()


def analyze(conn: sa.Connection, table: str) -> None:
    """Tells PostgreSQL how large a temporary table is: it would plan for a guess. SQLite needs no telling."""
    if conn.dialect.name == "postgresql":
        conn.execute(sa.text(f"ANALYZE {table}"))


class _Run:
    def __init__(self, conn: sa.Connection, source: Source) -> None:
        self.conn = conn
        self.source = source
        self.batch: list[str] = []
        self.in_places = InPlaces(conn)
        self.inner: dict[Query, int] = {}
        self.exclusions: list[dict[str, int]] = []
        # A unit finds an item once, so that a key is only a way to look it up: PostgreSQL joins without one.
        key = ", PRIMARY KEY (unit, item_id)) WITHOUT ROWID" if conn.dialect.name == "sqlite" else ")"
        conn.execute(sa.text("DROP TABLE IF EXISTS reach"))
        conn.execute(
            sa.text(
                "CREATE TEMPORARY TABLE reach (unit INTEGER NOT NULL, item_id INTEGER NOT NULL,"
                f" direct BOOLEAN NOT NULL, brings BOOLEAN NOT NULL{key}"
            )
        )

    def add(self, unit: int, query: Query) -> None:
        if not self._may_match(query):
            return
        if self.source.present is not None or not self.in_places.takes(unit, query):
            brings = "TRUE" if query.descend else "FALSE"
            select = f"SELECT {unit}, i.id, TRUE, {brings} FROM {self.source.item} i WHERE {self._where(query)}"
            self._select(select, query.params)
        for inner in query.excluded:
            self.exclusions.append({"unit": unit, "inner": self._inner(inner), "height": _height(query)})

    def _may_match(self, query: Query) -> bool:
        if query.nothing:
            return False
        present = self.source.present
        if present is None:
            return True
        return all(
            condition.ids is None or not present[condition.ids[0]].isdisjoint(condition.ids[1])
            for condition in query.conditions
        )

    def _inner(self, query: Query) -> int:
        """The unit of what a `not` matches. One that many selectors share (`not: {type: Bug}`) is resolved once."""
        if query not in self.inner:
            self.inner[query] = -1 - len(self.inner)
            self.add(self.inner[query], query)
        return self.inner[query]

    def _where(self, query: Query) -> str:
        return query.where.format(item=self.source.item, tag=self.source.tag, container=self.source.container)

    def _select(self, select: str, params: dict[str, str]) -> None:
        if params:
            self.conn.execute(sa.text(f"{INTO_REACH} {select}"), params)
            return
        self.batch.append(select)
        if len(self.batch) == STATEMENTS_AT_ONCE:
            self._flush()

    def _flush(self) -> None:
        if self.batch:
            self.conn.exec_driver_sql(f"{INTO_REACH} {' UNION ALL '.join(self.batch)}")
            self.batch.clear()

    def finish(self) -> None:
        self._flush()
        self.in_places.find(INTO_REACH)
        analyze(self.conn, "reach")
        known = "SELECT 1 FROM reach x WHERE x.unit = tree.unit AND x.item_id = tree.item_id"
        self.conn.execute(
            sa.text(
                # CROSS JOIN: SQLite is to begin with what brings, and to look the children up.
                f"{INTO_REACH} WITH RECURSIVE tree(unit, item_id) AS ("
                f"SELECT r.unit, c.id FROM reach r CROSS JOIN {self.source.item} c"
                " WHERE r.brings AND c.parent_id = r.item_id"
                f" UNION SELECT tree.unit, c.id FROM tree JOIN {self.source.item} c ON c.parent_id = tree.item_id)"
                f" SELECT tree.unit, tree.item_id, FALSE, FALSE FROM tree WHERE NOT EXISTS ({known})"
            )
        )
        self._exclude()
        analyze(self.conn, "reach")

    def _exclude(self) -> None:
        """Takes away what `not` matches, the innermost first, so that a `not` in a `not` gives back."""
        if not self.exclusions:
            return
        self.conn.execute(sa.text("DROP TABLE IF EXISTS exclusion"))
        self.conn.execute(sa.text("CREATE TEMPORARY TABLE exclusion (unit INTEGER, excluded INTEGER, height INTEGER)"))
        self.conn.execute(sa.text("INSERT INTO exclusion VALUES (:unit, :inner, :height)"), self.exclusions)
        if self.conn.dialect.name == "postgresql" and self.source.present is not None:  # of many, it reads all at once
            self.conn.execute(sa.text("CREATE INDEX ix_reach ON reach (unit, item_id)"))
        analyze(self.conn, "exclusion")
        analyze(self.conn, "reach")
        for height in sorted({exclusion["height"] for exclusion in self.exclusions}):
            self.conn.execute(
                sa.text(
                    "DELETE FROM reach WHERE (unit, item_id) IN (SELECT r.unit, r.item_id FROM exclusion e"
                    " CROSS JOIN reach r CROSS JOIN reach x"
                    " WHERE e.height = :height AND r.unit = e.unit AND x.unit = e.excluded AND x.item_id = r.item_id)"
                ),
                {"height": height},
            )
        self.conn.execute(sa.text("DELETE FROM reach WHERE unit < 0"))


def _height(query: Query) -> int:
    """How many `not` lie in one another below this query."""
    return 1 + max((_height(inner) for inner in query.excluded), default=-1)
