"""What Northing would have found on recorded work at three moments in the past: `python -m tests.realdata.findings_then
REALDATA` prints every finding, and how many of each code a reader agreed with.
"""

import json
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from simulator import GitHubSite, JiraSite, serve
from tests.realdata import quarter, rewound
from tests.realdata.facts import Raw
from tests.realdata.judged import DISAGREED
from tests.realdata.quarter import Quarter
from tests.realdata.tell import Clock, northing, rows

FINDINGS = """
    SELECT code, severity, subject, reason, summary FROM northing_findings WHERE resolved_at IS NULL
    ORDER BY code, subject
"""


def _moment(year: int, month: int, day: int) -> Quarter:
    """A moment in the last quarter of a year."""
    return Quarter(date(year, 10, 1), date(year, 12, 31), datetime(year, month, day, 12, tzinfo=UTC))


MOMENTS = {
    "jira-2013": _moment(2013, 11, 13),
    "jira-2016": _moment(2016, 11, 16),
    "github-2019": _moment(2019, 10, 30),
}


@dataclass(frozen=True)
class Then:
    """A finding of one of the moments."""

    moment: str
    code: str
    severity: str
    subject: str
    reason: str | None
    summary: str

    @property
    def agreed(self) -> bool:
        """Whether a reader found that it was worth saying."""
        return (self.moment, self.code, self.subject) not in DISAGREED


def found(realdata: Path, place: Path) -> list[Then]:
    """All that is found at all moments, each read through the real connector."""
    return [one for name in MOMENTS for one in at(name, realdata, place)]


def at(name: str, realdata: Path, place: Path) -> Iterator[Then]:
    """What is found at one moment. `place` is an empty folder."""
    then = MOMENTS[name]
    folder = place / name
    folder.mkdir()
    clock = Clock()
    clock.time = then.now
    site, issues, kind, write = (_jira if name.startswith("jira") else _github)(realdata, folder, then, clock)
    with serve(site) as running:
        connection: Raw = {"kind": kind, "url": running.url_of(site), "auth": {"token": "${TOKEN}"}}
        connection |= {"projects": ["*"], "boards": False} if kind == "jira" else {"repositories": ["*/*"]}
        configuration = write(issues, then, f"sqlite:///{folder}/northing.db", connection)
        with northing(folder, configuration, clock) as program:
            result = program.sync()
            assert result.outcome == "ok", result
            for row in rows(program.engine, FINDINGS):
                yield Then(name, **row)


Write = Callable[[list[Raw], Quarter, str, Raw], Raw]


def _jira(
    realdata: Path, folder: Path, then: Quarter, clock: Clock
) -> tuple[JiraSite | GitHubSite, list[Raw], str, Write]:
    issues = rewound.jira(realdata / "jira" / "tidev-titanium", then.now, folder)
    return JiraSite.from_folder(folder, now=clock), issues, "jira", quarter.configuration


def _github(
    realdata: Path, folder: Path, then: Quarter, clock: Clock
) -> tuple[JiraSite | GitHubSite, list[Raw], str, Write]:
    raw = json.loads((realdata / "github" / "hub4j__github-api" / "issues.json").read_bytes())
    issues = rewound.github(raw, then.now)
    (folder / "issues.json").write_text(json.dumps(issues))
    return GitHubSite.from_folder(folder, now=clock), issues, "github", quarter.github_configuration


def table(findings: list[Then]) -> list[tuple[str, int, int]]:
    """Code, how many were raised, and how many of these a reader agreed with."""
    by_code: dict[str, list[Then]] = defaultdict(list)
    for one in findings:
        by_code[one.code].append(one)
    return [(code, len(by_code[code]), sum(one.agreed for one in by_code[code])) for code in sorted(by_code)]


def main() -> None:
    """Prints them all."""
    with tempfile.TemporaryDirectory() as place:
        findings = found(Path(sys.argv[1]), Path(place))
    for one in findings:
        mark = " " if one.agreed else "-"
        sys.stdout.write(f"{mark} {one.moment} {one.code} {one.severity} {one.reason or ''} {one.summary}\n")
    counts = table(findings)
    for code, raised, agreed in counts:
        sys.stdout.write(f"| {code} | {raised} | {agreed} |\n")
    raised, agreed = (sum(row[column] for row in counts) for column in (1, 2))
    sys.stdout.write(f"| all | {raised} | {agreed} | {agreed / raised:.0%}\n")


if __name__ == "__main__":
    main()
