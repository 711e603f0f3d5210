"""Bugs that users of other tools were hit by, in our own words, and the tests here that such a bug would fail.

A test says so by a comment beside its name: `def test_…(…) -> None:  # bug 12`. Rules of the connectors' contract count
as tests. `python -m tests.known_bugs` prints the table of `docs/explanation/known-traps.md`.
"""

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

BUGS: dict[int, tuple[str, str]] = {
    1: ("Jira reads a query's time in the zone of the account's profile", "Times are sent as epoch milliseconds"),
    2: ("A window with an upper end never meets an issue that is always being edited", "Windows have no upper end"),
    3: ("Pages in the order of change lose rows at their seams", "Order by what stays; the clock of the first page"),
    4: ("What changed in the very second of the watermark is left out", "`>=`, an overlap, and storing by id"),
    5: ("More edits of one moment than fit a page stall the reading, or drop some", "Pages do not go by time"),
    6: ("Epics are missing, as boards do not list them", "Reading goes by project; parents elsewhere are named"),
    7: ("Each sync adds rows for the same items and is slower than the last", "One row an item, by its id"),
    8: ("What was deleted or moved stays for ever", "The sweep compares ids and looks for each that is missing"),
    9: ("One moved issue fails the whole reading", "What became of an item concerns that item alone"),
    10: ("Live items vanish after a reading that was cut short", "Only a whole sweep ends anything, and no large drop"),
    11: ("Labels that were taken off stay", "Labels, versions and sprints are replaced as sets"),
    12: ("Nobody knows what was taken out of a sprint", "The history of status, estimate and sprint is read"),
    13: ("A closed issue that changes is not read again", "Windows take every state"),
    14: ("Changes of milestones are missed", "Milestones, versions and sprints are read in full each time"),
    15: ("A long sync dies with its first token", "One provider of tokens, which renews early and once when refused"),
    16: ("A wait for a limit never ends, or cannot be stopped", "Waits have an end and end with the program"),
    17: ("Where a limit is used up, the program crashes", "It waits until the limit is over, or puts the scope off"),
    18: ("A page that is too much for the server fails every time", "It is asked for in smaller parts"),
    19: ("A refusal is taken for an empty answer", "Every unexpected 4xx is an error of its scope"),
    20: ("A scope that fails is dropped without a word", "The scope fails and says so; the others go on"),
    21: ("A zero character in a text stops the database", "Texts and keys are cleaned on entry"),
    22: ("A year beyond the calendar costs the whole record", "The date is left out and noted, the record stays"),
    23: ("Memory grows with the tool", "A page is stored before the next one is held; answers have a largest size"),
    24: ("Hundreds of fields make an address that no server takes", "Fields are asked for in the body of a POST"),
    25: ("A field that changes its type breaks the load", "Its value is left out and noted"),
    26: ("Every sync reads everything", "A watermark for each scope"),
    27: ("An Enterprise Server without limits fails at the start", "All addresses from the base; limits may be absent"),
    28: ("With a bad token the program goes on as nobody", "Who is not let in is refused, with what to do"),
    29: ("The reading ends early by a total that was wrong", "Only the tool's own last page ends a reading"),
    30: ("A long history is cut where it is shown inside an issue", "Histories are read to their end"),
    31: ("A scope that is added later gets no history", "Each scope has its own watermark; none means everything"),
    32: ("The conditional header is made and never sent", "It is checked on the wire"),
    33: ("429 ends the program, as only 403 was known", "Both are limits, and both are waited for"),
}
"""By number: what happens there, and what is done here."""

_MARK = re.compile(r"# bugs? ([\d, ]+)")


@cache
def marked() -> dict[int, list[tuple[Path, str]]]:
    """By number, the files (below the root) and names of the tests and rules that bear its mark."""
    found: dict[int, list[tuple[Path, str]]] = {}
    for folder in ("tests", "examples"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            text = path.read_text(encoding="utf-8")
            if not _MARK.search(text) or path.name == "known_bugs.py":
                continue
            for name, numbers in _marks(text, path):
                for number in numbers:
                    found.setdefault(number, []).append((path.relative_to(ROOT), name))
    return found


def _marks(text: str, path: Path) -> list[tuple[str, list[int]]]:
    """The marks of a file's tests, from the line above a test's name to the last one of its head."""
    lines, found = text.splitlines(), []
    is_rules = path.name.startswith("rules_")
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.FunctionDef) or not (node.name.startswith("test_") or is_rules):
            continue
        first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
        head = lines[max(first - 2, 0) : node.body[0].lineno - 1]
        if first >= 2 and not head[0].lstrip().startswith("#"):
            head = head[1:]
        numbers = [int(part) for mark in _MARK.findall("\n".join(head)) for part in mark.split(",") if part.strip()]
        found += [(node.name, numbers)] if numbers else []
    return found


def table() -> str:
    """The rows of `docs/explanation/known-traps.md`: one a bug, with the first test of each of three files at most."""
    rows = ["| trap | what we do | held by |", "|---|---|---|"]
    marks = marked()
    for number, (trap, answer) in BUGS.items():
        by_file = dict(reversed(marks.get(number, [])))
        tests = [f"[{_words(name)}](../../{path.as_posix()})" for path, name in sorted(by_file.items())[:3]]
        rows.append(f"| {number}. {trap} | {answer} | {'; '.join(tests)} |")
    return "\n".join(rows) + "\n"


def _words(name: str) -> str:
    return name.removeprefix("test_").replace("_", " ")


if __name__ == "__main__":
    print(table(), end="")  # noqa: T201
