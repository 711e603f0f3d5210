"""Key results over recorded work. What they are about is chosen from the recording itself: what occurs most."""

import fnmatch
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from tests.realdata.facts import CANCELLED, TRAILER, Fact, Mapped, Raw, Test, Work, has, same

CONVENTION = "qe-{key}"
"""A label of the recorded company, read as a convention: teams labelled `qe-testadded`, `qe-manualtest`, `qe-port`."""


T = TypeVar("T", str, int)


def most(values: Iterable[T], number: int = 1) -> list[T]:
    """The values that occur most. What a selector would take for a glob is left out."""
    counted = Counter(value for value in values if not set("*?") & set(str(value)))
    return [value for value, _ in sorted(counted.items(), key=lambda pair: (-pair[1], str(pair[0])))[:number]]


def titled(*patterns: str) -> Test:
    """Whether an item's whole title matches one of these globs."""
    return lambda fact: any(fnmatch.fnmatchcase(fact.title.strip().casefold(), pattern) for pattern in patterns)


def labelled(name: str) -> Test:
    """Whether an item bears a label."""
    return lambda fact: has(fact.labels, name)


def jira_plan(work: Work, sprints: dict[int, str], unseen: str) -> dict[str, list[Mapped]]:
    """Key results, by key, over the recorded Jira. `sprints`: titles by id. `unseen`: key of an epic not recorded."""
    facts = list(work.facts.values())
    epics = most((one.parent for one in facts if one.parent in work.facts and one.level == "issue"), 6)
    shared = _in_several_projects(facts, lambda fact: fact.versions)
    component = _in_several_projects(facts, lambda fact: fact.components)
    [label], [busy] = most(_spelt_in_two_ways(facts)), most(name for one in facts for name in one.labels)
    boards = Counter(sprints.values())
    [sprint] = most(sprints[n] for one in facts for n in one.sprints if boards[sprints[n]] == 1)
    [twice] = most(sprints[n] for one in facts for n in one.sprints if boards[sprints[n]] > 1)
    [person] = most(name for one in facts if one.scope == "TIMOB" for name in one.people if " " in name)
    [small] = most(name for one in facts if one.scope == shared.smaller for name in one.labels)
    children = work.below(epics)
    [among] = most(name for key in sorted(children) for name in work.facts[key].labels)

    def in_sprint(title: str) -> Test:
        return lambda fact: any(same(sprints[number], title) for number in fact.sprints)

    def by_convention(key: str) -> Mapped:
        label = labelled(CONVENTION.format(key=key))
        return Mapped(None, lambda fact: label(fact) or has(fact.trailers, key))

    return {
        "EPICS": [Mapped({"epic": epics[:3]}, lambda fact: fact.key in epics[:3])],
        "EPIC.UNSEEN": [Mapped({"epic": unseen}, lambda fact: fact.parent == unseen)],
        "VERSION": [Mapped({"version": shared.title}, lambda fact: has(fact.versions, shared.title))],
        "VERSION.ONE": [
            Mapped(
                {"connection": "tool", "project": shared.smaller.lower(), "version": shared.title},
                lambda fact: fact.scope == shared.smaller and has(fact.versions, shared.title),
            )
        ],
        "LABEL": [Mapped({"label": label}, labelled(label))],
        "SPRINT": [Mapped({"sprint": sprint}, in_sprint(sprint))],
        "SPRINTS": [Mapped({"sprint": twice.upper()}, in_sprint(twice))],
        "COMPONENT": [Mapped({"component": component.title}, lambda fact: has(fact.components, component.title))],
        "TITLE": [Mapped({"title": ["*scroll*view*", "?ndroid: *"]}, titled("*scroll*view*", "?ndroid: *"))],
        "NOT.LABEL": [
            Mapped({"epic": epics, "not": {"label": among}}, lambda fact: fact.key in epics, labelled(among))
        ],
        "NOT.EPIC": [
            Mapped(
                {"label": busy, "not": [{"type": "Bug"}, {"epic": epics}]},
                labelled(busy),
                lambda fact: fact.type == "Bug" or fact.key in epics,
            )
        ],
        "TYPE": [
            Mapped(
                {"type": ["New Feature", "story"], "project": ["ALOY", "M*"]},
                lambda fact: fact.type in ("New Feature", "Story") and fact.scope in ("ALOY", "MOD"),
            )
        ],
        "EPIC.ALONE": [Mapped({"type": "Epic", "descend": False}, lambda fact: fact.type == "Epic", descend=False)],
        "JQL": [
            Mapped(
                {"connection": "tool", "jql": f'project = {shared.smaller} AND labels = "{small}"'},
                lambda fact: fact.scope == shared.smaller and has(fact.labels, small),
            )
        ],
        "ASSIGNEE": [
            Mapped(
                {"assignee": person, "project": "TIMOB", "type": "Bug"},
                lambda fact: has(fact.people, person) and fact.scope == "TIMOB" and fact.type == "Bug",
            )
        ],
        "SHARE": [
            Mapped({"component": component.title}, lambda fact: has(fact.components, component.title), share=30),
            Mapped({"label": busy}, labelled(busy), share=60),
            Mapped({"sprint": sprint}, in_sprint(sprint), share=7.5),
        ],
        # Linked by the label alone: `qe-testadded`.
        "testadded": [by_convention("testadded")],
        # By a line of the description: `window: win1`.
        "win1": [by_convention("win1")],
        # And beside mappings with shares.
        "manualtest": [
            Mapped({"version": shared.title}, lambda fact: has(fact.versions, shared.title), share=1),
            Mapped({"epic": epics}, lambda fact: fact.key in epics, share=3),
            by_convention("manualtest"),
        ],
        "NOTHING": [Mapped({"label": "no-such-label"}, labelled("no-such-label"))],
    }


def github_plan() -> dict[str, list[Mapped]]:
    """Key results over the recorded GitHub repositories."""
    return {
        "MILESTONE": [Mapped({"milestone": "V0.11.0"}, lambda fact: same(fact.milestone, "v0.11.0"))],
        "LABEL": [Mapped({"label": "bug"}, lambda fact: has(fact.labels, "bug"))],
        "REPOSITORY": [
            Mapped(
                {"repository": "HUB4J/*", "not": {"label": ["enhancement", "task"]}},
                lambda fact: fact.scope == "hub4j/github-api",
                lambda fact: has(fact.labels, "enhancement") or has(fact.labels, "task"),
            )
        ],
        "TITLE": [Mapped({"title": "*rate*limit*"}, titled("*rate*limit*"))],
        "SHARE": [
            Mapped({"label": "enhancement"}, lambda fact: has(fact.labels, "enhancement"), share=2),
            Mapped({"repository": "panjf2000/ants"}, lambda fact: fact.scope == "panjf2000/ants", share=1),
        ],
    }


def configuration(database: str, connection: Raw, plan: dict[str, list[Mapped]]) -> Raw:
    """A configuration with the key results of `plan` over the one connection `tool`."""
    key_results = [{"key": key, "title": f"About {key}", "value": {"from": "delivery"}} for key in plan]
    mappings = [
        {"key_result": key, "work": one.work} | ({"share": one.share} if one.share else {})
        for key, mapped in plan.items()
        for one in mapped
        if one.work is not None
    ]
    return {
        "version": 1,
        "database": database,
        "connections": {"tool": connection},
        "counting": {"cancelled": list(CANCELLED)},
        "cycles": [{"key": "2026-Q4", "start": "2026-10-01", "end": "2026-12-31"}],
        "objectives": [{"key": "OBJECTIVE", "title": "All of it", "cycle": "2026-Q4", "key_results": key_results}],
        "mappings": mappings,
        "conventions": {"label": CONVENTION, "trailer": TRAILER.title()},
    }


@dataclass(frozen=True)
class _Shared:
    """A title that exists in several projects, and the project of these that has least of it."""

    title: str
    smaller: str


def _in_several_projects(facts: list[Fact], titles: Callable[[Fact], Iterable[str]]) -> _Shared:
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for fact in facts:
        for title in titles(fact):
            found[title][fact.scope] += 1
    title = max((one for one in found if len(found[one]) > 1), key=lambda one: (found[one].total(), one))
    return _Shared(title, min(found[title], key=lambda scope: (found[title][scope], scope)))


def _spelt_in_two_ways(facts: list[Fact]) -> list[str]:
    spellings: dict[str, set[str]] = defaultdict(set)
    for fact in facts:
        for label in fact.labels:
            spellings[label.casefold()].add(label)
    return [label for fact in facts for label in fact.labels if len(spellings[label.casefold()]) > 1]
