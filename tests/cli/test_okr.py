"""`northing okr import`."""

from pathlib import Path

import pytest

from tests.program import call

DOCUMENT = """\
# 2018-Q3

## Be fast

- [x] Ship the index
  - [ ] Test it
"""
YAML = """\
# Imported from okrs.md. Read it through before you use it: what was left out stands at the end.
cycles:
  - {key: 2018-Q3, start: 2018-07-01, end: 2018-09-30}
objectives:
  - key: BE-FAST
    title: Be fast
    cycle: 2018-Q3
    key_results:
      - key: BE-FAST.1
        title: Ship the index
        metric: {type: done}
checkins:
  - {key_result: BE-FAST.1, date: 2018-09-30, value: true}

# Left out or guessed:
#   okrs.md:6: Test it (a step or note below the key result 'Ship the index')
"""


@pytest.fixture
def document(tmp_path: Path) -> Path:
    file = tmp_path / "okrs.md"
    file.write_text(DOCUMENT)
    return file


def test_the_yaml_is_printed_and_what_was_left_out_is_listed_beside_it(document: Path) -> None:
    result = call("okr", "import", str(document))
    assert (result.code, result.out) == (0, YAML)
    assert result.err.splitlines() == [
        "okrs.md:6: Test it (a step or note below the key result 'Ship the index')",
        "1 objective, 1 key result, 1 check-in; 1 left out or guessed, listed above.",
    ]
    assert call("okr", "import", str(document), "--quiet").err == ""


def test_json_gives_both(document: Path) -> None:
    assert call("okr", "import", str(document), "--json").data == {
        "objectives": 1,
        "key_results": 1,
        "check_ins": 1,
        "yaml": YAML,
        "not_understood": [
            {
                "file": "okrs.md",
                "line": 6,
                "text": "Test it",
                "why": "a step or note below the key result 'Ship the index'",
            }
        ],
    }


def test_a_file_is_written_once_and_over_only_when_forced(document: Path, tmp_path: Path) -> None:
    file = tmp_path / "okrs.yaml"
    words = ("okr", "import", str(document), "--output", str(file))
    assert call(*words).out == f"Wrote {file}: 1 objective, 1 key result, 1 check-in.\n"
    assert file.read_text() == YAML
    file.write_text("mine")
    refused = call(*words)
    assert refused.code == 2
    assert "is not written over" in refused.err
    assert file.read_text() == "mine"
    assert call(*words, "--force").code == 0
    assert file.read_text() == YAML


def test_several_files_share_one_set_of_keys(document: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.csv"
    other.write_text("Objective,Key Result,Quarter\nBe fast,Sell it,Q4 2018\n")
    data = call("okr", "import", str(document), str(other), "--json").data
    assert (data["objectives"], data["key_results"]) == (2, 2)
    assert "key: BE-FAST-2\n" in data["yaml"]


@pytest.mark.parametrize(
    "name, text, options, words",
    [
        ("okrs.csv", "name,colour\nx,red\n", (), "Columns found: name, colour."),
        ("okrs.txt", "", (), "is of no kind that is read"),
        ("okrs.md", "Just words.", (), "No objective was recognised"),
        ("okrs.md", DOCUMENT, ("--cycle", "soon"), "'soon' is no cycle."),
        ("okrs.md", DOCUMENT, ("--fiscal-start", "13"), "--fiscal-start"),
        ("okrs.md", DOCUMENT, ("--output", "nowhere/okrs.yaml"), "There is no folder"),
        ("okrs.md", DOCUMENT, ("--output", ".", "--force"), ". cannot be written: Is a directory."),
    ],
)
def test_what_cannot_be_imported_is_wrong_input(
    tmp_path: Path, name: str, text: str, options: tuple[str, ...], words: str
) -> None:
    file = tmp_path / name
    file.write_text(text)
    result = call("okr", "import", str(file), *options)
    assert (result.code, result.out) == (2, "")
    assert words in result.err


def test_a_missing_file_is_wrong_input(tmp_path: Path) -> None:
    result = call("okr", "import", str(tmp_path / "none.md"))
    assert result.code == 2
    assert "No such file" in result.err
