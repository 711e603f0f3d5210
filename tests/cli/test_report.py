"""`northing report`, on the sample company as it is on one day."""

import csv
import io
import re
import shutil
import sqlite3
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from markdown_it import MarkdownIt

from tests.cli.conftest import NOW, Northing

SINCE = "2026-11-17"
LOOPBACK = re.compile(r"http://127\.0\.0\.1:\d+")
TABLES = [
    "key-results",
    "objectives",
    "changes",
    "effort",
    "findings",
    "barriers",
    "unaligned-work",
    "work",
    "sources",
]


@pytest.fixture
def northing(merlo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Northing:
    """A copy of it to change, on that day."""
    shutil.copytree(merlo, tmp_path / "merlo")
    monkeypatch.setattr("cli.wiring.now", lambda: NOW)
    return Northing(tmp_path / "merlo")


def change(northing: Northing, *statements: str) -> None:
    """Changes the database behind the program's back."""
    with sqlite3.connect(northing.folder / "northing.db") as connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()


def written(northing: Northing, *options: str) -> str:
    result = northing("report", *options)
    assert result.code == 0, result.err
    return result.out


def rows(northing: Northing, table: str, *options: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(written(northing, "--format", "csv", "--table", table, *options))))


def settled(text: str) -> str:
    """A document without the port of the tools, what is drawn by chance and may change with the model, and what is
    suggested, which depends on which work was stored first.
    """
    text = re.sub(r"\n  - could serve [^\n]*", "", text)
    text = LOOPBACK.sub("https://tool.example", text)
    text = re.sub(r"(chance (?:of|for all is)) (?:\\<)?\d+ %", r"\1 … %", text)
    return re.sub(r"(as likely as not done by) [0-9-]{10}|about \d+ fit", r"\1 …", text)


class Page(HTMLParser):
    """What a page is made of."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.links: list[str] = []
        self.words: list[str] = []
        self._shown = True
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]
        self._shown = tag not in ("style", "title")

    def handle_endtag(self, tag: str) -> None:
        self._shown = True

    def handle_data(self, data: str) -> None:
        if self._shown:
            self.words.append(data.replace("\xa0", " "))


class TestDocuments:
    """Whole documents: `northing report` of that day writes these files, but for the port in the links."""

    @pytest.mark.parametrize("file, options", [("company", ()), ("platform", ("--for", "platform"))])
    def test_the_documents_of_the_sample_company(self, northing: Northing, file: str, options: tuple[str, ...]) -> None:
        expected = (Path(__file__).parent / f"report_{file}.md").read_text()
        assert settled(written(northing, *options)) == expected

    def test_html_says_the_same_and_needs_nothing_from_outside(self, northing: Northing) -> None:
        text = written(northing, "--format", "html", "--for", "platform")
        page = Page(text)
        assert page.tags == {
            "html", "head", "meta", "title", "style", "body", "table", "tr", "td", "h1", "h2", "p", "ul", "li",
            "strong", "code", "a",
        }  # fmt: skip
        assert not {name for name in page.attributes if name.startswith("on")}
        assert all(LOOPBACK.match(link) for link in page.links)
        assert "url(" not in text
        assert "@import" not in text
        rendered = MarkdownIt().enable("table").render(written(northing, "--for", "platform"))
        assert "".join(page.words).split() == "".join(Page(rendered).words).split()

    def test_a_report_can_be_written_to_a_file(self, northing: Northing, tmp_path: Path) -> None:
        file = tmp_path / "monday.md"
        result = northing("report", "--output", str(file))
        assert (result.code, result.out, result.err) == (0, "", f"Written to {file}.\n")
        assert file.read_text() == written(northing)

    def test_a_team_hears_of_the_teams_below_it(self, northing: Northing) -> None:
        found = {row["team"] for row in rows(northing, "key-results", "--for", "product")}
        assert found == {"product", "commerce", "platform", "growth", "plus"}
        assert {row["team"] for row in rows(northing, "key-results", "--for", "commerce")} == {"commerce"}

    def test_a_team_without_work_and_key_results_is_told_so(self, northing: Northing) -> None:
        northing.append("teams/teams.yaml", "\n  - {key: idle, name: Idle}\n")
        change(northing, "INSERT INTO team (key, name, archived) VALUES ('idle', 'Idle', 0)")
        text = written(northing, "--for", "idle")
        assert "Idle holds no key result in this cycle." in text
        assert "Idle has nothing in progress or finished in this cycle." in text
        assert "No work of this team counts for a key result yet." in text
        assert "**Barriers:** none stands." in text


class TestNumbers:
    def test_key_results_are_those_of_status(self, northing: Northing) -> None:
        names = ("objective", "key_result", "title", "team", "outcome", "delivery", "expected", "health", "work_done")
        status = [row for o in northing("status", "--cycle", "2026-Q4", "--json").data for row in o["key_results"]]
        found = northing("report", "--json").data["tables"]["key_results"]
        assert [{name: row[name] for name in names} for row in found] == [
            {name: row[name] for name in names} for row in status
        ]

    def test_the_health_before_is_that_of_status_on_that_day(self, northing: Northing) -> None:
        status = northing("history", "RELY.1", "--json", "--from", SINCE).data["days"][0]["health"]
        [row] = [row for row in rows(northing, "key-results") if row["key_result"] == "RELY.1"]
        assert (row["health_before"], row["health"]) == (status, "behind") == ("on_track", "behind")

    def test_changes_are_the_waterfalls_of_history(self, northing: Northing) -> None:
        found = northing("report", "--since", SINCE, "--json").data["tables"]["changes"]
        assert len(found) == 15
        for row in found:
            fall = northing("history", row["key_result"], "--from", SINCE, "--json").data["waterfall"]
            assert (row["delivery_from"] or 0, row["delivery_to"] or 0) == (fall["delivery_from"], fall["delivery_to"])
            for part in ("completed", "added", "removed", "re_estimated", "reopened", "remapped"):
                assert row[part] == fall[part]
                keys = {item["key"] for item in fall["items"][part]}
                assert set(filter(None, row[f"{part}_items"].split(", "))) == keys

    def test_effort_before_is_what_the_view_said_then(self, northing: Northing) -> None:
        found = {
            (row["team"], row["kind"]): (float(row["size"]), float(row["size_before"]))
            for row in rows(northing, "effort")
        }
        assert found["commerce", "unaligned"] == (41.0, 37.0)
        assert found["platform", "objective"] == (51.0, 48.0)

    def test_unaligned_work_is_that_of_status(self, northing: Northing) -> None:
        found = northing("report", "--json").data["tables"]["unaligned_work"]
        assert f"{sum(row['items'] for row in found)} items in progress serve no key result" in northing("status").out

    def test_what_changed_is_counted_from_the_day_given(self, northing: Northing) -> None:
        today = str(NOW.date())
        data = northing("report", "--since", today, "--json").data
        assert (data["since"], data["day"], data["tables"]["changes"]) == (today, today, [])

    def test_what_waits_for_a_team_ends_with_its_word(self, northing: Northing) -> None:
        said = "northing finding ack COMPANY.4 --team platform"
        assert said in written(northing, "--for", "platform")
        assert northing("finding", "ack", "COMPANY.4", "--team", "platform", "--by", "Ivo").code == 0
        assert said not in written(northing, "--for", "platform")

    def test_an_objection_and_a_decision_are_told(self, northing: Northing) -> None:
        northing("finding", "object", "CHECKOUT.4", "capacity", "--team", "data", "--by", "Eva", "--note", "no people")
        northing("finding", "decide", "STR301", "CHECKOUT.4", "lend", "--until", "2026-11-27", "--by", "Dana")
        text = written(northing, "--for", "commerce")
        assert "data objects to CHECKOUT.4 (capacity): no people, raised by Eva" in text
        assert "(critical, the decision (lend, by Dana) ends on 27 November)" in text
        assert "5 stand, 4 without a decision (5 new, 1 decided since)." in text


class TestSilence:
    def test_old_and_failing_sources_stand_before_all_else(
        self, northing: Northing, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        change(northing, "UPDATE scope SET error = 'gone' WHERE key = 'SHOP'")
        monkeypatch.setattr("cli.wiring.now", lambda: NOW + timedelta(days=3))
        found = written(northing)
        told = found[: found.index("- **Health:**")]
        assert "> ⚠ **These numbers are of 24 November 2026.** Nothing has been counted since." in told
        assert "> ⚠ **jira:** SHOP cannot be read; last read on 24 November." in told
        assert "> ⚠ **jira:** GRO and PLAT were not read in time; last read on 24 November." in told

    def test_where_no_cycle_runs_it_says_so_and_what_comes_next(self, northing: Northing) -> None:
        change(
            northing,
            "UPDATE meta SET value = '2027-01-02' WHERE key = 'active_day'",
            "INSERT INTO cycle (key, starts_on, ends_on, starts_at, ends_at, archived) VALUES ('2027-Q1',"
            " '2027-01-11', '2027-03-31', '2027-01-11 00:00:00.000000', '2027-04-01 00:00:00.000000', 0)",
        )
        for options in ((), ("--for", "commerce")):
            assert (
                "No cycle runs, so there is nothing to be on track with. 2026-Q4 ended on 31 December 2026. 2027-Q1"
                " begins on 11 January 2027, in 9 days." in written(northing, *options)
            )

    def test_before_the_first_sync_there_is_none(self, northing: Northing) -> None:
        (northing.folder / "northing.db").unlink()
        result = northing("report")
        assert (result.code, "There is no data yet" in result.err) == (2, True)


class TestTables:
    def test_a_workbook_holds_a_sheet_for_each_table(self, northing: Northing, tmp_path: Path) -> None:
        file = tmp_path / "monday.xlsx"
        assert northing("report", "--format", "xlsx", "--output", str(file)).code == 0
        book = openpyxl.load_workbook(file)
        assert book.sheetnames == TABLES
        page = book["changes"]
        head, *found = [[cell.value for cell in row] for row in page.iter_rows()]
        plain = rows(northing, "changes")
        assert head == list(plain[0])
        assert [row[0] for row in found] == [row["key_result"] for row in plain]
        assert found[0][4] == pytest.approx(float(plain[0]["delivery_from"]))

    def test_what_a_spreadsheet_would_run_is_text(self, northing: Northing, tmp_path: Path) -> None:
        hostile = '=cmd|" /C calc"!A0'
        change(northing, f"UPDATE key_result SET title = '{hostile}' WHERE key = 'RELY.1'")
        [row] = [row for row in rows(northing, "key-results") if row["key_result"] == "RELY.1"]
        assert row["title"] == f"'{hostile}"
        file = tmp_path / "monday.xlsx"
        northing("report", "--format", "xlsx", "--output", str(file))
        cells = [cell for row in openpyxl.load_workbook(file)["key-results"].iter_rows() for cell in row]
        assert [(cell.value, cell.data_type) for cell in cells if "calc" in str(cell.value)] == [(f"'{hostile}", "s")]

    @pytest.mark.parametrize(
        "words, message",
        [
            (("--for", "nobody"), "There is no team 'nobody'. There are: commerce, data"),
            (("--table", "changes"), "--table chooses what --format csv prints."),
            (("--since", "2999-01-01"), "2999-01-01 lies in the future"),
            (("--output", "/nowhere/at/all.md"), "/nowhere/at/all.md cannot be written"),
        ],
    )
    def test_what_cannot_be_written_is_said(self, northing: Northing, words: tuple[str, ...], message: str) -> None:
        result = northing("report", *words)
        assert result.code in (2, 3)
        assert message in result.err
        assert "→" in result.err


def test_hostile_titles_do_nothing_in_any_document(northing: Northing) -> None:
    title = "<img src=x onerror=alert(1)> **loud** [click](javascript:alert(1)) `code` & <!channel>"
    change(northing, f"UPDATE key_result SET title = '{title}' WHERE key = 'RELY.1'")
    page: Any = Page(written(northing, "--format", "html"))
    assert "img" not in page.tags
    assert title in " ".join("".join(page.words).split())
    escaped = r"\<img src=x onerror=alert(1)\> \*\*loud\*\* \[click\](javascript:alert(1)) \`code\` & \<!channel\>"
    assert escaped in written(northing)
