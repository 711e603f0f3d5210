"""`northing map suggest`: what could serve what, each with the line to paste. Nothing is linked by it."""

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from cli.bars import counted
from cli.session import Failure, Session

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    import sqlalchemy as sa

    from config import Config
    from mapping.suggest import Suggestion, Target
    from sync.suggestions import Group

MOST = 2_000
"""Pieces of work that are looked at: the largest groups of unaligned work, the epics and milestones changed last."""


def run(
    at: Session, config: "Config", day: "date", *, key_result: str | None, work: str | None, limit: int, least: float
) -> None:
    """Prints suggestions for unaligned work and for key results without work, or for the one that is named."""
    import store
    from cli.reader import reading

    with reading(at):  # says so where nothing was synced yet
        pass
    engine = store.connect(config.database)
    try:
        with store.reading(engine) as conn:
            found = _Finder(conn, config, day, limit, least).found(key_result, work)
    finally:
        engine.dispose()
    if at.json:
        at.data(found)
    else:
        _show(at, found)


def unaligned_work(conn: "sa.Connection", config: "Config", day: "date", least: float) -> list[dict[str, Any]]:
    """The work of `northing_unaligned_work`, grouped as `map suggest` does, the largest group first.

    Each has the key result that it looks most like.
    """
    from sync.suggestions import unaligned_groups, unaligned_items

    counts = unaligned_items(conn)
    groups = [
        replace(group, members=tuple(counts.intersection(group.members))) for group in unaligned_groups(conn, day, MOST)
    ]
    found = _Finder(conn, config, day, 1, least).for_work([group for group in groups if group.members])
    return sorted(found, key=lambda one: (-one["items"], one["key"], one["scope"]))


class _Finder:
    def __init__(self, conn: "sa.Connection", config: "Config", day: "date", limit: int, least: float) -> None:
        from sync.suggestions import targets

        self.conn, self.config, self.day = conn, config, day
        self.limit, self.least = limit, least
        self.targets = targets(conn, config, day)

    def found(self, key_result: str | None, work: str | None) -> dict[str, Any]:
        """What to print: `work`, each piece with key results, and `key_results`, each with pieces of work."""
        from sync.suggestions import bare_key_results, open_groups, unaligned_groups

        candidates = open_groups(self.conn, self.day, MOST)
        if key_result is not None:
            target = self._target(key_result)
            reason = bare_key_results(self.conn, self.config, self.day).get(target.key)
            return {"work": [], "key_results": self._for_targets([target], {target.key: reason}, candidates)}
        unaligned = unaligned_groups(self.conn, self.day, MOST)
        if work is not None:
            return {"work": self.for_work(self._named(work, [*unaligned, *candidates])), "key_results": []}
        bare = bare_key_results(self.conn, self.config, self.day)
        targets = [target for target in self.targets if target.key in bare]
        return {"work": self.for_work(unaligned), "key_results": self._for_targets(targets, bare, candidates)}

    def for_work(self, groups: "list[Group]") -> list[dict[str, Any]]:
        """Pieces of work, each with the key results that it looks like, best first."""
        found = defaultdict(list)
        for pair in self._pairs(groups, self.targets):
            found[pair.work.id].append(pair)
        return [
            {
                **_described(group),
                "items": len(group.members),
                "suggestions": [
                    {"key_result": pair.target.key, "title": pair.target.title, **self._said(pair, group)}
                    for pair in found[group.work.id][: self.limit]
                ],
            }
            for group in groups
        ]

    def _for_targets(
        self, targets: "list[Target]", reasons: "Mapping[str, str | None]", groups: "list[Group]"
    ) -> list[dict[str, Any]]:
        found = defaultdict(list)
        for pair in self._pairs(groups, targets):
            found[pair.target.key].append(pair)
        places = {group.work.id: group for group in groups}
        return [
            {
                "key_result": target.key,
                "title": target.title,
                "reason": reasons[target.key],
                "suggestions": [
                    {
                        **_described(places[pair.work.id]),
                        "serves": list(places[pair.work.id].serves),
                        **self._said(pair, places[pair.work.id]),
                    }
                    for pair in found[target.key][: self.limit]
                ],
            }
            for target in targets
        ]

    def _pairs(self, groups: "list[Group]", targets: "list[Target]") -> "list[Suggestion]":
        """All pairs from `least` on, best first, without links that exist."""
        from mapping.suggest import suggest

        serves = {group.work.id: group.serves for group in groups}
        pairs = suggest([group.work for group in groups], targets, least=self.least)
        return [pair for pair in pairs if pair.target.key not in serves[pair.work.id]]

    def _target(self, key: str) -> "Target":
        from config.problems import did_you_mean

        known = {target.key: target for target in self.targets}
        if key not in known:
            raise Failure(
                f"There is no running key result {key!r}.{did_you_mean(key, known)}", "`northing status` lists them."
            )
        return known[key]

    def _named(self, key: str, groups: "list[Group]") -> "list[Group]":
        found = [group for group in groups if group.key.casefold() == key.casefold()][:1]
        if not found:
            raise Failure(
                f"{key!r} is neither open work that could be linked nor unaligned work in progress.",
                "Name an epic, a milestone or an item that `northing map suggest` lists.",
            )
        return found

    def _said(self, pair: "Suggestion", group: "Group") -> dict[str, Any]:
        return {
            "score": pair.score,
            "reasons": [{"kind": reason.kind, "words": list(reason.words)} for reason in pair.reasons],
            "paste": self._paste(pair.target.key, group),
        }

    def _paste(self, key_result: str, group: "Group") -> dict[str, str]:
        """The lines that would link them: a mapping, and for an item what the conventions offer."""
        where = {"connection": group.connection}
        if group.kind == "item":
            word = "epic" if group.level in ("epic", "initiative") else "issue"
            work = {**where, word: group.key}
        else:
            work = {**where, group.scope_kind: group.scope, group.kind: group.title}
        from config.yaml_text import flow

        lines = {"mapping": f"- {flow({'key_result': key_result, 'work': work})}"}
        if group.kind == "item":
            conventions = self.config.conventions
            if conventions.label:
                lines["label"] = conventions.label.replace("{key}", key_result)
            if conventions.trailer:
                lines["trailer"] = f"{conventions.trailer}: {key_result}"
        return lines


def _described(group: "Group") -> dict[str, Any]:
    return {
        "kind": group.level or group.kind,
        "key": group.key,
        "title": group.title,
        "url": group.url,
        "connection": group.connection,
        "scope": group.scope,
        "team": group.team,
    }


def _show(at: Session, found: dict[str, Any]) -> None:
    if not (found["work"] or found["key_results"]):
        at.say("Nothing to suggest: all work in progress serves a key result, and all key results have work.")
        return
    without: list[str] = []
    for one in found["work"]:
        if not one["suggestions"]:
            without.append(one["key"])
            continue
        size = f": {counted(one['items'], 'item')} in progress for no key result" if one["items"] else ""
        at.say(f"{_named(one)}{size}")
        for suggestion in one["suggestions"]:
            _show_one(at, f"{suggestion['key_result']}  {suggestion['title']}", suggestion, one)
    for one in found["key_results"]:
        why = {"no_mapping": "nothing is mapped to it", "matches_nothing": "its mappings match nothing"}
        said = f": {why[one['reason']]}" if one["reason"] in why else ""
        at.say(f"{one['key_result']}  {one['title']}{said}")
        for suggestion in one["suggestions"]:
            serves = f" (serves {', '.join(suggestion['serves'])})" if suggestion["serves"] else ""
            _show_one(at, f"{_named(suggestion)}{serves}", suggestion, suggestion)
        if not one["suggestions"]:
            at.say("  nothing that is open looks like it; --min-score 0.1 shows what is farther off")
    if without:
        shown = ", ".join(without[:10]) + (f" and {len(without) - 10} more" if len(without) > 10 else "")
        at.say(f"No key result looks like: {shown}")
    if not at.quiet:
        at.say("These are guesses by words and place. Nothing is linked until you paste a line or set a label.")


def _named(one: dict[str, Any]) -> str:
    if one["kind"] in ("milestone", "version"):
        return f"{one['kind']} {one['title']} of {one['scope']}"
    return f"{one['key']}  {one['title']}"


def _show_one(at: Session, title: str, suggestion: dict[str, Any], work: dict[str, Any]) -> None:
    from mapping.suggest import Reason

    at.say(f"  {suggestion['score']:.2f}  {title}")
    if at.quiet:
        return
    reasons = (Reason(kind=one["kind"], words=tuple(one["words"])) for one in suggestion["reasons"])
    at.say(f"        because: {'; '.join(map(str, reasons))}")
    paste = suggestion["paste"]
    if "label" in paste:
        at.say(f"        label {work['key']}: {paste['label']}")
    elif "trailer" in paste:
        at.say(f"        write into {work['key']}: {paste['trailer']}")
    at.say(f"        mapping: {paste['mapping']}")
