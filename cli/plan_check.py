"""Judging the files of a coming cycle on top of the configuration: applied in a transaction that is then undone."""

from collections.abc import Collection, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.check import GRAVITY, Severity
from cli.problems import seen_from_here
from cli.session import Failure, Session

if TYPE_CHECKING:
    from config import Cycle, Loaded
    from sync.plan import CyclePlan, Load, PlanFinding


def run(at: Session, files: Sequence[Path], *, cycle: str | None, fail_on: Severity) -> bool:
    """Prints what is wrong with the plan. Whether a finding that counts is at least as grave as `fail_on`.

    Raises ConfigError where the files do not fit the configuration, and Failure where nothing was synced yet or no
    cycle is to be judged.
    """
    from cli.reader import reading
    from cli.wiring import database, loaded, now
    from sync.plan import judge

    moment, paths = now(), [Path.cwd() / file for file in files]
    found = loaded(at, paths)
    cycles = _cycles(found, paths, cycle, moment.astimezone(found.config.zone).date())
    with reading(at):
        pass  # where there is no data yet, this says so, and makes no database
    with database(found.config.database) as engine, engine.connect() as conn, conn.begin() as transaction:
        plans = judge(conn, found.config, cycles, moment)
        transaction.rollback()
    shown = [_cycle(plan, found) for plan in plans]
    counted = [one for plan in shown for one in plan["findings"] if one["hidden"] is None]
    failed = any(GRAVITY[one["severity"]] <= GRAVITY[fail_on] for one in counted)
    if at.json:
        listed = [str(seen_from_here(path)) for path in paths]
        at.data({"as_of": moment, "files": listed, "fail_on": fail_on, "failed": failed, "cycles": shown})
    else:
        from cli.plan_view import show

        show(shown, at, moment.astimezone(found.config.zone).date())
    return failed


def _cycles(found: "Loaded", paths: Collection[Path], named: str | None, day: date) -> "list[Cycle]":
    from cli.status import unknown
    from sync.plan import cycles_to_judge

    config, files = found.config, {path.resolve() for path in paths}
    mentioned = {
        one.key
        for one in config.objectives
        if (place := found.where("objective", one.key)) and place[0].resolve() in files
    }
    if named is not None and named not in {one.key for one in config.cycles}:
        raise unknown("cycle", named, [one.key for one in config.cycles])
    cycles = cycles_to_judge(config, day, named, mentioned)
    if not cycles:
        raise Failure(
            "There is no coming cycle: none with objectives starts after today, and none of those in these files runs.",
            "Give the files of the coming cycle's objectives, with the cycle itself under `cycles:`.",
        )
    if ended := [one for one in cycles if one.end < day]:
        raise Failure(
            f"Cycle {ended[0].key} ended on {ended[0].end}: there is nothing left to plan.",
            "Name a cycle that has not ended with --cycle.",
        )
    return cycles


def _cycle(plan: "CyclePlan", found: "Loaded") -> dict[str, Any]:
    names = {team.key: team.label for team in found.config.teams}
    rank = {name: at for at, name in enumerate(_sections())}
    findings = sorted(plan.findings, key=lambda one: (rank[one.section], GRAVITY[one.severity], one.code))
    return {
        "cycle": plan.cycle.key,
        "start": plan.cycle.start,
        "end": plan.cycle.end,
        "objectives": len({one.objective_key for one in plan.key_results}),
        "key_results": [
            {
                "key_result": one.key,
                "title": one.title,
                "objective": one.objective_key,
                "team": one.team,
                "lever_share": one.lever_share,
                "open_items": sum(part.remaining for part in one.teams),
            }
            for one in plan.key_results
        ],
        "findings": [_finding(one, found) for one in findings],
        "unjudged": [{"code": code, "subject": subject} for code, subject in plan.unjudged],
        "teams": [_load(one, names) for one in plan.loads],
    }


def _sections() -> "Collection[str]":
    from sync.plan import SECTIONS

    return SECTIONS


def _finding(one: "PlanFinding", found: "Loaded") -> dict[str, Any]:
    place = found.where(one.hit.subject_kind.replace("_", " "), one.hit.subject)
    return {
        "section": one.section,
        "code": one.code,
        "severity": one.severity,
        "reason": one.hit.reason,
        "subject_kind": one.hit.subject_kind,
        "subject": one.hit.subject,
        "title": one.title,
        "team": one.hit.team,
        "summary": one.hit.summary,
        "evidence": one.hit.evidence,
        "file": str(seen_from_here(place[0])) if place else None,
        "line": place[1] if place else None,
        "hidden": {"by": one.hidden.by, "reason": one.hidden.reason, "until": one.hidden.until} if one.hidden else None,
    }


def _load(one: "Load", names: dict[str, str]) -> dict[str, Any]:
    return {
        "team": one.team,
        "name": names.get(one.team, one.team) if one.team else None,
        "promised": one.promised,
        "promised_begun": one.begun,
        "earlier_open": one.earlier,
        "done_before": one.done_before,
        "backlog": one.backlog,
        "completions": one.completions,
        "active_days": one.active_days,
        "days": one.days,
        "per_week": one.per_week,
        "fits_p85": one.fits,
        "over": one.over,
        "chance": one.chance,
        "p50": one.p50,
        "p85": one.p85,
        "reason": one.reason,
        "key_results": dict(one.key_results),
    }
