"""How good the suggestions are on recorded work whose links were hidden; the figures stand in the documentation."""

from pathlib import Path

from tests.mapping.hidden_links import epics, versions


def test_an_issue_finds_its_epic_again_among_the_first_three(realdata: Path) -> None:
    folder = realdata / "jira" / "tidev-titanium"
    cold, warm = epics(folder, known=False), epics(folder, known=True)
    assert (cold.asked, cold.targets) == (warm.asked, warm.targets) == (320, 72)
    assert cold.first >= 0.36
    assert cold.among_three >= 0.58
    assert warm.first >= 0.62
    assert warm.among_three >= 0.82
    assert max(warm.frequent_three, 3 * warm.chance) < 0.3


def test_versions_named_by_numbers_tell_little_and_what_they_hold_something(realdata: Path) -> None:
    found = versions(realdata / "jira" / "tidev-titanium")
    assert found.first > 3 * found.frequent
    assert found.among_three > 2 * found.frequent_three
