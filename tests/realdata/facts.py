"""Recorded issues as plain facts, and a count of what serves a key result: a second way to the program's numbers.

Nothing here uses the program. What an issue means is read from its JSON in the plainest way.
"""

import json
import lzma
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import fmean
from typing import Any, NamedTuple, TypeAlias

Raw: TypeAlias = dict[str, Any]

CANCELLED = ("Won't Fix", "Won't Do", "Duplicate", "Invalid", "Cannot Reproduce", "Not Our Bug", "not_planned")
"""The words by which the configuration of these tests tells cancelled work."""

TRAILER = "window"
"""Lines such as `window: win1` stand in many recorded bodies, as they hold source code: these are read as a trailer."""

_CATEGORIES = {"new": "todo", "undefined": "todo", "indeterminate": "in_progress", "done": "done"}


@dataclass(frozen=True)
class Fact:
    """What the source says of one item. Instants are texts as SQLite's views give them; `labels` are sorted."""

    key: str
    scope: str
    title: str
    type: str | None
    level: str
    state: str
    status: str
    parent: str | None
    milestone: str | None
    versions: tuple[str, ...]
    labels: tuple[str, ...]
    created_at: str
    closed_at: str | None
    updated_at: str
    components: tuple[str, ...]
    sprints: tuple[int, ...]
    people: tuple[str, ...]
    resolution: str | None
    trailers: tuple[str, ...]


def same(one: str | None, other: str) -> bool:
    """Whether two texts are the same to a selector."""
    return one is not None and one.strip().casefold() == other.strip().casefold()


def has(values: Iterable[str], wanted: str) -> bool:
    """Whether `wanted` is one of `values` to a selector."""
    return any(same(value, wanted) for value in values)


def instant(text: str | None) -> str | None:
    """An instant of a source as the views write it: UTC, in seconds."""
    return None if text is None else datetime.fromisoformat(text).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def trailers(body: str | None) -> tuple[str, ...]:
    """What stands behind the trailer's name in the lines of a body that begin with it."""
    lines = (line.strip() for line in (body or "").replace("\0", "").replace("\r", "\n").split("\n"))
    name = f"{TRAILER}:"
    return tuple(line[len(name) :].strip() for line in lines if line.casefold().startswith(name))


def jira_lines(folder: Path) -> Iterator[Raw]:
    """Every recorded issue, one after the other: all of them together take a gigabyte."""
    with lzma.open(folder / "issues.full.jsonl.xz", "rb") as lines:
        for line in lines:
            yield json.loads(line)


def jira_fact(raw: Raw) -> Fact:
    """The facts of an issue of Jira's agile API."""
    fields = raw["fields"]
    status, resolution = fields["status"], (fields["resolution"] or {}).get("name")
    state = _CATEGORIES[status["statusCategory"]["key"]]
    kind = fields["issuetype"]
    above = fields.get("parent") or fields.get("epic") or {}
    sprints = [*(fields.get("closedSprints") or []), *([fields["sprint"]] if fields.get("sprint") else [])]
    person = fields["assignee"] or {}
    return Fact(
        key=raw["key"],
        scope=fields["project"]["key"],
        title=(fields.get("summary") or raw["key"]).replace("\0", ""),
        type=kind["name"],
        level="subtask" if kind["subtask"] else "epic" if kind["name"] == "Epic" else "issue",
        state="cancelled" if state == "done" and resolution in CANCELLED else state,
        status=status["name"],
        parent=above.get("key"),
        milestone=None,
        versions=tuple(sorted({one["name"] for one in fields.get("fixVersions") or []})),
        labels=tuple(sorted(set(fields["labels"]))),
        created_at=instant(fields["created"]) or "",
        closed_at=instant(fields["resolutiondate"]),
        updated_at=instant(fields["updated"]) or "",
        components=tuple(sorted({one["name"] for one in fields["components"]})),
        sprints=tuple(sorted({one["id"] for one in sprints})),
        people=tuple(sorted({person[name] for name in ("name", "displayName") if person.get(name)})),
        resolution=resolution,
        trailers=trailers(fields.get("description")),
    )


def github_fact(raw: Raw) -> Fact:
    """The facts of an issue of GitHub's API."""
    scope = raw["repository_url"].partition("/repos/")[2]
    reason = raw.get("state_reason")
    labels = tuple(sorted({one["name"] for one in raw["labels"]}))
    closed = "cancelled" if reason in CANCELLED else "done"
    return Fact(
        key=f"{scope}#{raw['number']}",
        scope=scope,
        title=raw["title"],
        type=None,
        level="issue",
        state=closed if raw["state"] == "closed" else "todo",
        status=raw["state"],
        parent=None,
        milestone=raw["milestone"]["title"] if raw.get("milestone") else None,
        versions=(),
        labels=labels,
        created_at=instant(raw["created_at"]) or "",
        closed_at=instant(raw["closed_at"]),
        updated_at=instant(raw["updated_at"]) or "",
        components=(),
        sprints=(),
        people=tuple(sorted(one["login"] for one in raw.get("assignees") or [])),
        resolution=reason,
        trailers=trailers(raw["body"]),
    )


Test: TypeAlias = Callable[[Fact], bool]


@dataclass(frozen=True)
class Mapped:
    """A mapping of the configuration, and what it says in Python. `work` is the selector, None for a convention."""

    work: Raw | None
    matches: Test
    excluded: Test | None = None
    descend: bool = True
    share: float | None = None


class Count(NamedTuple):
    """The numbers of a key result."""

    todo: int
    in_progress: int
    done: int
    descoped: int
    delivery: float | None


class Linked(NamedTuple):
    """What serves a key result: the keys linked, those of them that the selectors match themselves, those that count,
    and the numbers.
    """

    keys: set[str]
    direct: set[str]
    counted: set[str]
    count: Count


class Work:
    """All recorded items of a company, and what lies below what."""

    def __init__(self, facts: Iterable[Fact]) -> None:
        self.facts = {fact.key: fact for fact in facts}
        self.children: dict[str, list[str]] = defaultdict(list)
        for fact in self.facts.values():
            if fact.parent:
                self.children[fact.parent].append(fact.key)

    def below(self, keys: Iterable[str]) -> set[str]:
        """`keys` and all that lies below them, as far as it was recorded."""
        found: set[str] = set()
        waiting = list(keys)
        while waiting:
            key = waiting.pop()
            if key not in found:
                found.add(key)
                waiting += self.children.get(key, ())
        return found & self.facts.keys()

    def linked(self, mappings: Iterable[Mapped]) -> Linked:
        """What `mappings` link, with its numbers. An item belongs to the first mapping that links it."""
        first: dict[str, int] = {}
        direct: set[str] = set()
        shares: list[float | None] = []
        for number, one in enumerate(mappings):
            seeds = {fact.key for fact in self.facts.values() if one.matches(fact)}
            reached = self.below(seeds) if one.descend else seeds
            if one.excluded:
                reached -= self.below(fact.key for fact in self.facts.values() if one.excluded(fact))
            for key in reached:
                first.setdefault(key, number)
            direct |= seeds & reached
            shares.append(one.share)
        parts: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        counted, descoped = set(), 0
        for key, number in first.items():
            fact = self.facts[key]
            lower = {self.facts[one] for one in self.below([key]) - {key} if one in first}
            lower = {one for one in lower if one.level != "subtask"}
            if fact.level == "subtask" or any(one.state != "cancelled" for one in lower):
                continue
            if fact.state != "cancelled":
                counted.add(key)
                parts[number][fact.state] += 1
            elif not lower:
                descoped += 1
        count = Count(
            *(sum(part[state] for part in parts.values()) for state in ("todo", "in_progress", "done")),
            descoped,
            _delivery(parts, shares),
        )
        return Linked(set(first), direct, counted, count)


def _delivery(parts: dict[int, dict[str, int]], shares: list[float | None]) -> float | None:
    """The done part of what counts: each mapping by its share where shares are given (a convention has their mean)."""
    if not parts:
        return None
    given = [share for share in shares if share is not None]
    if not given:
        return sum(part["done"] for part in parts.values()) / sum(sum(part.values()) for part in parts.values())
    weights = {number: shares[number] or fmean(given) for number in parts}
    done = sum(weights[number] * part["done"] / sum(part.values()) for number, part in parts.items())
    return done / sum(weights.values())
