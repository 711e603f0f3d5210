"""Which team each item belongs to."""

import zlib
from dataclasses import replace

import sqlalchemy as sa

from config import Config, Selector
from config.work import CRITERIA
from mapping.resolve import analyze, compile_all, resolve
from mapping.source import Source
from mapping.vocabulary import GLOB
from store import fold
from sync.tally import among as is_among

BELOW = 1_000_000
"""Added to the rank of who owns what lies above an item: all owners of the item itself come before."""


def assign_teams(conn: sa.Connection, config: Config, source: Source, targets: str | None) -> None:
    """Sets each target's team: by the tool's own team field where it names one, else by the first `owns` that matches.

    More specific selectors come before less specific ones, and what matches itself before what lies below a match.
    `targets` selects the ids of the items to set, None stands for all; `source` holds them and all above them.
    """
    teams = conn.execute(sa.text("SELECT id, key, name FROM team WHERE NOT archived")).all()
    by_key = {team.key: team.id for team in teams}
    by_word = {fold(word): team.id for team in teams for word in (team.name, team.key)}
    owns = [(selector, by_key[key]) for selector, key in owners(config)]
    for table in ("team_rank", "team_word", "team_owner", "team_heir", "team_change"):
        conn.execute(sa.text(f"DROP TABLE IF EXISTS {table}"))
    conn.execute(sa.text("CREATE TEMPORARY TABLE team_rank (unit INTEGER PRIMARY KEY, team_id INTEGER)"))
    _insert(conn, "team_rank", [(rank, team_id) for rank, (_, team_id) in enumerate(owns, 1)])
    conn.execute(sa.text("CREATE TEMPORARY TABLE team_word (word TEXT PRIMARY KEY, team_id INTEGER)"))
    named = conn.execute(sa.text(f"SELECT DISTINCT team_word FROM {source.item} WHERE team_word IS NOT NULL")).scalars()
    _insert(conn, "team_word", [(word, by_word[fold(word)]) for word in named.all() if fold(word) in by_word])
    among = "TRUE" if targets is None else f"i.id IN ({targets})"
    _rank_owners(conn, {rank: selector for rank, (selector, _) in enumerate(owns, 1)}, source, among)
    conn.execute(
        sa.text(
            "CREATE TEMPORARY TABLE team_change AS SELECT id, team_id FROM (SELECT i.id, i.team_id AS before,"
            f" COALESCE(w.team_id, k.team_id) AS team_id FROM {source.item} i"
            " LEFT JOIN team_word w ON w.word = i.team_word LEFT JOIN team_owner o ON o.item_id = i.id"
            " LEFT JOIN team_heir h ON h.item_id = i.id LEFT JOIN team_rank k ON k.unit ="
            f" (CASE WHEN h.ranked < COALESCE(o.ranked, {2 * BELOW}) THEN h.ranked ELSE o.ranked END) % {BELOW}"
            f" WHERE {among}) n WHERE team_id IS DISTINCT FROM before"
        )
    )
    analyze(conn, "team_change")
    for table in {"work_item", source.item}:
        conn.execute(sa.text(f"UPDATE {table} SET team_id = n.team_id FROM team_change n WHERE n.id = {table}.id"))


def _rank_owners(conn: sa.Connection, owns: dict[int, Selector], source: Source, among: str) -> None:
    """Fills `team_owner` and `team_heir` (item_id, ranked) with the best rank among the owners of each item.

    Most items are owned by their own words. Only for the others (heirs) is looked at what lies above them, so that a
    team that owns a whole project costs no walk through it. What has a `not` is resolved as everywhere.
    """
    queries = compile_all(conn, owns, source)
    handed = frozenset(rank for rank, query in queries.items() if query.descend and not query.excluded)
    resolve(
        conn, {rank: replace(one, descend=False) if rank in handed else one for rank, one in queries.items()}, source
    )
    conn.execute(
        sa.text("CREATE TEMPORARY TABLE team_owner (item_id INTEGER PRIMARY KEY, ranked INTEGER, handed INTEGER)")
    )
    conn.execute(
        sa.text(
            f"INSERT INTO team_owner SELECT item_id, MIN(CASE WHEN direct THEN 0 ELSE {BELOW} END + unit),"
            f" MIN(CASE WHEN direct AND {is_among('unit', handed)} THEN unit END) FROM reach GROUP BY item_id"
            " ORDER BY item_id"
        )
    )
    analyze(conn, "team_owner")
    conn.execute(sa.text("CREATE TEMPORARY TABLE team_heir (item_id INTEGER PRIMARY KEY, ranked INTEGER)"))
    conn.execute(
        sa.text(
            "INSERT INTO team_heir WITH RECURSIVE up(item_id, above) AS ("
            f" SELECT i.id, i.parent_id FROM {source.item} i LEFT JOIN team_owner o ON o.item_id = i.id"
            f" WHERE {among} AND i.parent_id IS NOT NULL AND COALESCE(o.ranked, {BELOW}) >= {BELOW}"
            f" UNION SELECT up.item_id, p.parent_id FROM up JOIN {source.item} p ON p.id = up.above"
            " WHERE p.parent_id IS NOT NULL)"
            f" SELECT up.item_id, {BELOW} + MIN(o.handed) FROM up JOIN team_owner o ON o.item_id = up.above"
            " WHERE o.handed IS NOT NULL GROUP BY up.item_id"
        )
    )
    analyze(conn, "team_heir")


def _insert(conn: sa.Connection, table: str, rows: list[tuple[int | str, int]]) -> None:
    if rows:
        conn.execute(sa.text(f"INSERT INTO {table} VALUES (:a, :b)"), [{"a": a, "b": b} for a, b in rows])


def owners(config: Config) -> list[tuple[Selector, str]]:
    """All `owns` selectors with the keys of their teams, the more specific first: the first that matches decides."""
    owns = [(selector, team.key) for team in config.teams for selector in team.owns]
    return sorted(owns, key=lambda pair: _specificity(pair[0]), reverse=True)


def _specificity(selector: Selector) -> tuple[int, int]:
    """More criteria are more specific; of as many, whole words are more specific than globs."""
    criteria = [getattr(selector, name) for name in CRITERIA if name != "connection" and getattr(selector, name)]
    whole = [words for words in criteria if not any(GLOB.search(word) for word in words)]
    return len(criteria) + len(selector.not_), len(whole)


def owners_fingerprint(config: Config) -> int:
    """A number that changes when a team or what it owns does."""
    owners = [
        (team.key, team.name, [selector.model_dump_json(by_alias=True) for selector in team.owns])
        for team in config.teams
    ]
    return zlib.crc32(repr(owners).encode())
