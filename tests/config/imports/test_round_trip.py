"""Whatever is imported loads: made-up documents, and recorded ones with the counts that a person made."""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.imports import read, read_file, write
from tests.config.imports.loading import TODAY, loaded, markdown

PIECES = st.sampled_from(
    """\
# OKRs 2026 Q4
## Grow
### Sell: more
- [x] Ship it
- [ ] [P0] Ship ${IT}
- KR: Reach 10 %
1. **OBJECTIVE: Be loved**
   - KR: From 1 to 2 => Done
  - nested
    - deeper
Owner: @a, @b
Score: 0.7
| Objective | Key result | Owner |
|---|---|---|
| Grow | Sell 'it' | a |
| | | |
- null
- ~
- "quoted": yes
> quoted
```
---
* * *
- ✅ Done
## KR 1: x
- Sales: a
- Sales: b
Q4 2026
# FY22-Q3
- > 70% of it

""".splitlines()
)
LINES = PIECES | st.text(max_size=40)


@settings(max_examples=150)
@given(st.lists(LINES, max_size=25))
def test_any_markdown_becomes_yaml_that_loads_to_what_was_counted(lines: list[str]) -> None:
    document = read("\n".join(lines).encode("utf-8", "replace"), ".md", "okrs.md")
    if not write([document], today=TODAY).objectives:
        return
    found = loaded(document)
    key_results = [one for objective in found.config.objectives for one in objective.key_results]
    assert (len(found.config.objectives), len(key_results)) == (found.imported.objectives, found.imported.key_results)
    assert len(found.config.checkins) == found.imported.check_ins
    for one in found.config.checkins:
        assert one.key_result in {key_result.key for key_result in key_results}


CELLS = st.text(max_size=20) | st.sampled_from(
    ["10%", "Objective", "Key Result", "0.5", "2026-10-01", "Q4 2026", "$5M", "a, b"]
)
HEADERS = st.sampled_from(
    [
        "Title",
        "Type",
        "Objective",
        "Key Result",
        "Owner",
        "Team",
        "Parent",
        "Start",
        "Target",
        "Current",
        "Progress",
        "Cycle",
        "ID",
        "Due",
        "Weight",
    ]
)


@settings(max_examples=100)
@given(st.lists(HEADERS, max_size=10, unique=True), st.lists(st.lists(CELLS, max_size=10), max_size=8))
def test_any_table_becomes_yaml_that_loads(header: list[str], rows: list[list[str]]) -> None:
    file = io.StringIO()
    csv.writer(file).writerows([["Objective", "Key Result", *header], *rows])
    document = read(file.getvalue().encode("utf-8", "replace"), ".csv", "okrs.csv")
    if write([document], today=TODAY).objectives:
        loaded(document)


COUNTED = {
    # Counted by a person who read the document: objectives, key results. What else is imported is a mistake.
    "src-d__okrs/2018-Q1.md": (29, 47),
    "src-d__okrs/2018-Q3.md": (50, 138),
    "src-d__okrs/2018-Q4.md": (48, 139),
    "src-d__okrs/2019-Q1.md": (27, 59),
    "sourcegraph__handbook/2019_q3.md": (8, 26),
    "sourcegraph__handbook/2019_q4.md": (24, 42),
    "sourcegraph__handbook/2021_q1.md": (29, 73),
    "sourcegraph__handbook/2021_q2.md": (29, 73),
    "sourcegraph__handbook/2022_annual.md": (28, 88),
    "sourcegraph__handbook/2022_q1.md": (25, 64),
    "sourcegraph__handbook/2022_q2.md": (24, 77),
    "sourcegraph__handbook/2022_q3.md": (23, 73),
    "sourcegraph__handbook/2022_Q4.md": (2, 7),
    "sourcegraph__handbook/2023_Q1.md": (17, 60),
    "sourcegraph__handbook/FY22Q2-OKR-Plan.md": (1, 10),
    "sourcegraph__handbook/FY22Q4-OKR-Plan.md": (1, 3),
    "sourcegraph__handbook/FY23Q1-OKR-Plan.md": (1, 11),
}
OFF = {
    # What is imported instead, and why.
    "src-d__okrs/2018-Q1.md": (30, 47),  # the vision, too, stands like an objective
    "src-d__okrs/2018-Q4.md": (49, 141),  # a bullet without a box has boxes below it
    "sourcegraph__handbook/FY22Q4-OKR-Plan.md": (1, 6),  # what came of each stands like a key result
}


@pytest.mark.parametrize("name", COUNTED)
def test_a_recorded_document_is_recognised_as_a_person_counts_it(realdata: Path, name: str) -> None:
    document = read_file(realdata / "okrs" / name)
    found = loaded(document, fiscal_start=2)
    assert (found.imported.objectives, found.imported.key_results) == OFF.get(name, COUNTED[name])


def test_every_recorded_document_loads_or_is_listed_whole(realdata: Path) -> None:
    for file in sorted((realdata / "okrs").glob("*/*.md")):
        document = read_file(file)
        if document.objectives:
            loaded(document, fiscal_start=2)
        else:
            assert document.unread


def test_a_recorded_fiscal_quarter_has_the_days_that_the_document_gives(realdata: Path) -> None:
    found = loaded(read_file(realdata / "okrs" / "sourcegraph__handbook" / "2022_Q4.md"))
    assert [(one.key, str(one.start), str(one.end)) for one in found.config.cycles] == [
        ("FY22-Q4", "2021-11-01", "2022-01-31")
    ]


def test_text_of_other_encodings_is_read() -> None:
    assert loaded(read("## Größer\n- Öffnen\n".encode("cp1252"), ".md", "2026-Q4.md")).tree == {"Größer": ["Öffnen"]}
    assert markdown("\ufeff## Größer\n- Öffnen\n").tree == {"Größer": ["Öffnen"]}
