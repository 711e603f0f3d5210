"""Counting the links of each key result by mapping, role and state: what the formulas and findings start from."""

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
    return (
        f"CASE WHEN {ignored(alias, ignore_subtasks)} THEN 'subtask' WHEN {live(alias)} THEN 'counted' ELSE 'descoped' END"
    )


def tally(conn: sa.Connection, key_results: frozenset[int] | None) -> None:
    """Counts the links of these key results (None: of all) anew into `tally`; what was counted as stale no longer holds."""
    conn.execute(sa.text(f"DELETE FROM tally WHERE {among('key_result_id', key_results)}"))
    if key_results == frozenset():
        return
    conn.execute(sa.text(f"UPDATE measure SET stale_day = NULL WHERE {among('key_result_id', key_results)}"))
    conn.execute(
        sa.text(
            "INSERT INTO tally (key_result_id, mapping_id, role, state, items, size, size_imputed,"
            " first_moved_at, last_moved_at, finished_at)"
            " SELECT key_result_id, mapping_id, role, state, COUNT(*), COALESCE(SUM(size), 0),"
            " COALESCE(SUM(CASE WHEN imputed THEN size END), 0), MIN(moved_at), MAX(moved_at), MAX(finished_at)"
            f" FROM link WHERE {among('key_result_id', key_results)} GROUP BY key_result_id, mapping_id, role, state"
        )
    )
