"""Findings as SARIF 2.1.0, the format in which code scanners hand over what they found."""

from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from cli.check_places import Spot, spot

if TYPE_CHECKING:
    from config import Loaded

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {"critical": "error", "warning": "warning", "info": "note"}
_KEPT = (
    "severity",
    "subject_kind",
    "subject",
    "team",
    "reason",
    "opened_at",
    "decision",
    "acknowledged_by",
    "evidence",
)


def sarif(rows: list[dict[str, Any]], places: "Loaded") -> dict[str, Any]:
    """A log with one run. A finding without a line of its own stands at the beginning of the main file."""
    codes = sorted({row["code"] for row in rows})
    driver = {"name": "Northing", "version": version("northing"), "rules": [_rule(code) for code in codes]}
    results = [_result(row, codes.index(row["code"]), spot(row, places) or _beginning(places)) for row in rows]
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _beginning(places: "Loaded") -> Spot:
    from cli.problems import seen_from_here

    return Spot(seen_from_here(places.files[0]), 1)


def _rule(code: str) -> dict[str, Any]:
    from config.codes import CODES
    from sync.findings import page, rules

    rule = rules()[code]
    return {
        "id": code,
        "shortDescription": {"text": CODES[code]},
        "fullDescription": {"text": rule.finds},
        "help": {"text": f"{rule.why}\n\n{rule.ends}", "markdown": page(code)},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
    }


def _result(row: dict[str, Any], rule: int, at: Spot) -> dict[str, Any]:
    from cli.check import said

    place = {"artifactLocation": {"uri": _uri(at.file)}, "region": {"startLine": at.line}}
    return {
        "ruleId": row["code"],
        "ruleIndex": rule,
        "level": _LEVELS[row["severity"]],
        "message": {"text": row["summary"] + said(row)},
        "locations": [{"physicalLocation": place}],
        "partialFingerprints": {"finding/v1": f"{row['code']}:{row['subject_kind']}:{row['subject']}"},
        "properties": {name: row[name] for name in _KEPT if row[name] is not None},
    }


def _uri(file: Path) -> str:
    return file.as_uri() if file.is_absolute() else quote(file.as_posix())
