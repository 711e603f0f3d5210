"""Many changes become few entries."""

from typing import Any

from alerts.changes import Change
from alerts.group import Entry, entries
from tests.alerts.office import NOW


def change(id_: int, kind: str, subject: str = "GROW.1", severity: str = "warning", **more: Any) -> Change:
    usual: dict[str, Any] = {"code": "COV101", "subject_kind": "key_result", "summary": "", "since": NOW}
    return Change(id_, kind, severity, NOW, subject=subject, **usual | more)


def brief(found: list[Entry]) -> list[tuple[str, str, str]]:
    return [(entry.kind, entry.change.subject, entry.change.severity) for entry in found]


def test_the_course_of_a_finding_is_what_it_came_to() -> None:
    assert brief(entries([change(1, "opened"), change(2, "escalated", severity="critical")])) == [
        ("opened", "GROW.1", "critical")
    ]
    assert brief(entries([change(1, "opened"), change(2, "escalated"), change(3, "resolved")])) == [
        ("passed", "GROW.1", "warning")
    ]
    assert brief(entries([change(2, "escalated"), change(3, "resolved")])) == [("resolved", "GROW.1", "warning")]
    assert brief(entries([change(2, "escalated")])) == [("escalated", "GROW.1", "warning")]
    assert brief(entries([change(2, "escalated")], standing=True)) == [("opened", "GROW.1", "warning")]
    assert brief(entries([change(2, "resolved"), change(3, "opened")])) == [("opened", "GROW.1", "warning")]
    assert brief(entries([change(2, "objected"), change(3, "withdrawn")])) == [("passed", "GROW.1", "warning")]


def test_a_decision_stands_beside_the_course_and_the_last_one_counts() -> None:
    first, last = change(2, "decided", words="accept"), change(3, "decided", words="lend")
    found = entries([change(1, "opened"), first, last])
    assert [(entry.kind, entry.change.words) for entry in found] == [("opened", None), ("decided", "lend")]


def test_what_is_silenced_is_not_told_but_what_was_decided_is() -> None:
    assert entries([change(1, "opened", silenced=True)]) == []
    assert brief(entries([change(1, "opened", silenced=True), change(2, "decided", silenced=True)])) == [
        ("decided", "GROW.1", "warning")
    ]


def test_the_gravest_comes_first_and_what_is_over_last() -> None:
    found = entries(
        [
            change(1, "resolved", "A", "critical"),
            change(2, "opened", "B", "info"),
            change(3, "opened", "C", "warning"),
            change(4, "decided", "D", "warning"),
            change(5, "escalated", "E", "critical"),
        ]
    )
    assert "".join(entry.change.subject for entry in found) == "ECDBA"


def test_what_happened_alike_from_four_on_is_one_entry() -> None:
    three = [change(number, "opened", f"G.{number}") for number in range(3)]
    assert len(entries(three)) == 3
    [entry] = entries([*three, change(9, "opened", "G.9")])
    assert (entry.change.subject, [one.subject for one in entry.alike], entry.count) == (
        "G.0",
        ["G.1", "G.2", "G.9"],
        4,
    )
    assert len(entries([*three, change(9, "opened", "G.9", "critical")])) == 4


def test_what_follows_from_a_failing_connection_stands_below_it() -> None:
    cause = change(1, "opened", "jira", "critical", code="SYN501", subject_kind="connection", connection="jira")
    old = [change(number, "opened", f"P{number}", code="SYN502", connection="jira") for number in range(2, 5)]
    other = change(6, "opened", "acme/shop", code="SYN502", connection="github")
    ended = change(7, "resolved", "OPS", code="SYN502", connection="jira")
    found = entries([*old, other, cause, ended])
    assert [(entry.change.subject, [one.subject for one in entry.effects]) for entry in found] == [
        ("jira", ["P2", "P3", "P4"]),
        ("acme/shop", []),
        ("OPS", []),
    ]
