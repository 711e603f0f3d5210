"""The public views of findings and barriers, with what people said to them."""

from store.dialect import Dialect


def _in_force(d: Dialect, decision: str) -> str:
    return f"({decision}.until IS NULL OR {decision}.until >= {d.active_day()})"


def findings(d: Dialect) -> str:
    """Findings, each with the decision that is in force and the latest acknowledgement since it opened."""
    return f"""
    SELECT f.code, f.severity, f.subject_kind, f.subject, f.team, f.reason, f.summary, f.evidence,
        {d.instant("f.opened_at")} AS opened_at, {d.instant("f.last_seen_at")} AS last_seen_at,
        {d.instant("f.resolved_at")} AS resolved_at, e.decision, e.who AS decided_by, e.until AS decided_until,
        f.days_left_when_opened, a.who AS acknowledged_by, {d.instant("a.at")} AS acknowledged_at
    FROM finding f
    LEFT JOIN ({_since_opened("decision")}) ed ON ed.finding_id = f.id
    LEFT JOIN decision e ON e.id = ed.latest AND {_in_force(d, "e")}
    LEFT JOIN ({_since_opened("acknowledgement")}) ad ON ad.finding_id = f.id
    LEFT JOIN acknowledgement a ON a.id = ad.latest
    """


def _since_opened(table: str) -> str:
    """The latest row about each finding since it opened. Grouped, and not looked up for each finding: a database that
    has no statistics of these tables yet would else compare all with all.
    """
    return (
        f"SELECT x.finding_id, max(x.id) AS latest FROM {table} x JOIN finding g ON g.id = x.finding_id"
        " WHERE x.at >= g.opened_at GROUP BY x.finding_id"
    )


def barriers(d: Dialect) -> str:
    """Barriers by the finding or the objection that raised them.

    What was said counts to a finding's barrier from its opening to its end, so that a later cycle begins anew.
    """
    return f"""
    SELECT cy.key AS cycle, coalesce(f.code, 'objection') AS code,
        coalesce(f.subject_kind, 'key_result') AS subject_kind,
        coalesce(f.subject, k.key) AS subject, coalesce(f.team, t.key) AS team, coalesce(b.kind, f.reason) AS reason,
        CASE WHEN f.id IS NOT NULL THEN f.summary
             ELSE t.key || ' objects to ' || k.key || ' (' || b.kind || ')' || coalesce(': ' || b.note, '') END
            AS summary,
        CASE WHEN b.ended_at IS NOT NULL THEN 'ended' WHEN e.id IS NULL THEN
                 CASE WHEN a.id IS NULL THEN 'raised' ELSE 'discussed' END
             WHEN {_in_force(d, "e")} THEN 'decided' ELSE 'expired' END AS state,
        {d.instant("b.raised_at")} AS raised_at, b.who AS raised_by, b.days_left AS days_left_when_raised,
        a.who AS acknowledged_by, {d.instant("a.at")} AS acknowledged_at,
        e.decision, e.who AS decided_by, {d.instant("e.at")} AS decided_at, e.until AS decided_until,
        {d.days_between("b.raised_on", "e1.day")} AS days_to_decision, {d.instant("b.ended_at")} AS ended_at
    FROM barrier b
    LEFT JOIN cycle cy ON cy.id = b.cycle_id
    LEFT JOIN finding f ON f.id = b.finding_id
    LEFT JOIN key_result k ON k.id = b.key_result_id
    LEFT JOIN team t ON t.id = b.team_id
    LEFT JOIN ({_said("decision")}) ed ON ed.barrier_id = b.id
    LEFT JOIN decision e ON e.id = ed.latest
    LEFT JOIN decision e1 ON e1.id = ed.first
    LEFT JOIN ({_said("acknowledgement")}) ad ON ad.barrier_id = b.id
    LEFT JOIN acknowledgement a ON a.id = ad.latest
    """


def _said(table: str) -> str:
    """The first row about each barrier, and the latest: while it stands, of the finding's present occurrence only."""
    return f"""
        SELECT barrier_id, min(id) AS first, max(CASE WHEN present THEN id END) AS latest FROM (
            SELECT x.barrier_id, x.id, TRUE AS present FROM {table} x WHERE x.barrier_id IS NOT NULL
            UNION ALL
            SELECT b.id, x.id, b.ended_at IS NOT NULL OR x.at >= f.opened_at
            FROM barrier b JOIN finding f ON f.id = b.finding_id JOIN {table} x ON x.finding_id = b.finding_id
            WHERE x.at >= b.raised_at AND (b.ended_at IS NULL OR x.at <= b.ended_at)) s
        GROUP BY barrier_id"""
