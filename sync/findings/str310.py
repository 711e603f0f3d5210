"""STR310: a team spread over many key results."""

from collections import defaultdict
from collections.abc import Iterator

from sync.facts import KeyResultFacts
from sync.findings.rule import Hit, Rule, Subject, Unjudged, counted, listed
from sync.findings.world import World


def _find(world: World, open_now: frozenset[Subject]) -> Iterator[Hit | Unjudged]:
    spread: dict[str, list[KeyResultFacts]] = defaultdict(list)
    for one in world.active:
        for part in one.teams:
            if part.team is not None and part.remaining:
                spread[part.team].append(one)
    limit = world.config.thresholds.key_results_per_team
    for team, key_results in spread.items():
        most = world.eased(float(limit), ("team", team) in open_now)
        readable = [one for one in key_results if one.readable]
        if len(key_results) <= most:
            continue
        if len(readable) <= most:
            yield Unjudged("team", team)
            continue
        keys = [one.key for one in readable]
        yield Hit(
            subject_kind="team",
            subject=team,
            severity=RULE.severity,
            summary=(
                f"{world.teams.name(team)} has unfinished work for {counted(len(keys), 'key result')}: {listed(keys)}"
            ),
            evidence={"count": len(keys), "limit": limit, "key_results": keys[:20]},
            team=team,
            cycle_end=max(one.cycle_end for one in readable),
        )


RULE = Rule(
    code="STR310",
    severity="info",
    finds="A team that is asked to move many key results at once.",
    why=(
        "Every one of them waits for the others. A team that works on seven things finishes none of them soon, and"
        " whoever asks hears that theirs is in progress."
    ),
    computed=(
        "The team has counted work that is not done for more than `thresholds.key_results_per_team` (5) key results"
        " whose cycle contains the day; the teams below it are counted apart. Key results whose work cannot be read now"
        " open no finding, and end none. It ends when there are fewer than the threshold by `thresholds.hysteresis`"
        " (5 %) of it: of 5, at 4."
    ),
    ends="Work for some of them is finished, dropped or given to another team.",
    find=_find,
)
