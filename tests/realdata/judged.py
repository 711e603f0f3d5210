"""Which findings of `findings_then` a reader did not find worth saying, and why. All others were agreed with."""

ONE_ITEM = "a scope of three items grew by one: that is no growth to speak of"
BROKEN_DOWN = "a large piece of work was broken down at the start of the quarter: that is planning"
SAID_ABOVE = "its objective's finding says it already, and one line there would end both"
SHARED = "the work lies in components of several teams, and another was listed first"
WIDE = "bugs are counted by a number, and one that waits for the next release does not stand in its way"
OLD_VALUE = "nobody had recorded a value for a month: whether the metric is flat, nobody knows"
ONE_BUG = "one bug, done: COV101 says that nothing is left to do"
LITTLE = "a single item for another team's key result needs no ceremony"
ONLY_TEAM = "it is the only team there is, and HYG407 says the same of its objective"

DISAGREED: dict[tuple[str, str, str], str] = {
    ("jira-2016", "DRF205", "LOOSE.1"): ONE_ITEM,
    ("jira-2016", "DRF205", "SHIP.4"): ONE_ITEM,
    ("jira-2016", "DRF205", "TEAM2.BUGS"): ONE_ITEM,
    ("jira-2016", "DRF205", "TEAM6.0"): BROKEN_DOWN,
    ("jira-2016", "HYG401", "LOOSE.0"): SAID_ABOVE,
    ("jira-2016", "HYG401", "LOOSE.1"): SAID_ABOVE,
    ("jira-2016", "HYG401", "LOOSE.2"): SAID_ABOVE,
    ("jira-2016", "HYG401", "LOOSE.3"): SAID_ABOVE,
    ("jira-2013", "STR301", "TEAM5.BUGS"): SHARED,
    ("jira-2016", "STR302", "TEAM4.BUGS"): SHARED,
    ("jira-2016", "HYG406", "TEAM5.BUGS"): WIDE,
    ("jira-2013", "DRF203", "TEAM6.BUGS"): OLD_VALUE,
    ("jira-2016", "DRF203", "TEAM0.BUGS"): OLD_VALUE,
    ("jira-2016", "DRF203", "TEAM3.BUGS"): ONE_BUG,
    ("jira-2013", "HYG408", "cli"): LITTLE,
    ("jira-2013", "HYG408", "mobileweb"): LITTLE,
    ("github-2019", "STR310", "maintainers"): ONLY_TEAM,
}
"""By moment, code and subject. The subjects are those of `quarter`: teams, objectives, key results."""
