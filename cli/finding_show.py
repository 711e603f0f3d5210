"""Showing findings and objections with what people said to them."""

from typing import Any

from cli.check import FINDINGS, line, open_findings
from cli.reader import Reader, Row, from_json, reading
from cli.selection import Selection
from cli.session import Failure, Session

OBJECTIONS = """
    SELECT * FROM northing_barriers WHERE code = 'objection' AND ended_at IS NULL ORDER BY raised_at, subject, team
"""
SUPPRESSED = "SELECT * FROM suppressed ORDER BY code, subject"
ONE = "SELECT * FROM northing_findings WHERE code = :code AND subject = :subject ORDER BY subject_kind"
CHANGES_OF_FINDING = """
    SELECT c.at, c.change, c.severity, c.who, c.words
    FROM finding_change c JOIN finding f ON f.id = c.finding_id
    WHERE f.code = :code AND f.subject = :subject AND f.subject_kind = :kind ORDER BY c.id
"""
OBJECTIONS_TO = """
    SELECT b.id, k.key AS key_result, t.key AS team, b.kind, b.who, b.note, b.raised_at, b.days_left, b.ended_at
    FROM barrier b JOIN key_result k ON k.id = b.key_result_id JOIN team t ON t.id = b.team_id
    WHERE k.key = :subject ORDER BY b.id
"""
CHANGES_OF_OBJECTION = """
    SELECT c.at, c.change, c.severity, c.who, c.words FROM finding_change c WHERE c.barrier_id = :id ORDER BY c.id
"""


def show_list(at: Session, chosen: Selection, team: str | None, *, suppressed: bool) -> None:
    """Prints the open findings that are chosen, and the standing objections; on demand what is suppressed, too.

    `team`: only what concerns it and the teams below it. Raises Failure where there is no such team.
    """
    from cli.standing import subtree

    with reading(at) as reader:
        teams = subtree(reader, team) if team is not None else None
        findings = [row for row in open_findings(reader.rows(FINDINGS)) if chosen.takes(row["code"])]
        objections = [] if chosen.wanted else reader.rows(OBJECTIONS)
        silenced = [row for row in reader.rows(SUPPRESSED) if chosen.takes(row["code"])] if suppressed else []
    findings, objections, silenced = (
        [row for row in rows if teams is None or row["team"] in teams] for rows in (findings, objections, silenced)
    )
    if at.json:
        found = {"findings": findings, "objections": objections}
        at.data(found | ({"suppressed": silenced} if suppressed else {}))
        return
    for row in findings:
        at.say(line(row))
    for row in objections:
        at.say(line({**row, "severity": row["state"]}))
    for row in silenced:
        at.say(
            f"{row['subject']}: {row['code']} {row['severity']}: {row['summary']}"
            f" [suppressed until {row['until']}: {row['why']}]"
        )
    if not (findings or objections or silenced):
        at.say("No findings.")


def show_one(at: Session, code: str, subject: str) -> None:
    """Prints a finding, open or not, or all objections to a key result. Raises Failure where there is none."""
    with reading(at) as reader:
        found = (
            _objections(reader, subject) if code.lower() == "objection" else _findings(reader, code.upper(), subject)
        )
        if not found:
            raise _unknown(reader, code, subject)
    if at.json:
        at.data([row for _, row in found])
        return
    for number, (words, row) in enumerate(found):
        if number:
            at.say()
        at.say(words)
        for change in row["changes"]:
            at.say(f"  {_told(change)}")


def _told(change: Row) -> str:
    what = f"{change['change']} by {change['who']}" if change["who"] else change["change"]
    grave = f" ({change['severity']})" if change["change"] in ("opened", "escalated", "eased") else ""
    return f"{change['at']}  {what}{grave}{': ' + change['words'] if change['words'] else ''}"


def _findings(reader: Reader, code: str, subject: str) -> list[tuple[str, Row]]:
    """Each finding in words and as data."""
    found = []
    for row in reader.rows(ONE, code=code, subject=subject):
        changes = reader.rows(CHANGES_OF_FINDING, code=code, subject=subject, kind=row["subject_kind"])
        ended = f" (ended {row['resolved_at']})" if row["resolved_at"] else ""
        data = {**row, "evidence": from_json(row["evidence"]), "changes": [_dated(one) for one in changes]}
        found.append((line(row) + ended, data))
    return found


def _objections(reader: Reader, key: str) -> list[tuple[str, Row]]:
    """Each objection in words and as data, the withdrawn ones included."""
    found = []
    for row in reader.rows(OBJECTIONS_TO, subject=key):
        changes = [_dated(one) for one in reader.rows(CHANGES_OF_OBJECTION, id=row.pop("id"))]
        words = f"{row['team']} objects to {key} ({row['kind']})"
        if row["days_left"] is not None:
            words += f", raised with {row['days_left']} days left in the cycle"
        dated = {**row, "raised_at": _instant(row["raised_at"]), "ended_at": _instant(row["ended_at"])}
        found.append((words + (" (withdrawn)" if row["ended_at"] else ""), {**dated, "changes": changes}))
    return found


def _unknown(reader: Reader, code: str, subject: str) -> Failure:
    from config.codes import CODES
    from config.problems import did_you_mean

    advice = "`northing finding list` lists what is open."
    if code.lower() == "objection":
        return Failure(f"No team objects to {subject}, nor ever did.", advice)
    if code.upper() not in CODES:
        return Failure(f"No finding has the code {code}.{did_you_mean(code.upper(), CODES)}", advice)
    known = [row["subject"] for row in reader.rows("SELECT subject FROM finding WHERE code = :code", code=code.upper())]
    return Failure(f"There never was a {code.upper()} about {subject}.{did_you_mean(subject, known)}", advice)


def _dated(row: Row) -> Row:
    return {**row, "at": _instant(row["at"])}


def _instant(value: Any) -> str | None:
    """An instant of a table as the views write it: SQLite keeps it as `2026-11-24 12:00:00.000000`."""
    return f"{value[:19].replace(' ', 'T')}Z" if value is not None else None
