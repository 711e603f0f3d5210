"""From many selectors to the items that each matches, with descendants, in a few set-based statements.

A *unit* is one query to resolve, known by a number that the caller gives. The result is the temporary table `reach`:
(unit, item_id, direct), where `direct` says that the selector itself matches, not only an ancestor of the item.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from config import Selector
from mapping.selectors import Query, compile_selector, keys_named
from mapping.vocabulary import Vocabulary

STATEMENTS_AT_ONCE = 40
"""How many units' selects go into one statement: round trips cost more than parsing, up to about here."""


@dataclass(frozen=True)
class Source:
    """Where items are looked for: the whole store, or copies of a few items' rows (an ancestor-closed set)."""

    item: str = "work_item"
    tag: str = "work_tag"
    container: str = "work_container"
    present: Mapping[str, frozenset[int]] | None = None
    """Ids (of items, tags, containers, scopes, teams, connections) that the copies hold; None: the whole store."""

    def may_match(self, query: Query) -> bool:
        if query.nothing:
            return False
        if self.present is None:
            return True
        return all(
            condition.ids is None or not self.present[condition.ids[0]].isdisjoint(condition.ids[1])
            for condition in query.conditions
        )


WHOLE_STORE = Source()


def compile_all(conn: sa.Connection, selectors: Mapping[int, Selector]) -> dict[int, Query]:
    """The query of each selector, by what is stored now."""
    words = Vocabulary(conn, {key for selector in selectors.values() for key in keys_named(selector)})
    return {unit: compile_selector(selector, words) for unit, selector in selectors.items()}


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
        self.batch: dict[bool, list[str]] = {True: [], False: []}
        self.inner: dict[Query, int] = {}
        self.exclusions: list[dict[str, int]] = []
        # A unit finds an item once, so that a key is only a way to look it up: PostgreSQL joins without one.
        key = ", PRIMARY KEY (unit, item_id)) WITHOUT ROWID" if conn.dialect.name == "sqlite" else ")"
        for ddl in (
            "DROP TABLE IF EXISTS seed",
            "DROP TABLE IF EXISTS reach",
            f"CREATE TEMPORARY TABLE seed (unit INTEGER NOT NULL, item_id INTEGER NOT NULL{key}",
            # No key: each unit's items come once, and an index costs more than it gives where there is no `not`.
            "CREATE TEMPORARY TABLE reach (unit INTEGER NOT NULL, item_id INTEGER NOT NULL, direct BOOLEAN NOT NULL)",
        ):
            conn.execute(sa.text(ddl))

    def add(self, unit: int, query: Query) -> None:
        if not self.source.may_match(query):
            return
        select = f"SELECT {unit}, i.id{{direct}} FROM {self.source.item} i WHERE {self._where(query)}"
        self._select(query.descend, select, query.params)
        for inner in query.excluded:
            self.exclusions.append({"unit": unit, "inner": self._inner(inner), "height": _height(query)})

    def _inner(self, query: Query) -> int:
        """The unit of what a `not` matches. One that many selectors share (`not: {type: Bug}`) is resolved once."""
        if query not in self.inner:
            self.inner[query] = -1 - len(self.inner)
            self.add(self.inner[query], query)
        return self.inner[query]

    def _where(self, query: Query) -> str:
        return query.where.format(item=self.source.item, tag=self.source.tag, container=self.source.container)

    def _select(self, descend: bool, select: str, params: dict[str, str]) -> None:
        select = select.replace("{direct}", "" if descend else ", TRUE")
        if params:
            self._insert(descend, select, params)
            return
        self.batch[descend].append(select)
        if len(self.batch[descend]) == STATEMENTS_AT_ONCE:
            self._flush(descend)

    def _flush(self, descend: bool) -> None:
        if self.batch[descend]:
            self._insert(descend, " UNION ALL ".join(self.batch[descend]), {})
            self.batch[descend].clear()

    def _insert(self, descend: bool, select: str, params: dict[str, str]) -> None:
        into = "seed (unit, item_id)" if descend else "reach (unit, item_id, direct)"
        if params:
            self.conn.execute(sa.text(f"INSERT INTO {into} {select}"), params)
        else:
            self.conn.exec_driver_sql(f"INSERT INTO {into} {select}")

    def finish(self) -> None:
        self._flush(True)
        self._flush(False)
        analyze(self.conn, "seed")
        self.conn.execute(
            sa.text(
                "INSERT INTO reach (unit, item_id, direct)"
                " WITH RECURSIVE tree(unit, item_id) AS (SELECT unit, item_id FROM seed UNION"
                f" SELECT tree.unit, c.id FROM tree JOIN {self.source.item} c ON c.parent_id = tree.item_id)"
                " SELECT tree.unit, tree.item_id, s.item_id IS NOT NULL FROM tree"
                " LEFT JOIN seed s ON s.unit = tree.unit AND s.item_id = tree.item_id"
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
