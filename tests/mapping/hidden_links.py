"""How often a link that was hidden is suggested again: precision at 1 and at 3, beside the simplest guesses."""

import json
import lzma
import random
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mapping.suggest import Target, Work, suggest


@dataclass(frozen=True)
class Precision:
    """Of `asked` hidden links: the shares that came first, and among the first three. `frequent` and `chance` are what
    the largest target for all, and three drawn by lot, would reach.
    """

    asked: int
    targets: int
    first: float
    among_three: float
    frequent: float
    frequent_three: float

    @property
    def chance(self) -> float:
        return 1 / self.targets


def precision(work: Sequence[Work], targets: Sequence[Target], truth: Mapping[Any, Any]) -> Precision:
    """`truth`: the id of the right target, by the id of the work."""
    best: dict[Any, list[Any]] = defaultdict(list)
    for pair in suggest(work, targets, least=0):
        best[pair.work.id].append(pair.target.id)
    largest = [target for target, _ in Counter(truth.values()).most_common(3)]
    asked = len(truth)
    return Precision(
        asked=asked,
        targets=len(targets),
        first=sum(best[one][:1] == [right] for one, right in truth.items()) / asked,
        among_three=sum(right in best[one][:3] for one, right in truth.items()) / asked,
        frequent=sum(right == largest[0] for right in truth.values()) / asked,
        frequent_three=sum(right in largest for right in truth.values()) / asked,
    )


def epics(folder: Path, *, known: bool) -> Precision:
    """A recorded Jira: half of each epic's issues look for their epic. `known`: the other half is linked to it already;
    else it is known by its title alone.
    """
    issues = _issues(folder)
    children: dict[str, list[Any]] = defaultdict(list)
    for issue in issues.values():
        if (epic := (issue["fields"].get("epic") or {}).get("key")) in issues:
            children[epic].append(issue)
    found = {epic: sorted(some, key=lambda one: one["key"]) for epic, some in children.items() if len(some) > 1}
    return _halves(found, {epic: _title(issues[epic]) for epic in found}, known=known)


def versions(folder: Path) -> Precision:
    """The same for versions, whose names are numbers: only what they hold already can tell."""
    inside: dict[str, list[Any]] = defaultdict(list)
    for issue in _issues(folder).values():
        for version in (issue["fields"].get("fixVersions") or [])[:1]:
            inside[version["name"]].append(issue)
    found = {name: sorted(some, key=lambda one: one["key"]) for name, some in inside.items() if len(some) > 15}
    return _halves(found, {name: name for name in found}, known=True)


def _issues(folder: Path) -> dict[str, Any]:
    with lzma.open(folder / "issues.jsonl.xz", "rt") as lines:
        return {issue["key"]: issue for issue in map(json.loads, lines)}


def _halves(groups: Mapping[str, list[Any]], titles: Mapping[str, str], *, known: bool) -> Precision:
    lot = random.Random(1)
    work, targets, truth = [], [], {}
    for group in sorted(groups):
        members = list(groups[group])
        lot.shuffle(members)
        half = len(members) // 2
        linked = [_work(one) for one in members[half:]] if known else []
        targets.append(
            Target(
                id=group,
                key=f"KR {group}",
                title=titles[group],
                mapped=tuple(one.title for one in linked),
                components=tuple(sorted({word for one in linked for word in one.components})),
                labels=tuple(sorted({word for one in linked for word in one.labels})),
                scopes=tuple(sorted({one.scope for one in linked if one.scope})),
            )
        )
        for member in members[:half]:
            one = _work(member)
            work.append(one)
            truth[one.id] = group
    return precision(work, targets, truth)


def _title(issue: Any) -> str:
    return issue["fields"].get("summary") or ""


def _work(issue: Any) -> Work:
    fields = issue["fields"]
    return Work(
        id=issue["key"],
        title=_title(issue),
        components=tuple(one["name"] for one in fields.get("components") or ()),
        labels=tuple(fields.get("labels") or ()),
        scope=fields["project"]["key"],
    )
