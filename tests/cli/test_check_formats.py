"""The forms in which `northing check` hands findings to other programs, whole."""

from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema
import pytest

from cli.check_github import commands
from cli.check_junit import junit
from cli.check_sarif import sarif
from config import Loaded, load
from tests.cli.conftest import Northing

MAIN = """\
version: 1
include: [okrs.yaml]
teams:
  - {key: commerce}
"""
OKRS = """\
cycles: [{key: 2026-Q4, start: 2026-10-01, end: 2026-12-31}]
objectives:
  - key: GROW
    title: Grow
    cycle: 2026-Q4
    key_results:
      - key: GROW.1
        title: Conversion
      - {key: GROW.2, title: Markets}
mappings:
  - {key_result: GROW.1, work: {label: one}}
  - {key_result: GROW.2, work: {label: two}}
  - key_result: GROW.1
    work: {label: three}
"""

# What SARIF 2.1.0 demands of the parts that are used, word for word from its schema, and that there are no other parts.
SARIF_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["version", "runs"],
    "additionalProperties": False,
    "properties": {
        "$schema": {"type": "string", "format": "uri"},
        "version": {"enum": ["2.1.0"]},
        "runs": {"type": "array", "items": {"$ref": "#/definitions/run"}},
    },
    "definitions": {
        "run": {
            "type": "object",
            "required": ["tool"],
            "additionalProperties": False,
            "properties": {
                "tool": {
                    "type": "object",
                    "required": ["driver"],
                    "additionalProperties": False,
                    "properties": {"driver": {"$ref": "#/definitions/toolComponent"}},
                },
                "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                "results": {"type": "array", "items": {"$ref": "#/definitions/result"}},
            },
        },
        "toolComponent": {
            "type": "object",
            "required": ["name"],
            "additionalProperties": False,
            "properties": {
                "name": {"type": "string"},
                "version": {"type": "string"},
                "rules": {
                    "type": "array",
                    "uniqueItems": True,
                    "items": {"$ref": "#/definitions/reportingDescriptor"},
                },
            },
        },
        "reportingDescriptor": {
            "type": "object",
            "required": ["id"],
            "additionalProperties": False,
            "properties": {
                "id": {"type": "string"},
                "shortDescription": {"$ref": "#/definitions/multiformatMessageString"},
                "fullDescription": {"$ref": "#/definitions/multiformatMessageString"},
                "help": {"$ref": "#/definitions/multiformatMessageString"},
                "defaultConfiguration": {
                    "type": "object",
                    "additionalProperties": False,
                    "properties": {"level": {"enum": ["none", "note", "warning", "error"]}},
                },
            },
        },
        "multiformatMessageString": {
            "type": "object",
            "required": ["text"],
            "additionalProperties": False,
            "properties": {"text": {"type": "string"}, "markdown": {"type": "string"}},
        },
        "result": {
            "type": "object",
            "required": ["message"],
            "additionalProperties": False,
            "properties": {
                "ruleId": {"type": "string"},
                "ruleIndex": {"type": "integer", "minimum": -1},
                "level": {"enum": ["none", "note", "warning", "error"]},
                "message": {
                    "type": "object",
                    "required": ["text"],
                    "additionalProperties": False,
                    "properties": {"text": {"type": "string"}},
                },
                "locations": {"type": "array", "items": {"$ref": "#/definitions/location"}},
                "partialFingerprints": {"type": "object", "additionalProperties": {"type": "string"}},
                "properties": {"type": "object"},
            },
        },
        "location": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "physicalLocation": {
                    "type": "object",
                    "required": ["artifactLocation"],
                    "additionalProperties": False,
                    "properties": {
                        "artifactLocation": {
                            "type": "object",
                            "additionalProperties": False,
                            "properties": {"uri": {"type": "string", "format": "uri-reference"}},
                        },
                        "region": {
                            "type": "object",
                            "additionalProperties": False,
                            "properties": {"startLine": {"type": "integer", "minimum": 1}},
                        },
                    },
                }
            },
        },
    },
}


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Loaded:
    """A configuration of two files in the working directory."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "northing.yaml").write_text(MAIN)
    (tmp_path / "okrs.yaml").write_text(OKRS)
    return load(tmp_path / "northing.yaml", env={}, kinds={})


def row(code: str, severity: str, kind: str, subject: str, summary: str, **given: Any) -> dict[str, Any]:
    usual = {
        "team": None,
        "reason": None,
        "evidence": {},
        "opened_at": "2026-11-24T12:00:00Z",
        "decision": None,
        "decided_by": None,
        "decided_until": None,
        "acknowledged_by": None,
    }
    words = {"code": code, "severity": severity, "subject_kind": kind, "subject": subject, "summary": summary}
    return {**usual, **words, **given}


BARE = row("COV101", "critical", "key_result", "GROW.1", "100 % of it:\r\nnothing, <really>", reason="no_mapping")
COVERED = row("COV104", "warning", "mapping", "GROW.1#2", "covered", acknowledged_by="Eva")
BUSY = row("STR310", "info", "team", "commerce", "spread", decision="accept", decided_by="Dana", team="commerce")
ORPHAN = row("COV102", "warning", "milestone", "acme/shop: v2, or: 3", "serves none")
ROWS = [BARE, COVERED, BUSY, ORPHAN]


def test_github_shows_each_finding_at_its_line_and_letters_of_its_own_are_escaped(places: Loaded) -> None:
    assert list(commands(ROWS, places)) == [
        "::error file=okrs.yaml,line=7,title=COV101 GROW.1::100 %25 of it:%0D%0Anothing, <really>",
        "::warning file=okrs.yaml,line=13,title=COV104 GROW.1#2::covered [acknowledged by Eva]",
        "::notice file=northing.yaml,line=4,title=STR310 commerce::spread [decided by Dana: accept]",
        "::warning title=COV102 acme/shop%3A v2%2C or%3A 3::serves none",
    ]


@pytest.mark.parametrize(
    "given, line",
    [
        (row("COV105", "info", "objective", "GROW", ""), "file=okrs.yaml,line=3"),
        (row("COV104", "info", "mapping", "GROW.2#1", ""), "file=okrs.yaml,line=12"),
        (row("COV104", "info", "mapping", "GROW.2#9", ""), "file=okrs.yaml,line=9"),
        (row("STR308", "info", "lever", "x", "", evidence={"key_result": "GROW.2"}), "file=okrs.yaml,line=9"),
        (row("COV102", "info", "item", "SHOP-1", "", team="commerce"), "file=northing.yaml,line=4"),
    ],
)
def test_a_finding_stands_at_what_is_nearest_to_its_subject(places: Loaded, given: dict[str, Any], line: str) -> None:
    assert list(commands([given], places)) == [f"::notice {line},title={given['code']} {given['subject']}::"]


def test_junit_has_a_case_for_each_finding_and_the_grave_ones_fail(places: Loaded) -> None:
    nul = {**ORPHAN, "subject": "a\x00b"}
    text = junit([BARE, BUSY, nul], places, fails=lambda row: row["severity"] == "critical")

    assert text == (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        '<testsuites name="northing" tests="3" failures="1" errors="0" skipped="0">\n'
        '  <testsuite name="northing check" tests="3" failures="1" errors="0" skipped="0">\n'
        '    <testcase classname="COV101" name="GROW.1" time="0" file="okrs.yaml" line="7">\n'
        '      <failure type="critical" message="100 % of it:&#13;&#10;nothing, &lt;really&gt;">GROW.1: COV101 critical'
        " no_mapping: 100 % of it:\r\nnothing, &lt;really&gt;</failure>\n"
        "    </testcase>\n"
        '    <testcase classname="STR310" name="commerce" time="0" file="northing.yaml" line="4">\n'
        "      <system-out>commerce: STR310 info: spread [decided by Dana: accept]</system-out>\n"
        "    </testcase>\n"
        '    <testcase classname="COV102" name="a\ufffdb" time="0">\n'
        "      <system-out>a\ufffdb: COV102 warning: serves none</system-out>\n"
        "    </testcase>\n"
        "  </testsuite>\n"
        "</testsuites>\n"
    )
    assert [case.get("name") for case in ET.fromstring(text).iter("testcase")] == ["GROW.1", "commerce", "a\ufffdb"]


def test_junit_without_findings_has_one_case_that_passed(places: Loaded) -> None:
    assert junit([], places, fails=lambda _row: True) == (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        '<testsuites name="northing" tests="1" failures="0" errors="0" skipped="0">\n'
        '  <testsuite name="northing check" tests="1" failures="0" errors="0" skipped="0">\n'
        '    <testcase classname="northing" name="no open findings" time="0" />\n'
        "  </testsuite>\n"
        "</testsuites>\n"
    )


def test_sarif_has_a_rule_for_each_code_and_a_result_for_each_finding(places: Loaded) -> None:
    log = sarif([BARE, ORPHAN, {**BARE, "subject": "GROW.2"}], places)
    jsonschema.validate(log, SARIF_SCHEMA)

    [run] = log["runs"]
    rules = run["tool"]["driver"].pop("rules")
    assert [(rule["id"], rule["defaultConfiguration"]) for rule in rules] == [
        ("COV101", {"level": "error"}),
        ("COV102", {"level": "warning"}),
    ]
    assert rules[0]["shortDescription"] == {"text": "key result with no delivery work behind it"}
    assert rules[0]["help"]["markdown"].startswith("# COV101: ")
    assert set(run["tool"]["driver"]) == {"name", "version"}
    assert run["results"] == [
        {
            "ruleId": "COV101",
            "ruleIndex": 0,
            "level": "error",
            "message": {"text": "100 % of it:\r\nnothing, <really>"},
            "locations": [at("okrs.yaml", 7)],
            "partialFingerprints": {"finding/v1": "COV101:key_result:GROW.1"},
            "properties": {
                "severity": "critical",
                "subject_kind": "key_result",
                "subject": "GROW.1",
                "reason": "no_mapping",
                "opened_at": "2026-11-24T12:00:00Z",
                "evidence": {},
            },
        },
        {
            "ruleId": "COV102",
            "ruleIndex": 1,
            "level": "warning",
            "message": {"text": "serves none"},
            "locations": [at("northing.yaml", 1)],
            "partialFingerprints": {"finding/v1": "COV102:milestone:acme/shop: v2, or: 3"},
            "properties": {
                "severity": "warning",
                "subject_kind": "milestone",
                "subject": "acme/shop: v2, or: 3",
                "opened_at": "2026-11-24T12:00:00Z",
                "evidence": {},
            },
        },
        {
            "ruleId": "COV101",
            "ruleIndex": 0,
            "level": "error",
            "message": {"text": "100 % of it:\r\nnothing, <really>"},
            "locations": [at("okrs.yaml", 9)],
            "partialFingerprints": {"finding/v1": "COV101:key_result:GROW.2"},
            "properties": {
                "severity": "critical",
                "subject_kind": "key_result",
                "subject": "GROW.2",
                "reason": "no_mapping",
                "opened_at": "2026-11-24T12:00:00Z",
                "evidence": {},
            },
        },
    ]


def at(file: str, line: int) -> dict[str, Any]:
    return {"physicalLocation": {"artifactLocation": {"uri": file}, "region": {"startLine": line}}}


def test_files_elsewhere_are_named_by_their_address(places: Loaded, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = places.files[0].parent
    (folder / "elsewhere").mkdir()
    monkeypatch.chdir(folder / "elsewhere")
    [result] = sarif([BARE], places)["runs"][0]["results"]

    assert result["locations"] == [at((folder / "okrs.yaml").as_uri(), 7)]


class TestOfTheSampleCompany:
    """All of its findings, through the command line."""

    @pytest.fixture
    def known(self, synced: Northing, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
        """Its open findings, with the working directory where its configuration lies."""
        monkeypatch.chdir(synced.folder)
        return synced("check", "--json").data

    def test_sarif_is_valid_and_every_line_is_one_of_its_file(
        self, synced: Northing, known: list[dict[str, Any]]
    ) -> None:
        result = synced("check", "--format", "sarif")
        jsonschema.validate(result.data, SARIF_SCHEMA)

        assert result.code == 1
        results = result.data["runs"][0]["results"]
        assert [one["properties"]["subject"] for one in results] == [row["subject"] for row in known]
        for one in results:
            spot = one["locations"][0]["physicalLocation"]
            lines = (synced.folder / spot["artifactLocation"]["uri"]).read_text().splitlines()
            assert spot["region"]["startLine"] <= len(lines)
            if one["properties"]["subject_kind"] == "key_result":
                assert one["properties"]["subject"] in lines[spot["region"]["startLine"] - 1]

    def test_junit_is_read_by_a_parser(self, synced: Northing, known: list[dict[str, Any]]) -> None:
        result = synced("check", "--format", "junit", "--fail-on", "critical")
        [suite] = ET.fromstring(result.out)

        assert result.code == 1
        assert [(case.get("classname"), case.get("name")) for case in suite] == [
            (row["code"], row["subject"]) for row in known
        ]
        assert suite.get("failures") == str(sum(row["severity"] == "critical" for row in known))
        assert len(suite.findall("testcase/failure")) == int(suite.get("failures", "0"))

    def test_github_gets_a_line_for_each(self, synced: Northing, known: list[dict[str, Any]]) -> None:
        result = synced("check", "--format", "github", "--fail-on", "info")

        assert result.code == 1
        assert len(result.out.splitlines()) == len(known)
        assert synced("check", "--select", "SYN", "--format", "github").out == ""
