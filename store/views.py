"""The public views, as code: what others build on. They are dropped and created anew around every upgrade."""

from collections.abc import Callable

import sqlalchemy as sa

from store import voice_views
from store.dialect import Dialect
from store.team_alignment_view import team_alignment
from store.view_columns import VIEWS
from store.view_parts import IS_INTENTIONAL, SIZE, is_linked, is_unaligned

VERSION = 1
"""Edition of the views. It grows when a view or column is added or changes its meaning."""


def _key_results(d: Dialect) -> str:
    return f"""
    SELECT cy.key AS cycle, cy.starts_on AS cycle_start, cy.ends_on AS cycle_end, o.key AS objective,
        o.title AS objective_title, k.key AS key_result, k.title, t.key AS team, coalesce(k.owner, o.owner) AS owner,
        th.key AS theme, o.kind, m.outcome, m.outcome_value,
        {d.number(d.definition("metric", "start"))} AS outcome_start,
        {d.number(d.definition("metric", "target"))} AS outcome_target,
        {d.definition("metric", "unit")} AS unit, m.delivery, m.expected, m.pace, m.confidence, m.health,
        m.health_reason, m.work_total, m.work_todo, m.work_in_progress, m.work_done, m.work_descoped, m.size_total,
        m.size_done, m.size_imputed, m.lever_share, fc.p50 AS forecast_p50,
        fc.p85 AS forecast_p85, fc.chance AS chance_by_end,
        coalesce(f.findings, 0) AS open_findings, {d.instant("m.last_check_in_at")} AS last_check_in_at,
        {d.instant("m.work_moved_at")} AS work_moved_at, {d.instant("m.measured_at")} AS measured_at
    FROM key_result k
    JOIN objective o ON o.id = k.objective_id
    JOIN cycle cy ON cy.id = o.cycle_id
    LEFT JOIN team t ON t.id = coalesce(k.team_id, o.team_id)
    LEFT JOIN theme th ON th.id = o.theme_id
    LEFT JOIN measure m ON m.key_result_id = k.id
    LEFT JOIN forecast fc ON fc.key_result_id = k.id
    LEFT JOIN (SELECT subject, count(*) AS findings FROM finding
               WHERE resolved_at IS NULL AND subject_kind = 'key_result' GROUP BY subject) f ON f.subject = k.key
    WHERE NOT k.archived
    """


def _key_result_days(_d: Dialect) -> str:
    return """
    SELECT s.day, k.key AS key_result, s.outcome, s.delivery, s.expected, s.confidence, s.health, s.work_total,
        s.work_done, s.size_total, s.size_done, s.chance_by_end, s.rebuilt, s.outcome_value, s.work_in_progress,
        s.work_descoped
    FROM snapshot s
    JOIN key_result k ON k.id = s.key_result_id
    """


_WORST = """
        CASE max(CASE m.health WHEN 'at_risk' THEN 6 WHEN 'behind' THEN 5 WHEN 'stale' THEN 4 WHEN 'unknown' THEN 3
                               WHEN 'on_track' THEN 2 WHEN 'closed' THEN 1 END)
            WHEN 6 THEN 'at_risk' WHEN 5 THEN 'behind' WHEN 4 THEN 'stale' WHEN 3 THEN 'unknown'
            WHEN 2 THEN 'on_track' WHEN 1 THEN 'closed' END AS health"""


def _mean(column: str) -> str:
    weight = f"sum(CASE WHEN m.{column} IS NOT NULL THEN k.weight END)"
    return f"sum(k.weight * m.{column}) / nullif({weight}, 0) AS {column}"


def _objectives(_d: Dialect) -> str:
    return f"""
    SELECT cy.key AS cycle, o.key AS objective, o.title, t.key AS team, th.key AS theme,
        (SELECT min(s.target_key) FROM support s WHERE s.objective_id = o.id) AS parent,
        n.outcome, n.delivery, n.health, coalesce(n.key_results, 0) AS key_results,
        coalesce(n.without_work, 0) AS key_results_without_work,
        coalesce(n.without_outcome, 0) AS key_results_without_outcome
    FROM objective o
    JOIN cycle cy ON cy.id = o.cycle_id
    LEFT JOIN team t ON t.id = o.team_id
    LEFT JOIN theme th ON th.id = o.theme_id
    LEFT JOIN (
        SELECT k.objective_id, {_mean("outcome")}, {_mean("delivery")}, {_WORST}, count(*) AS key_results,
            sum(CASE WHEN coalesce(m.work_total, 0) = 0 THEN 1 ELSE 0 END) AS without_work,
            sum(CASE WHEN m.outcome IS NULL THEN 1 ELSE 0 END) AS without_outcome
        FROM key_result k LEFT JOIN measure m ON m.key_result_id = k.id
        WHERE NOT k.archived GROUP BY k.objective_id
    ) n ON n.objective_id = o.id
    WHERE NOT o.archived
    """


def _work(d: Dialect) -> str:
    # The outer joins always find their row. They tell SQLite to begin with the items: it would else walk all of them
    # once for each scope when it knows of few scopes.
    versions = (
        "x.title AS v FROM work_container wc JOIN container x ON x.id = wc.container_id"
        " WHERE wc.item_id = w.id AND x.kind = 'version'"
    )
    labels = "g.value AS v FROM work_tag wt JOIN tag g ON g.id = wt.tag_id WHERE wt.item_id = w.id AND g.kind = 'label'"
    keys = (
        "k.key AS v FROM link l JOIN key_result k ON k.id = l.key_result_id WHERE l.item_id = w.id AND NOT k.archived"
    )
    return f"""
    SELECT c.name AS connection, s.key AS scope, w.key, w.url, w.type, w.level, w.title, w.state, w.status,
        t.key AS team, coalesce(p.key, w.parent_ref_key) AS parent_key,
        (SELECT min(x.title) FROM work_container wc JOIN container x ON x.id = wc.container_id
         WHERE wc.item_id = w.id AND x.kind = 'milestone') AS milestone,
        {d.texts(versions)} AS versions, {d.texts(labels)} AS labels, w.estimate,
        {d.instant("w.created_at")} AS created_at, {d.instant("w.started_at")} AS started_at,
        {d.instant("w.closed_at")} AS closed_at, w.due_on, {d.instant("w.updated_at")} AS updated_at,
        {d.texts(keys)} AS key_results,
        {d.number(f"CASE WHEN {is_linked(d)} OR {IS_INTENTIONAL} THEN 0 ELSE 1 END")} AS share_unaligned, w.presence,
        {d.instant("w.gone_at")} AS gone_at
    FROM work_item w
    LEFT JOIN connection c ON c.id = w.connection_id
    LEFT JOIN scope s ON s.id = w.scope_id
    LEFT JOIN team t ON t.id = w.team_id
    LEFT JOIN work_item p ON p.id = w.parent_id
    """


def _links(_d: Dialect) -> str:
    return """
    SELECT k.key AS key_result, w.key AS item_key, c.name AS connection, m.via, m.text AS mapping, l.direct, l.counted,
        CASE WHEN l.counted THEN l.size END AS size, CASE WHEN l.counted THEN l.imputed END AS imputed, w.state
    FROM link l
    JOIN key_result k ON k.id = l.key_result_id AND NOT k.archived
    JOIN work_item w ON w.id = l.item_id
    LEFT JOIN connection c ON c.id = w.connection_id
    LEFT JOIN mapping m ON m.id = l.mapping_id
    """


def _unaligned_work(d: Dialect) -> str:
    return f"""
    SELECT c.name AS connection, w.key, w.url, w.title, w.level, t.key AS team, s.key AS scope,
        {SIZE} AS size,
        {d.days_since("coalesce(w.started_at, w.created_at)")} AS age_days,
        k.key AS suggested_key_result,
        CASE WHEN k.id IS NOT NULL THEN g.score END AS suggestion_score
    FROM work_item w
    LEFT JOIN connection c ON c.id = w.connection_id
    LEFT JOIN scope s ON s.id = w.scope_id
    LEFT JOIN team t ON t.id = w.team_id
    LEFT JOIN suggestion g ON g.item_id = w.id
    LEFT JOIN key_result k ON k.id = g.key_result_id AND NOT k.archived
    WHERE {is_unaligned(d)}
    """


def _containers(d: Dialect) -> str:
    keys = (
        "k.key AS v FROM work_container wc JOIN link l ON l.item_id = wc.item_id"
        " JOIN key_result k ON k.id = l.key_result_id WHERE wc.container_id = x.id AND NOT k.archived"
    )

    return f"""
    SELECT c.name AS connection, s.key AS scope, x.kind, x.title, x.url, x.state, x.starts_on, x.due_on,
        {d.instant("x.closed_at")} AS closed_at, coalesce(n.total, 0) AS work_total, coalesce(n.done, 0) AS work_done,
        {d.texts(keys)} AS key_results
    FROM container x
    LEFT JOIN connection c ON c.id = x.connection_id
    LEFT JOIN scope s ON s.id = x.scope_id
    LEFT JOIN (
        SELECT wc.container_id, count(*) AS total, sum(CASE WHEN w.state = 'done' THEN 1 ELSE 0 END) AS done
        FROM work_container wc JOIN work_item w ON w.id = wc.item_id
        WHERE w.presence = 'present' AND w.level <> 'subtask' AND w.state <> 'cancelled' GROUP BY wc.container_id
    ) n ON n.container_id = x.id
    """


def _sync_runs(d: Dialect) -> str:
    return f"""
    SELECT {d.instant("r.started_at")} AS started_at, {d.instant("r.finished_at")} AS finished_at, r.outcome, r.read,
        r.changed, r.set_aside, r.requests, r.not_modified, r.waited_s, r.error, r.run_id AS run, c.name AS connection,
        s.key AS scope
    FROM run_scope r
    LEFT JOIN connection c ON c.id = r.connection_id
    LEFT JOIN scope s ON s.id = r.scope_id
    """


def _scopes(d: Dialect) -> str:
    return f"""
    SELECT c.name AS connection, s.kind, s.key AS name,
        (SELECT count(*) FROM work_item w WHERE w.scope_id = s.id AND w.presence = 'present') AS items,
        {d.instant("i.watermark")} AS watermark, {d.instant("s.last_ok_at")} AS last_ok_at,
        {d.seconds_since("s.last_ok_at")} AS age_s,
        CASE WHEN NOT s.visible THEN 'not_visible' WHEN s.error IS NOT NULL OR c.error IS NOT NULL THEN 'failing'
             WHEN s.last_ok_at IS NULL THEN 'never_read' WHEN s.held_back IS NOT NULL THEN 'held_back'
             ELSE 'ok' END AS state,
        s.name AS title
    FROM scope s
    JOIN connection c ON c.id = s.connection_id AND NOT c.archived
    LEFT JOIN stream_state i ON i.scope_id = s.id AND i.stream = 'items'
    """


def _schema_version(_d: Dialect) -> str:
    return f"SELECT {VERSION} AS version, version_num AS migration FROM alembic_version"


_QUERIES: dict[str, Callable[[Dialect], str]] = {
    "northing_key_results": _key_results,
    "northing_key_result_days": _key_result_days,
    "northing_objectives": _objectives,
    "northing_work": _work,
    "northing_links": _links,
    "northing_unaligned_work": _unaligned_work,
    "northing_containers": _containers,
    "northing_findings": voice_views.findings,
    "northing_barriers": voice_views.barriers,
    "northing_team_alignment": team_alignment,
    "northing_sync_runs": _sync_runs,
    "northing_scopes": _scopes,
    "northing_schema_version": _schema_version,
}


def statements(dialect: str) -> list[str]:
    """The statements that create all views, with their comments on PostgreSQL."""
    words = Dialect(dialect)
    found = [f"CREATE VIEW {name} AS {query(words).strip()}" for name, query in _QUERIES.items()]
    if not words.sqlite:
        for name, (comment, columns) in VIEWS.items():
            found.append(f"COMMENT ON VIEW {name} IS {_quoted(comment)}")
            found += [f"COMMENT ON COLUMN {name}.{column} IS {_quoted(text)}" for column, text in columns.items()]
    return found


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def create_views(conn: sa.Connection) -> None:
    """Create all public views. There must be none."""
    for statement in statements(conn.dialect.name):
        conn.exec_driver_sql(statement)


def drop_views(conn: sa.Connection) -> None:
    """Drop all public views, those of former editions included."""
    for name in sa.inspect(conn).get_view_names():
        if name.startswith("northing_"):
            conn.exec_driver_sql(f"DROP VIEW {name}")
