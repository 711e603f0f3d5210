"""The tables behind a digest, as CSV and as a workbook. What a spreadsheet would run is made text."""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import IO

from alerts.digest.facts import PARTS, Facts

Cell = str | int | float | date | datetime | None
_RUNS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""How a text begins that a spreadsheet takes for a formula, wide letters of Asian keyboards included."""
_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
LONGEST = 32_000
"""Letters of a cell; a workbook holds 32,767."""


@dataclass(frozen=True)
class Sheet:
    """A table with all its rows. `name` as it is typed and as the sheet of a workbook is called."""

    name: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]


NAMES = ("key-results", "objectives", "changes", "effort", "findings", "barriers", "unaligned-work", "work", "sources")
"""The tables. `work` is filled for a team."""


def sheets(facts: Facts) -> dict[str, Sheet]:
    """All tables of a digest, by name, in the order of `NAMES`."""
    found = (
        _key_results(facts),
        Sheet(
            "objectives",
            (
                "cycle", "objective", "title", "team", "outcome", "delivery", "health", "key_results",
                "key_results_without_work", "supports",
            ),
            [
                (
                    one.cycle, one.key, one.title, one.team, one.outcome, one.delivery, one.health, one.key_results,
                    one.without_work, ", ".join(one.supports),
                )
                for one in facts.objectives
            ],
        ),
        _changes(facts),
        _effort(facts),
        Sheet(
            "findings",
            ("code", "severity", "subject", "team", "summary", "opened_at", "acknowledged_by", "decision"),
            [
                (
                    one.code, one.severity, one.subject, one.team, one.summary, one.opened_at, one.acknowledged_by,
                    one.decision,
                )
                for one in facts.findings
            ],
        ),
        Sheet(
            "barriers",
            (
                "code", "subject", "team", "state", "summary", "raised_at", "days_left_when_raised", "decision",
                "decided_by", "decided_at", "decided_until",
            ),
            [
                (
                    one.code, one.subject, one.team, one.state, one.summary, one.raised_at, one.days_left,
                    one.decision, one.decided_by, one.decided_at, one.decided_until,
                )
                for one in facts.barriers
                if one.state != "ended"
            ],
        ),
        Sheet(
            "unaligned-work",
            (
                "kind", "key", "title", "url", "team", "items", "suggested_key_result", "suggestion_score",
                "line_to_paste",
            ),
            [
                (one.kind, one.key, one.title, one.url, one.team, one.items, one.suggested, one.score, one.paste)
                for one in facts.unaligned
            ],
        ),
        Sheet(
            "work",
            ("key_result", "kind", "key", "title", "url", "done", "total"),
            [(one.key_result, one.kind, one.key, one.title, one.url, one.done, one.total) for one in facts.works_for],
        ),
        Sheet(
            "sources",
            ("connection", "scope", "state", "last_ok_at"),
            [(one.connection, one.scope, one.state, one.last_ok_at) for one in facts.sources],
        ),
    )  # fmt: skip
    return {one.name: one for one in found}


def _key_results(facts: Facts) -> Sheet:
    columns = (
        "cycle", "objective", "key_result", "title", "team", "owner", "outcome", "delivery", "expected", "confidence",
        "health", "health_reason", "health_before", "work_total", "work_done", "open_findings",
    )  # fmt: skip
    rows = [
        (
            one.cycle, one.objective, one.key, one.title, one.team, one.owner, one.outcome, one.delivery, one.expected,
            one.confidence, one.health, one.health_reason, one.was, one.work_total, one.work_done, one.open_findings,
        )
        for one in facts.key_results
    ]  # fmt: skip
    return Sheet("key-results", columns, rows)


def _changes(facts: Facts) -> Sheet:
    rows = [
        (
            name, facts.titles.get(name), facts.since, facts.day, one.start, one.end,
            *(one.parts[part] for part in PARTS), *(", ".join(one.items.get(part, ())) for part in PARTS),
        )
        for name, one in facts.moves.items()
    ]  # fmt: skip
    columns = ("key_result", "title", "from", "to", "delivery_from", "delivery_to", *PARTS,
               *(f"{part}_items" for part in PARTS))  # fmt: skip
    return Sheet("changes", columns, rows)


def _effort(facts: Facts) -> Sheet:
    then = {(one.cycle, one.team, one.kind): one.size for one in facts.effort_then}
    now = {(one.cycle, one.team, one.kind): one.size for one in facts.effort}
    rows = [(*group, now.get(group, 0.0), then.get(group, 0.0)) for group in sorted(now.keys() | then.keys())]
    return Sheet("effort", ("cycle", "team", "kind", "size", "size_before"), rows)


def safe(value: Cell) -> Cell:
    """A value that a spreadsheet shows and does not run: a text that begins like a formula gets a `'` before it."""
    if not isinstance(value, str):
        return value
    text = _UNFIT.sub("", value)[:LONGEST]
    return f"'{text}" if text.lstrip(" \u00a0").startswith(_RUNS) or text.startswith(_RUNS) else text


def as_csv(sheet: Sheet) -> str:
    """A table as CSV (RFC 4180), instants in UTC as ISO 8601, unknown values empty."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(sheet.columns)
    writer.writerows([[_written(safe(cell)) for cell in row] for row in sheet.rows])
    return out.getvalue()


def _written(value: Cell) -> Cell:
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    return value.isoformat() if isinstance(value, date) else value


def write_xlsx(found: Mapping[str, Sheet], file: IO[bytes]) -> None:
    """A workbook with one sheet for each table, its first row fixed. Texts are texts, whatever they begin with."""
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font

    book = Workbook(write_only=True)
    for sheet in found.values():
        page = book.create_sheet(sheet.name)
        page.freeze_panes = "A2"
        for number, name in enumerate(sheet.columns):
            width = 60 if name in ("title", "summary", "health_reason", "line_to_paste") else max(12, len(name) + 2)
            page.column_dimensions[_letters(number)].width = width
        head = []
        for name in sheet.columns:
            cell = WriteOnlyCell(page, name)
            cell.font = Font(bold=True)
            head.append(cell)
        page.append(head)
        for row in sheet.rows:
            cells = []
            for value in row:
                # A workbook knows no zones.
                plain = value.replace(tzinfo=None) if isinstance(value, datetime) else safe(value)
                cell = WriteOnlyCell(page, plain)
                if isinstance(plain, str):
                    cell.data_type = "s"
                cells.append(cell)
            page.append(cells)
    book.save(file)


def _letters(number: int) -> str:
    from openpyxl.utils import get_column_letter

    return get_column_letter(number + 1)
