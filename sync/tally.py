"""Counting the links of each key result by mapping, role, state and team: what the formulas and findings start from."""

import sqlalchemy as sa


def among(column: str, ids: frozenset[int] | None) -> str:
    """The condition that `column` is one of `ids`; None stands for all."""
    if ids is None:
        return "TRUE"
    return f"{column} IN ({', '.join(map(str, sorted(ids)))})" if ids else "FALSE"


def live(alias: str) -> str:
    """The condition that an item is neither cancelled nor deleted."""
    return f"({alias}.state <> 'cancelled' AND {alias}.presence <> 'deleted')"


def ignored(alias: str, ignore_subtasks: bool) -> str:
    """The condition that an item is a sub-task, where these do not count."""
    return f"({alias}.level = 'subtask')" if ignore_subtasks else "(FALSE)"


def role(alias: str, ignore_subtasks: bool) -> str:
    """The role of an item that has no linked descendants."""
    subtask = f"WHEN {ignored(alias, ignore_subtasks)} THEN 'subtask'"
    return f"CASE {subtask} WHEN {live(alias)} THEN 'counted' ELSE 'descoped' END"


_COLUMNS = (
    "key_result_id, mapping_id, role, state, team_id, items, size, size_imputed, first_moved_at, last_moved_at,"
    " finished_at"
)
_GROUP = "key_result_id, mapping_id, role, state, team_id"


def _counted(where: str) -> str:
    return (
        f"SELECT {_GROUP}, COUNT(*) AS items, COALESCE(SUM(size), 0) AS size,"
        " COALESCE(SUM(CASE WHEN imputed THEN size END), 0) AS size_imputed, MIN(moved_at) AS first_moved_at,"
        f" MAX(moved_at) AS last_moved_at, MAX(finished_at) AS finished_at FROM link WHERE {where} GROUP BY {_GROUP}"
    )


def tally(conn: sa.Connection, key_results: frozenset[int] | None) -> None:
    """Counts the links of these key results (None: of all) anew; their stale work is to be counted, too."""
    conn.execute(sa.text(f"DELETE FROM tally WHERE {among('key_result_id', key_results)}"))
    if key_results == frozenset():
        return
    outdate(conn, key_results)
    conn.execute(sa.text(f"INSERT INTO tally ({_COLUMNS}) {_counted(among('key_result_id', key_results))}"))


def outdate(conn: sa.Connection, key_results: frozenset[int] | None) -> None:
    """What was counted as stale work of these key results no longer holds."""
    conn.execute(sa.text(f"UPDATE measure SET stale_day = NULL WHERE {among('key_result_id', key_results)}"))


class Recount:
    """Brings `tally` up to date with links of a few items, by what they were counted as before and after.

    Only where each counted item has size 1: sums of other sizes would drift, and change with the medians anyway.
    """

    def __init__(self, conn: sa.Connection, items: str) -> None:
        """`items` selects the ids of the items whose links are about to change."""
        self._conn, self._items = conn, items
        self._keep("tally_before")

    def _keep(self, table: str) -> None:
        self._conn.execute(sa.text(f"DROP TABLE IF EXISTS {table}"))
        self._conn.execute(sa.text(f"CREATE TEMPORARY TABLE {table} AS {_counted(f'item_id IN ({self._items})')}"))

    def finish(self) -> None:
        """To be called when the links have changed."""
        self._keep("tally_after")
        # A first or last instant that is taken away cannot be told from the rest: it is looked for anew.
        self._conn.execute(sa.text("DROP TABLE IF EXISTS tally_edge"))
        self._conn.execute(
            sa.text(
                f"CREATE TEMPORARY TABLE tally_edge AS SELECT {_of('t')} FROM tally_before b JOIN tally t"
                f" ON ({_of('t')}) = ({_of('b')})"
                " WHERE b.first_moved_at <= t.first_moved_at OR b.last_moved_at >= t.last_moved_at"
                " OR b.finished_at >= t.finished_at"
            )
        )
        self._conn.execute(
            sa.text(
                f"INSERT INTO tally ({_COLUMNS}) SELECT {_GROUP}, SUM(items), SUM(size), 0, MIN(first_moved_at),"
                " MAX(last_moved_at), MAX(finished_at) FROM ("
                f" SELECT {_COLUMNS} FROM tally_after UNION ALL"
                f" SELECT {_GROUP}, -items, -size, 0, NULL, NULL, NULL FROM tally_before) change"
                f" WHERE TRUE GROUP BY {_GROUP}"
                f" ON CONFLICT ({_GROUP}) DO UPDATE SET items = tally.items + excluded.items,"
                " size = tally.size + excluded.size,"
                f" first_moved_at = {_extreme('first_moved_at', '<')},"
                f" last_moved_at = {_extreme('last_moved_at', '>')},"
                f" finished_at = {_extreme('finished_at', '>')}"
            )
        )
        self._conn.execute(sa.text("DELETE FROM tally WHERE items = 0"))
        links = f"FROM link l WHERE ({_of('l')}) = ({_of('tally')})"
        self._conn.execute(
            sa.text(
                "UPDATE tally SET (first_moved_at, last_moved_at, finished_at) ="
                f" (SELECT MIN(l.moved_at), MAX(l.moved_at), MAX(l.finished_at) {links})"
                f" WHERE ({_GROUP}) IN (SELECT {_GROUP} FROM tally_edge)"
            )
        )


def _of(table: str) -> str:
    return ", ".join(f"{table}.{column}" for column in _GROUP.split(", "))


def _extreme(column: str, sign: str) -> str:
    kept, new = f"tally.{column}", f"excluded.{column}"
    return f"CASE WHEN {kept} IS NULL OR {new} {sign} {kept} THEN {new} ELSE {kept} END"
