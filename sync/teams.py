"""Which team each item belongs to."""

import zlib

import sqlalchemy as sa

from config import Config, Selector
from config.work import CRITERIA
from mapping.resolve import WHOLE_STORE, Source, analyze, compile_all, resolve
from mapping.vocabulary import GLOB
from store import fold


def assign_teams(conn: sa.Connection, config: Config, source: Source, targets: str) -> None:
    """Sets each target's team: by the tool's own team field where it names one, else by the first `owns` that matches.

    More specific selectors come before less specific ones, and what matches itself before what lies below a match.
    `targets` selects the ids of the items to set; `source` holds them and all above them.
    """
    teams = conn.execute(sa.text("SELECT id, key, name FROM team WHERE NOT archived")).all()
    by_key = {team.key: team.id for team in teams}
    by_word = {fold(word): team.id for team in teams for word in (team.name, team.key)}
    owns = [(selector, by_key[key]) for selector, key in owners(config)]
    for table in ("team_rank", "team_word", "team_of"):
        conn.execute(sa.text(f"DROP TABLE IF EXISTS {table}"))
    resolve(conn, compile_all(conn, {rank: selector for rank, (selector, _) in enumerate(owns, 1)}), source)
    conn.execute(sa.text("CREATE TEMPORARY TABLE team_rank (unit INTEGER PRIMARY KEY, team_id INTEGER)"))
    _insert(conn, "team_rank", [(rank, team_id) for rank, (_, team_id) in enumerate(owns, 1)])
    conn.execute(sa.text("CREATE TEMPORARY TABLE team_word (word TEXT PRIMARY KEY, team_id INTEGER)"))
    named = conn.execute(sa.text(f"SELECT DISTINCT team_word FROM {source.item} WHERE team_word IS NOT NULL")).scalars()
    _insert(conn, "team_word", [(word, by_word[fold(word)]) for word in named.all() if fold(word) in by_word])
    conn.execute(
        sa.text(
            "CREATE TEMPORARY TABLE team_of AS SELECT r.item_id,"
            " MIN(CASE WHEN r.direct THEN 0 ELSE 1000000 END + r.unit) AS ranked FROM reach r GROUP BY r.item_id"
        )
    )
    conn.execute(sa.text("CREATE INDEX ix_team_of ON team_of (item_id)"))
    analyze(conn, "team_of")
    for table in ("work_item",) if source is WHOLE_STORE else ("work_item", source.item):
        conn.execute(
            sa.text(
                f"UPDATE {table} SET team_id = n.team_id FROM (SELECT i.id, COALESCE(w.team_id, k.team_id) AS team_id"
                f" FROM {source.item} i LEFT JOIN team_word w ON w.word = i.team_word"
                " LEFT JOIN team_of o ON o.item_id = i.id LEFT JOIN team_rank k ON k.unit = o.ranked % 1000000) n"
                f" WHERE n.id = {table}.id AND n.team_id IS DISTINCT FROM {table}.team_id"
                f" AND {table}.id IN ({targets})"
            )
        )


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
