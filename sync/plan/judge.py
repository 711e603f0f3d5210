"""Judging a coming cycle: the rules of structure over the world as if the cycle ran, and what the teams carry."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Literal

import sqlalchemy as sa

from config import Config, Cycle
from sync.apply import apply
from sync.facts import KeyResultFacts
from sync.findings.registry import rules
from sync.findings.rule import Hit, Unjudged, counted, listed
from sync.findings.world import World
from sync.forecast.work import chance_text
from sync.link import link
from sync.measure import measure
from sync.plan.backlog import promises
from sync.plan.capacity import Load, load
from sync.plan.coming import Coming, as_if_running, before_or_within
from sync.plan.unasked import waiting_for_answers

Section = Literal[
    "levers_elsewhere", "levers_of_nobody", "many_teams", "overpromised", "cascade_ends", "nothing_behind"
]
SECTIONS: dict[Section, tuple[str, ...]] = {
    "levers_elsewhere": ("STR301", "STR302"),
    "levers_of_nobody": ("STR308",),
    "many_teams": ("STR303",),
    "overpromised": ("STR304",),
    "cascade_ends": ("STR305", "STR306"),
    "nothing_behind": ("COV101",),
}
"""What a plan is asked, and the codes of the findings that answer. Of COV101 only key results without mapping and
levers: that a mapping matches nothing yet is no news before the cycle begins."""


@dataclass(frozen=True, kw_only=True)
class Hidden:
    """Why a finding does not count: the configuration ignores its code, or suppresses it (`reason`, `until`)."""

    by: Literal["ignore", "suppress"]
    reason: str | None = None
    until: date | None = None


@dataclass(frozen=True, kw_only=True)
class PlanFinding:
    """What a rule found in the plan. `title` is that of its objective, key result or team; `hidden` says why it does
    not count, None where it does.
    """

    section: Section
    code: str
    severity: str
    hit: Hit
    title: str
    hidden: Hidden | None


@dataclass(frozen=True, kw_only=True)
class CyclePlan:
    """What is wrong with a cycle's plan, and what its teams carry, those with the most too much first.

    `unjudged`: what cannot be told, as the work concerned cannot be read now or a `jql` was not asked yet, as (code,
    subject).
    """

    cycle: Cycle
    key_results: tuple[KeyResultFacts, ...]
    findings: tuple[PlanFinding, ...]
    unjudged: tuple[tuple[str, str], ...]
    loads: tuple[Load, ...]


def judge(conn: sa.Connection, config: Config, cycles: Sequence[Cycle], now: datetime) -> list[CyclePlan]:
    """Judges the plans of cycles that have not ended, by the stored work.

    Applies `config` and links by it, in the transaction of `conn`: the caller undoes that.
    """
    unknown = waiting_for_answers(conn, config)
    apply(conn, config, now)
    link(conn, config)
    facts = measure(conn, config, now)
    return [_judge(conn, config, cycle, facts, unknown, now) for cycle in cycles]


def _judge(
    conn: sa.Connection,
    config: Config,
    cycle: Cycle,
    facts: Sequence[KeyResultFacts],
    unknown: frozenset[str],
    now: datetime,
) -> CyclePlan:
    day = now.astimezone(config.zone).date()
    earlier = before_or_within(cycle, config.cycles, day)
    planned = as_if_running(facts, cycle.key)
    own = [one for one in planned if one.active]
    loads = [load(promise, cycle, day) for promise in promises(conn, config, day, cycle, earlier, own)]
    by_team = {one.team: one for one in loads if one.team is not None}
    forecasts = tuple(one.facts(team) for team, one in by_team.items())
    world = Coming(conn, config, planned, now, cycle.key, forecasts)
    titles = {
        **{team.key: team.label for team in config.teams},
        **{one.key: one.title for one in config.objectives},
        **{one.key: one.title for one in facts},
    }
    findings: list[PlanFinding] = []
    unjudged: list[tuple[str, str]] = []
    for section, codes in SECTIONS.items():
        for code in codes:
            for found in _found(world, code):
                if isinstance(found, Unjudged) or found.subject in unknown:
                    unjudged.append((code, found.subject))
                    continue
                findings.append(
                    PlanFinding(
                        section=section,
                        code=code,
                        severity=config.findings.severity.get(code, found.severity),
                        hit=_by_load(world, found, by_team[found.subject], cycle) if code == "STR304" else found,
                        title=titles.get(found.subject, ""),
                        hidden=_hidden(world, code, found.subject),
                    )
                )
    return CyclePlan(
        cycle=cycle,
        key_results=tuple(world.active),
        findings=tuple(findings),
        unjudged=tuple(unjudged),
        loads=tuple(sorted(loads, key=lambda one: (-(one.over or 0), one.reason is None, one.team or ""))),
    )


def _found(world: World, code: str) -> Iterator[Hit | Unjudged]:
    """What a rule finds, with nothing open before. Of COV101 what has neither mapping nor lever."""
    found = rules()[code].find(world, frozenset())
    if code != "COV101":
        yield from found
        return
    with_levers = {one.key for objective in world.config.objectives for one in objective.key_results if one.levers}
    for one in found:
        if isinstance(one, Hit) and one.reason == "no_mapping" and one.subject not in with_levers:
            yield one


def _by_load(world: World, hit: Hit, load: Load, cycle: Cycle) -> Hit:
    """A team's promises in the numbers of the plan: what is left from before is told apart from what is new."""
    new = listed([f"{key} ({items})" for key, items in load.key_results.items()])
    said = f"{world.teams.name(hit.subject)} is promised for {counted(load.promised, 'item')}: {new}."
    if load.earlier or load.done_before:
        said += (
            f" {counted(load.earlier, 'item')} of other cycles are open; with about {load.done_before} done by"
            f" {cycle.start}, {load.backlog} are left then."
        )
    said += (
        f" It finishes {load.per_week:.1f} a week: about {load.fits} fit by {cycle.end}, {load.over} too many; the"
        f" chance for all is {chance_text(load.chance)}"
    )
    numbers = {"promised": load.promised, "earlier": load.earlier, "done_before": load.done_before, "over": load.over}
    return replace(hit, summary=said, evidence={**hit.evidence, **numbers})


def _hidden(world: World, code: str, subject: str) -> Hidden | None:
    settings = world.config.findings
    if code.startswith(settings.ignore):
        return Hidden(by="ignore")
    silencing = [
        one
        for one in settings.suppress
        if code.startswith(one.code) and one.subject == subject and world.day <= one.until
    ]
    longest = max(silencing, key=lambda one: one.until, default=None)
    return Hidden(by="suppress", reason=longest.reason, until=longest.until) if longest else None
