"""Every finding has its page, and the pages in `docs` say what the rules say."""

import subprocess
import sys
from pathlib import Path

import pytest

from config.codes import CODES
from sync.findings import page, rules
from sync.findings.docs import main
from sync.findings.pages import pages

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / "docs" / "reference" / "findings"


def test_the_pages_in_the_documentation_are_current() -> None:
    written = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*")}

    assert written == pages(), "run `python -m sync.findings.docs`"


def test_every_code_of_the_configuration_has_its_rule_and_its_page() -> None:
    assert list(rules()) == sorted(CODES)
    assert {path.stem for path in FOLDER.glob("*.md")} == {*CODES, "README"}


@pytest.mark.parametrize("code", rules())
def test_a_page_tells_what_why_how_and_what_ends_it(code: str) -> None:
    rule = rules()[code]
    text = page(code)

    assert text.startswith(f"# {code}: {CODES[code]}\n")
    for part in (rule.finds, rule.why, rule.computed, rule.ends):
        assert len(part) > 20
        assert part in text
    assert [f"| `{reason.code}` | {reason.severity} |" in text for reason in rule.reasons] == [True] * len(rule.reasons)


@pytest.mark.parametrize("code", rules())
def test_a_rule_stands_in_the_module_of_its_code(code: str) -> None:
    assert rules()[code].find.__module__ == f"sync.findings.{code.lower()}"


def test_there_is_no_page_of_an_unknown_code() -> None:
    with pytest.raises(KeyError):
        page("COV999")


def test_writing_the_pages_removes_those_of_codes_that_are_gone(tmp_path: Path) -> None:
    (tmp_path / "OLD999.md").write_text("old")

    main(tmp_path)

    assert {path.name: path.read_text(encoding="utf-8") for path in tmp_path.glob("*")} == pages()


def test_the_module_writes_the_pages_without_a_warning(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "sync.findings.docs", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )

    assert (done.stdout, done.stderr) == ("", "")
    assert len(list(tmp_path.iterdir())) == len(pages())
