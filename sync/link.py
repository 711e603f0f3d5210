"""Linking: which items serve which key result, which of them count, and which team each item belongs to.

The whole of it is a few set-based statements over the stored work. A small change (`dirty` items) is linked by the same
statements over copies of the few rows concerned: the changed items, all below them and all above any of these.
"""

from collections.abc import Generator
from contextlib import contextmanager

import sqlalchemy as sa

from config import Config
from mapping.resolve import analyze, resolve
from mapping.source import WHOLE_STORE, Source
from store import meta
from sync.conventions import arrange_conventions
from sync.link_queries import link_queries
from sync.tally import Recount, among, ignored, live, outdate, role, tally
from sync.teams import assign_teams, owners_fingerprint
from sync.uncollected import uncollected

CACHE_PER_ITEM = 80
"""Bytes of SQLite's cache for each item while everything is linked: 16 MiB, as ever, up to 200,000 items."""

LARGE_CHANGE = 0.2
"""From this share of all items on, linking everything anew is the shorter way."""


@uncollected
def link(conn: sa.Connection, config: Config) -> None:
    """Brings `match`, `link`, `tally` and each item's team up to date with stored work and applied configuration.

    Works on what `dirty` lists, or on everything where the configuration changed or most items did. Empties `dirty`.
    """
    _give_room(conn)
    conventions_changed = arrange_conventions(conn, config.conventions)
    ignore_subtasks = config.counting.subtasks == "ignore"
    settings = f"{config.counting.subtasks} {config.counting.measure} {owners_fingerprint(config)}"
    everything = (
        conventions_changed
        or meta.read(conn, "relink") == "1"
        or meta.read(conn, "linked_with") != settings
        or _is_large_change(conn)
    )
    if everything:
        with _large_cache(conn):
            _link_all(conn, config, ignore_subtasks)
        meta.write(conn, {"relink": "0", "linked_with": settings})
    else:
        with _row_by_row(conn):
            _link_dirty(conn, config, ignore_subtasks)
    conn.execute(sa.text("DELETE FROM dirty"))


def _give_room(conn: sa.Connection) -> None:
    """For the rest of the transaction, lets PostgreSQL sort and join large sets in memory, and compile no statement.

    Its estimates for temporary tables are too rough to tell it when compiling pays. That it looks few rows up by an
    index instead of reading whole tables takes a price for it as of today's disks.
    """
    if conn.dialect.name == "postgresql":
        conn.execute(sa.text("SET LOCAL work_mem = '128MB'"))
        conn.execute(sa.text("SET LOCAL jit = off"))
        conn.execute(sa.text("SET LOCAL random_page_cost = 1.1"))


@contextmanager
def _row_by_row(conn: sa.Connection) -> Generator[None]:
    """PostgreSQL looks each of few rows up by an index. Unasked it reads whole tables into hashes for them.

    Little memory, as it clears as much as it may use for each search that begins: it expects millions of rows of it.
    """
    if conn.dialect.name != "postgresql":
        yield
        return
    wanted = {"enable_hashjoin": "off", "enable_mergejoin": "off", "work_mem": "4MB"}
    before = {name: conn.execute(sa.text(f"SHOW {name}")).scalar_one() for name in wanted}
    for name, value in wanted.items():
        conn.execute(sa.text(f"SET LOCAL {name} = '{value}'"))
    yield
    for name, value in before.items():
        conn.execute(sa.text(f"SET LOCAL {name} = '{value}'"))


def _is_large_change(conn: sa.Connection) -> bool:
    dirty = conn.execute(sa.text("SELECT count(*) FROM dirty")).scalar_one()
    if dirty < 1_000:
        return False
    return dirty > LARGE_CHANGE * conn.execute(sa.text("SELECT count(*) FROM work_item")).scalar_one()


# --- all -------------------------------------------------------------------------------------------------------------


@contextmanager
def _large_cache(conn: sa.Connection) -> Generator[None]:
    """SQLite keeps pages of a large store, which linking reads and writes out of order. None more for a small one."""
    if conn.dialect.name != "sqlite":
        yield
        return
    before = conn.execute(sa.text("PRAGMA cache_size")).scalar_one()
    kibibytes = conn.execute(sa.text("SELECT count(*) FROM work_item")).scalar_one() * CACHE_PER_ITEM // 1024
    size = min(before, -kibibytes)  # below 0 it is in KiB
    conn.execute(sa.text(f"PRAGMA cache_size = {size}"))
    conn.execute(sa.text(f"PRAGMA temp.cache_size = {size}"))
    yield
    conn.execute(sa.text(f"PRAGMA cache_size = {before}"))
    conn.execute(sa.text(f"PRAGMA temp.cache_size = {before}"))


@contextmanager
def _indexed_at_the_end(conn: sa.Connection, table: str) -> Generator[None]:
    """SQLite makes an index of a full table by sorting, several times as fast as entry by entry.

    PostgreSQL keeps its indexes: to take one away would hold up all who read until the transaction ends.
    """
    if conn.dialect.name != "sqlite":
        yield
        return
    query = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = :table AND sql IS NOT NULL"
    indexes = conn.execute(sa.text(query), {"table": table}).all()
    for name, _ in indexes:
        conn.execute(sa.text(f"DROP INDEX {name}"))
    yield
    for _, ddl in indexes:
        conn.exec_driver_sql(ddl)


def _link_all(conn: sa.Connection, config: Config, ignore_subtasks: bool) -> None:
    if conn.dialect.name == "sqlite":
        conn.execute(sa.text("PRAGMA analysis_limit = 400"))
    conn.execute(sa.text("ANALYZE"))
    assign_teams(conn, config, WHOLE_STORE, None)
    resolve(conn, link_queries(conn, config.conventions, WHOLE_STORE), WHOLE_STORE)
    with _indexed_at_the_end(conn, "match"):
        conn.execute(sa.text("DELETE FROM match"))
        # In the order of the key: a database writes that several times as fast.
        conn.execute(
            sa.text(
                "INSERT INTO match (mapping_id, item_id, direct)"
                " SELECT unit, item_id, direct FROM reach ORDER BY unit, item_id"
            )
        )
    with _indexed_at_the_end(conn, "link"):
        conn.execute(sa.text("DELETE FROM link"))
        _insert_links(conn, "match", ignore_subtasks)
        _mark_containers(conn, None, None, ignore_subtasks)
        if config.counting.measure != "count":
            _set_sizes(conn, None)
    for table in ("match", "link"):  # for the queries of the same transaction
        analyze(conn, table)
    _count_matches(conn, None)
    tally(conn, None)


# --- a few -----------------------------------------------------------------------------------------------------------


def _link_dirty(conn: sa.Connection, config: Config, ignore_subtasks: bool) -> None:
    if conn.execute(sa.text("SELECT 1 FROM dirty LIMIT 1")).first() is None:
        return
    source = _copy_family(conn)
    recount = Recount(conn, "SELECT item_id FROM family")
    assign_teams(conn, config, source, "SELECT item_id FROM target")
    before = _key_results_of_targets(conn)
    resolve(conn, link_queries(conn, config.conventions, source), source)
    conn.execute(sa.text("DELETE FROM match WHERE item_id IN (SELECT item_id FROM target)"))
    conn.execute(
        sa.text(
            "INSERT INTO match (mapping_id, item_id, direct)"
            " SELECT r.unit, r.item_id, r.direct FROM reach r JOIN target t ON t.item_id = r.item_id"
        )
    )
    conn.execute(sa.text("DELETE FROM link WHERE item_id IN (SELECT item_id FROM target)"))
    _insert_links(conn, "(SELECT x.* FROM target t CROSS JOIN match x WHERE x.item_id = t.item_id)", ignore_subtasks)
    changed = frozenset(before | _key_results_of_targets(conn))
    _reset_leaves(conn, changed, ignore_subtasks)
    _mark_containers(conn, "SELECT item_id FROM below", "SELECT id FROM family_item", ignore_subtasks)
    _count_matches(conn, changed)
    if config.counting.measure == "count":
        recount.finish()
        outdate(conn, changed)
    else:
        tally(conn, _set_sizes(conn, changed))


def _copy_family(conn: sa.Connection) -> Source:
    """Copies of all rows that decide the links of the dirty items: `target` (they and all below), and all above those.

    `below` are the family and all below it: what decides which of the family are containers.
    """
    # CROSS JOIN keeps SQLite from walking a large table to look each row up among the few.
    for table in ("target", "family", "below", "family_item", "family_tag", "family_container"):
        conn.execute(sa.text(f"DROP TABLE IF EXISTS {table}"))
    _closure(
        conn,
        "target",
        "SELECT d.item_id FROM dirty d WHERE EXISTS (SELECT 1 FROM work_item i WHERE i.id = d.item_id)",
        down=True,
    )
    _closure(conn, "family", "SELECT item_id FROM target", down=False)
    _closure(conn, "below", "SELECT item_id FROM family", down=True)
    for table, select, index in (
        ("family_item", "SELECT i.* FROM family f CROSS JOIN work_item i WHERE i.id = f.item_id", "id"),
        ("family_tag", "SELECT t.* FROM family f CROSS JOIN work_tag t WHERE t.item_id = f.item_id", "tag_id"),
        (
            "family_container",
            "SELECT c.* FROM family f CROSS JOIN work_container c WHERE c.item_id = f.item_id",
            "container_id",
        ),
    ):
        conn.execute(sa.text(f"CREATE TEMPORARY TABLE {table} AS {select}"))
        conn.execute(sa.text(f"CREATE INDEX ix_{table} ON {table} ({index})"))
        analyze(conn, table)
    conn.execute(sa.text("CREATE INDEX ix_family_item_parent ON family_item (parent_id)"))

    def occurring(query: str) -> frozenset[int]:
        return frozenset(conn.execute(sa.text(query)).scalars())

    present = {
        "item": occurring("SELECT id FROM family_item"),
        "tag": occurring("SELECT DISTINCT tag_id FROM family_tag"),
        "container": occurring("SELECT DISTINCT container_id FROM family_container"),
        "scope": occurring("SELECT DISTINCT scope_id FROM family_item"),
        "connection": occurring("SELECT DISTINCT connection_id FROM family_item"),
        "team": occurring("SELECT id FROM team"),
    }
    return Source("family_item", "family_tag", "family_container", present)


def _closure(conn: sa.Connection, table: str, start: str, *, down: bool) -> None:
    """Fills the temporary `table` (item_id) with what `start` selects and all below or above it."""
    step = (
        "SELECT c.id FROM walk JOIN work_item c ON c.parent_id = walk.item_id"
        if down
        # A subquery, not a join: for a join SQLite first reads the whole table into a filter.
        else "SELECT (SELECT c.parent_id FROM work_item c WHERE c.id = walk.item_id) FROM walk"
        " WHERE walk.item_id IS NOT NULL"
    )
    conn.execute(sa.text(f"CREATE TEMPORARY TABLE {table} (item_id INTEGER PRIMARY KEY)"))
    conn.execute(
        sa.text(
            f"INSERT INTO {table} (item_id) WITH RECURSIVE walk(item_id) AS ({start} UNION {step})"
            " SELECT item_id FROM walk WHERE item_id IS NOT NULL"
        )
    )
    analyze(conn, table)


def _key_results_of_targets(conn: sa.Connection) -> set[int]:
    query = "SELECT DISTINCT l.key_result_id FROM target t CROSS JOIN link l WHERE l.item_id = t.item_id"
    return set(conn.execute(sa.text(query)).scalars())


# --- the steps that both share ---------------------------------------------------------------------------------------


def _insert_links(conn: sa.Connection, matches: str, ignore_subtasks: bool) -> None:
    """One link per key result and item of `matches`, by the first mapping in order; a leaf until shown otherwise."""
    conn.execute(
        sa.text(
            "INSERT INTO link (key_result_id, item_id, mapping_id, team_id, direct, role, counted, size, imputed,"
            " state, moved_at, finished_at) SELECT f.key_result_id, f.item_id, f.ranked % 4294967296,"
            " COALESCE(i.team_id, 0), f.direct = 1,"
            f" {_as_leaf(ignore_subtasks)}, i.state, i.updated_at,"
            " CASE WHEN i.state = 'done' THEN COALESCE(i.closed_at, i.updated_at) END"
            # The mapping with the lowest position: position and id in one number, of which the minimum is taken.
            " FROM (SELECT m.key_result_id, x.item_id, MIN(CAST(m.position AS BIGINT) * 4294967296 + m.id) AS ranked,"
            " MAX(CASE WHEN x.direct THEN 1 ELSE 0 END) AS direct"
            f" FROM {matches} x JOIN mapping m ON m.id = x.mapping_id WHERE m.key_result_id IS NOT NULL"
            " GROUP BY m.key_result_id, x.item_id) f JOIN work_item i ON i.id = f.item_id"
            " ORDER BY f.key_result_id, f.item_id"
        )
    )


def _as_leaf(ignore_subtasks: bool) -> str:
    """Role, counted, size and imputed of a link while nothing is known to lie below its item."""
    counted = f"({live('i')} AND NOT {ignored('i', ignore_subtasks)})"
    return f"{role('i', ignore_subtasks)}, {counted}, CASE WHEN {counted} THEN 1.0 END, FALSE"


def _reset_leaves(conn: sa.Connection, key_results: frozenset[int], ignore_subtasks: bool) -> None:
    """Links of all items of the family to these key results are leaves again, until shown otherwise."""
    conn.execute(
        sa.text(
            "UPDATE link SET (role, counted, size, imputed) ="
            f" (SELECT {_as_leaf(ignore_subtasks)} FROM family_item i WHERE i.id = link.item_id)"
            # The plus keeps databases from looking each pair up: few links of the family are of other key results.
            f" WHERE item_id IN (SELECT item_id FROM family) AND {among('+key_result_id', key_results)}"
        )
    )


def _mark_containers(conn: sa.Connection, members: str | None, candidates: str | None, ignore_subtasks: bool) -> None:
    """Makes containers of links whose items have linked descendants; where none of these is live, the item counts on.

    Descendants at any distance: an item between the two need not be linked itself. Ignored sub-tasks are none.
    `candidates` selects the items that may be containers, `members` those that may lie below them; None: all.
    """
    among_members = "TRUE" if members is None else f"l.item_id IN ({members})"
    among_candidates = "TRUE" if candidates is None else f"link.item_id IN ({candidates})"
    conn.execute(sa.text("DROP TABLE IF EXISTS above"))
    conn.execute(
        sa.text(
            "CREATE TEMPORARY TABLE above AS"
            " WITH RECURSIVE up(key_result_id, item_id, live) AS ("
            f" SELECT l.key_result_id, i.parent_id, CASE WHEN {live('i')} THEN 1 ELSE 0 END"
            # CROSS JOIN: SQLite is to walk the links and to look the items up.
            " FROM link l CROSS JOIN work_item i"
            f" WHERE i.id = l.item_id AND i.parent_id IS NOT NULL AND NOT {ignored('i', ignore_subtasks)}"
            f" AND {among_members}"
            " UNION SELECT up.key_result_id,"
            " (SELECT p.parent_id FROM work_item p WHERE p.id = up.item_id), up.live FROM up"
            " WHERE up.item_id IS NOT NULL)"
            " SELECT key_result_id, item_id, MAX(live) AS live FROM up WHERE item_id IS NOT NULL"
            " GROUP BY key_result_id, item_id"
        )
    )
    conn.execute(sa.text("CREATE INDEX ix_above ON above (key_result_id, item_id)"))
    analyze(conn, "above")
    conn.execute(
        sa.text(
            "UPDATE link SET counted = link.counted AND a.live = 0, size = CASE WHEN a.live = 0 THEN link.size END,"
            " role = CASE WHEN link.role = 'descoped' THEN 'dropped'"
            " WHEN link.role = 'counted' AND a.live = 1 THEN 'container' ELSE link.role END FROM above a"
            " WHERE a.key_result_id = link.key_result_id AND a.item_id = link.item_id"
            f" AND {among_candidates}"
        )
    )


def _set_sizes(conn: sa.Connection, key_results: frozenset[int] | None) -> frozenset[int] | None:
    """The size of each counted link: the item's estimate, or where it has none the nearest median.

    Gives the key results whose sizes were set: all, where the median of a connection changed.
    """
    for table in ("median_of_key_result", "median_of_connection"):
        conn.execute(sa.text(f"DROP TABLE IF EXISTS {table}"))
    _medians(
        conn,
        "median_of_connection",
        "SELECT connection_id AS id, estimate AS value FROM work_item"
        " WHERE estimate IS NOT NULL AND presence = 'present'",
    )
    medians = repr(conn.execute(sa.text("SELECT id, value FROM median_of_connection ORDER BY id")).all())
    if meta.read(conn, "medians") != medians:
        key_results = None
        meta.write(conn, {"medians": medians})
    _medians(
        conn,
        "median_of_key_result",
        "SELECT l.key_result_id AS id, i.estimate AS value FROM link l JOIN work_item i ON i.id = l.item_id"
        f" WHERE l.counted AND i.estimate IS NOT NULL AND {among('l.key_result_id', key_results)}",
    )
    conn.execute(
        sa.text(
            "UPDATE link SET imputed = link.counted AND i.estimate IS NULL,"
            " size = CASE WHEN link.counted THEN COALESCE(i.estimate,"
            " (SELECT k.value FROM median_of_key_result k WHERE k.id = link.key_result_id),"
            " (SELECT c.value FROM median_of_connection c WHERE c.id = i.connection_id), 1.0) END"
            f" FROM work_item i WHERE i.id = link.item_id AND {among('link.key_result_id', key_results)}"
        )
    )
    return key_results


def _medians(conn: sa.Connection, table: str, values: str) -> None:
    """Median by id; of an even count the mean of the middle two."""
    conn.execute(
        sa.text(
            f"CREATE TEMPORARY TABLE {table} AS SELECT id, AVG(value) AS value FROM ("
            " SELECT id, value, ROW_NUMBER() OVER (PARTITION BY id ORDER BY value) AS place,"
            f" COUNT(*) OVER (PARTITION BY id) AS among FROM ({values}) v) ranked"
            " WHERE place IN ((among + 1) / 2, (among + 2) / 2) GROUP BY id"
        )
    )


def _count_matches(conn: sa.Connection, key_results: frozenset[int] | None) -> None:
    """How many items each mapping matches, and whether another mapping of its key result matches all of them."""
    if key_results == frozenset():
        return
    conn.execute(
        sa.text(
            "UPDATE mapping SET covered_by = NULL,"
            " matched = (SELECT COUNT(*) FROM match x WHERE x.mapping_id = mapping.id)"
            f" WHERE {among('key_result_id', key_results)}"
        )
    )
    conn.execute(
        sa.text(
            "UPDATE mapping SET covered_by = (SELECT MIN(o.id) FROM mapping o"
            " WHERE o.key_result_id = mapping.key_result_id AND o.id <> mapping.id AND o.via = 'mapping'"
            " AND (o.matched > mapping.matched OR (o.matched = mapping.matched AND o.position < mapping.position))"
            " AND NOT EXISTS (SELECT 1 FROM match x WHERE x.mapping_id = mapping.id AND NOT EXISTS ("
            " SELECT 1 FROM match y WHERE y.mapping_id = o.id AND y.item_id = x.item_id)))"
            f" WHERE via = 'mapping' AND matched > 0 AND {among('key_result_id', key_results)}"
        )
    )
