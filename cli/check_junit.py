"""Findings as a JUnit report, which build servers show among the tests."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

from cli.check_places import spot

if TYPE_CHECKING:
    from config import Loaded

_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold, not even escaped."""


def junit(rows: list[dict[str, Any]], places: "Loaded", fails: Callable[[dict[str, Any]], bool]) -> str:
    """One suite with a test case for each finding: failed where `fails` says so, else passed with its words as output.

    Without findings it holds one passed test case: some servers take a report without any for a broken one.
    """
    from cli.check import line

    failed = sum(fails(row) for row in rows)
    counts = {"tests": str(len(rows) or 1), "failures": str(failed), "errors": "0", "skipped": "0"}
    suites = ET.Element("testsuites", {"name": "northing", **counts})
    suite = ET.SubElement(suites, "testsuite", {"name": "northing check", **counts})
    for row in rows:
        case = ET.SubElement(suite, "testcase", {"classname": row["code"], "name": _clean(row["subject"]), "time": "0"})
        if at := spot(row, places):
            case.attrib |= {"file": _clean(at.file.as_posix()), "line": str(at.line)}
        if fails(row):
            about = {"type": row["severity"], "message": _clean(row["summary"])}
            ET.SubElement(case, "failure", about).text = _clean(line(row))
        else:
            ET.SubElement(case, "system-out").text = _clean(line(row))
    if not rows:
        ET.SubElement(suite, "testcase", {"classname": "northing", "name": "no open findings", "time": "0"})
    ET.indent(suites)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(suites, encoding="unicode") + "\n"


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", text)
