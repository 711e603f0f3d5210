"""The same numbers once more, short, slow and obvious: plain Python over records, to hold the engine against."""

from collections import defaultdict
from dataclasses import dataclass, field
from statistics import median

from config import Config, Selector
from connectors.records import Item

NOT_WORDS = {"not_", "descend", "connection", "epic"}


def fold(text: str) -> str:
    return text.strip().casefold()


def like(text: str, pattern: str) -> bool:
    """Whole text against a pattern with `*` and `?`."""
    if not pattern:
        return not text
    if pattern[0] == "*":
        return like(text, pattern[1:]) or (bool(text) and like(text[1:], pattern))
    return bool(text) and pattern[0] in ("?", text[0]) and like(text[1:], pattern[1:])


def among(words: list[str], patterns: tuple[str, ...]) -> bool:
    return any(like(fold(word), fold(pattern)) for word in words for pattern in patterns)


@dataclass
class Work:
    """Items by external id, each with its scope's key, our level and state, and whether it was deleted."""

    items: dict[str, Item]
    scopes: dict[str, str]
    deleted: set[str] = field(default_factory=set)

    def level(self, item: Item, config: Config) -> str:
        if item.level in ("initiative", "epic", "subtask"):
            return item.level
        if item.type and among([item.type], config.counting.epic_types):
            return "initiative" if fold(item.type) == "initiative" else "epic"
        return "epic" if among(list(item.labels), config.counting.epic_labels) else "issue"

    def state(self, item: Item, config: Config) -> str:
        cancelled = [fold(word) for word in config.counting.cancelled]
        if item.category == "done":
            words = [fold(word) for word in (item.resolution, item.status) if word]
            return "cancelled" if any(word in cancelled for word in words) else "done"
        return item.category

    def parent(self, item: Item) -> Item | None:
        for other in self.items.values():
            if other.external_id == item.parent_id or (
                item.parent_id is None and item.parent_key and fold(other.key) == fold(item.parent_key)
            ):
                return None if other is item else other
        return None

    def ancestors(self, item: Item) -> list[Item]:
        found: list[Item] = []
        above = self.parent(item)
        while above is not None and above not in found:
            found.append(above)
            above = self.parent(above)
        return found

    def matched(self, selector: Selector, config: Config) -> set[str]:
        own = {key for key, item in self.items.items() if self._matches(selector, item, config)}
        criteria = {name for name in type(selector).model_fields if getattr(selector, name)} - {"not_", "descend"}
        brings = selector.descend or criteria <= {"epic", "connection"}
        found = {
            key
            for key, item in self.items.items()
            if key in own or (brings and any(above.external_id in own for above in self.ancestors(item)))
        }
        for inner in selector.not_:
            found -= self.matched(inner, config)
        return found

    def _matches(self, s: Selector, item: Item, config: Config) -> bool:
        family = [item, *self.ancestors(item)]
        titles = {
            kind: [c.title for c in item.containers if c.kind == kind] for kind in ("milestone", "version", "sprint")
        }
        level = self.level(item, config)
        return all((
            not s.connection or among(["tool"], s.connection),
            not s.project or among([self.scopes[item.scope]], s.project),
            not s.repository,
            not s.epic or any(among([one.key], s.epic) for one in family),
            not s.issue or among([item.key], s.issue),
            not s.label or among(list(item.labels), s.label),
            not s.component or among(list(item.components), s.component),
            not s.assignee or among(list(item.assignees), s.assignee),
            not s.title or among([item.title], s.title),
            not s.type or level in map(fold, s.type) or (item.type is not None and among([item.type], s.type)),
            not s.version or among(titles["version"], s.version),
            not s.sprint or among(titles["sprint"], s.sprint),
            not s.milestone or among(titles["milestone"], s.milestone),
            not s.team or self.team(item, config) in self.teams_named(s.team, config),
        ))  # fmt: skip

    # --- teams -------------------------------------------------------------------------------------------------------

    def team(self, item: Item, config: Config) -> str | None:
        """The team that the tool names; else the most specific owner of the item itself; else of what is above it."""
        named = [team.key for team in config.teams if fold(item.team or "") in (fold(team.key), fold(team.label))]
        if named:
            return named[0]
        owns = [(selector, team.key) for team in config.teams for selector in team.owns]
        found = [
            (item.external_id not in self._itself(selector, config), *self._vagueness(selector), number, key)
            for number, (selector, key) in enumerate(owns)
            if item.external_id in self.matched(selector, config)
        ]
        return min(found)[-1] if found else None

    def _itself(self, selector: Selector, config: Config) -> set[str]:
        """What a selector matches by its own words: of `epic` alone, the epic and not what is below it."""
        own = {key for key, item in self.items.items() if self._matches(selector, item, config)}
        alone = not any(getattr(selector, name) for name in type(selector).model_fields if name not in NOT_WORDS)
        return {key for key in own if among([self.items[key].key], selector.epic)} if alone and selector.epic else own

    def _vagueness(self, selector: Selector) -> tuple[int, int]:
        """The lower, the more specific: by the number of words asked for, then by how many are whole."""
        names = [name for name in type(selector).model_fields if name not in {"not_", "descend", "connection"}]
        asked = [getattr(selector, name) for name in names if getattr(selector, name)]
        whole = [words for words in asked if not any(letter in word for word in words for letter in "*?")]
        return -len(asked) - len(selector.not_), -len(whole)

    def teams_named(self, words: tuple[str, ...], config: Config) -> set[str]:
        """Teams by key or name, with all below them."""
        found = {team.key for team in config.teams if among([team.key, team.label], words)}
        for _ in config.teams:
            found |= {team.key for team in config.teams if team.parent in found}
        return found


@dataclass
class Numbers:
    """What a key result comes to: `links` by key as (mapping, counted, size, imputed), and its delivery.

    `teams`: number and size of counted items by team and state.
    """

    links: dict[str, tuple[int, bool, float | None, bool]]
    delivery: float | None
    descoped: int
    states: dict[str, int]
    teams: dict[tuple[str | None, str], tuple[int, float]]


def numbers(work: Work, config: Config, key: str) -> Numbers:
    mappings = [mapping for mapping in config.mappings if mapping.key_result == key]
    sets = [work.matched(mapping.work, config) for mapping in mappings]
    template = config.conventions.label
    named = {
        one
        for one, item in work.items.items()
        if template and fold(template.replace("{key}", key)) in map(fold, item.labels)
    }
    sets.append(
        {one for one, item in work.items.items() if named & {one, *(a.external_id for a in work.ancestors(item))}}
    )
    first = {one: number for number in reversed(range(len(sets))) for one in sets[number]}

    def ignored(one: str) -> bool:
        return config.counting.subtasks == "ignore" and work.level(work.items[one], config) == "subtask"

    def live(one: str) -> bool:
        return work.state(work.items[one], config) != "cancelled" and one not in work.deleted

    def below(one: str) -> list[str]:
        return [
            other
            for other in first
            if not ignored(other) and one in {a.external_id for a in work.ancestors(work.items[other])}
        ]

    counted = [one for one in first if live(one) and not ignored(one) and not any(map(live, below(one)))]
    descoped = [one for one in first if not live(one) and not ignored(one) and not below(one)]
    estimates = {one: work.items[one].estimate for one in counted}
    given = [value for value in estimates.values() if value is not None]
    everywhere = [
        i.estimate for i in work.items.values() if i.estimate is not None and i.external_id not in work.deleted
    ]
    filler = median(given) if given else median(everywhere) if everywhere else 1.0
    points = config.counting.measure != "count"
    size = {one: (filler if value is None else value) if points else 1.0 for one, value in estimates.items()}
    credit = {"done": 1.0, "in_progress": config.counting.in_progress_credit, "todo": 0.0}
    state = {one: work.state(work.items[one], config) for one in counted}

    def done(ones: list[str]) -> float | None:
        total = sum(size[one] for one in ones)
        return sum(size[one] * credit[state[one]] for one in ones) / total if total else None

    shares = [mapping.share for mapping in mappings]
    if mappings and shares[0] is not None:
        shares.append(sum(s for s in shares if s is not None) / len(shares))
        parts = [
            (share, value)
            for number, share in enumerate(shares)
            if share is not None and (value := done([one for one in counted if first[one] == number])) is not None
        ]
        weight = sum(share for share, _ in parts)
        delivery = sum(share * value for share, value in parts) / weight if weight else None
    else:
        delivery = done(counted)
    by_team: dict[tuple[str | None, str], list[float]] = defaultdict(list)
    for one in counted:
        by_team[work.team(work.items[one], config), state[one]].append(size[one])
    return Numbers(
        links={
            work.items[one].key: (
                number, one in size, size.get(one), points and one in size and estimates[one] is None
            )
            for one, number in first.items()
        },
        delivery=delivery,
        descoped=len(descoped),
        states={word: sum(1 for one in counted if state[one] == word) for word in credit},
        teams={team: (len(sizes), sum(sizes)) for team, sizes in by_team.items()},
    )  # fmt: skip
