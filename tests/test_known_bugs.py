"""Each bug that users of other tools were hit by has a test here that it would fail, and stands in the documents."""

import re

import pytest

from tests.known_bugs import BUGS, ROOT, marked

DOCUMENT = ROOT / "docs" / "explanation" / "known-traps.md"


def rows() -> dict[int, str]:
    """The lines of the document's table by number."""
    return {int(line[2:].split(".")[0]): line for line in DOCUMENT.read_text().splitlines() if re.match(r"\| \d", line)}


def test_every_known_bug_would_fail_a_test() -> None:
    marks = marked()
    assert [number for number in range(1, 34) if not marks.get(number)] == []


def test_every_mark_names_a_known_bug() -> None:
    assert set(marked()) <= set(BUGS)


def test_the_bugs_are_numbered_without_a_gap() -> None:
    assert list(BUGS) == list(range(1, 34))


@pytest.mark.parametrize("number", BUGS)
def test_the_document_tells_of_a_bug_and_of_tests_that_hold_it(number: int) -> None:
    row = rows()[number]
    trap, answer = BUGS[number]
    assert row.startswith(f"| {number}. {trap} | {answer} | ")
    told = re.findall(r"\[([^\]]+)\]\(\.\./\.\./([^)]+)\)", row)
    held = {(name.removeprefix("test_").replace("_", " "), str(path)) for path, name in marked()[number]}
    assert told
    assert set(told) <= held
