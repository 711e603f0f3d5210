"""What `doctor` tries on a Jira site, from the outside in: address, account, projects, fields, boards, limits."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from connectors.base import Check, Usage
from connectors.errors import Refused, SourceError
from connectors.jira.containers import BOARDS, NOT_READABLE
from connectors.jira.control import Control, Project
from connectors.jira.fields import FieldMap
from connectors.jira.options import JiraOptions, matches
from connectors.transport import Transport

if TYPE_CHECKING:
    from connectors.jira.connector import Site

SKEW_S = 60
SHOWN = 10


def checks(
    options: JiraOptions,
    control: Callable[[], Control],
    transport: Transport,
    site: Callable[[], "Site"],
) -> list[Check]:
    """All checks that make sense: none behind one that all others need."""
    found: list[Check] = []

    def tried(name: str, attempt: Callable[[], str]) -> bool:
        try:
            found.append(Check(name, ok=True, detail=attempt()))
        except SourceError as error:
            found.append(Check(name, ok=False, detail=error.message, advice=error.advice))
        return found[-1].ok

    def reachable() -> str:
        info = control().server_info()
        return f"{options.url}: Jira {'Cloud' if info.cloud else 'Data Center'} {info.version or ''}".strip()

    def account() -> str:
        me = control().myself()
        return f"{me.display_name or 'without a name'}, time zone {me.time_zone or 'unknown'}"

    if tried("reachable", reachable) and tried("account", account):
        found += _projects(options, control())
        if tried("fields", lambda: _fields(site().fields)):
            found += [
                Check(
                    "fields",
                    ok=False,
                    detail=f"{purpose}: no field is called {name!r} here",
                    advice="Correct the name, unless another connection has the field.",
                )
                for purpose, name in site().fields.missing.items()
            ]
        if options.boards is not False:
            found.append(_boards(transport, asked_for=options.boards is True))
        found += [_limits(transport), _clock(transport)]
    return found


def _projects(options: JiraOptions, control: Control) -> list[Check]:
    try:
        visible = control.projects()
        return [_project(pattern, visible, control) for pattern in options.projects]
    except SourceError as error:
        return [Check("projects", ok=False, detail=error.message, advice=error.advice)]


def _project(pattern: str, visible: list[Project], control: Control) -> Check:
    matched = [one.key for one in visible if matches(one.key, (pattern,))]
    hidden = [key for key in matched[:SHOWN] if not control.may_browse(key)]
    if not matched or hidden:
        return Check(
            "projects",
            ok=False,
            detail=f"{pattern}: " + (f"may not browse {', '.join(hidden)}" if hidden else "no such project is visible"),
            advice="Grant the account `Browse projects` there, or correct `projects`.",
        )
    more = f" and {len(matched) - SHOWN} more" if len(matched) > SHOWN else ""
    return Check("projects", ok=True, detail=f"{pattern}: {', '.join(matched[:SHOWN])}{more}")


def _fields(fields: FieldMap) -> str:
    roles = {
        "estimate": fields.estimate,
        "sprint": fields.sprint,
        "epic link": fields.epic_link,
        "parent link": fields.parent_link,
        "team": fields.team,
        "key result": fields.key_result,
    }
    return "; ".join(f"{role}: {', '.join(ids)}" if ids else f"{role}: none" for role, ids in roles.items())


def _boards(transport: Transport, *, asked_for: bool) -> Check:
    """Boards that cannot be read are a fault only where the configuration asks for them: without, no sprints."""
    try:
        _, page = transport.get_json(BOARDS, params={"maxResults": 1}, into=dict[str, object], usage=Usage())
    except SourceError as error:
        if not asked_for and isinstance(error, Refused) and error.status in NOT_READABLE:
            return Check("boards", ok=True, detail=f"no sprints are read: {error.message}", advice=error.advice)
        return Check("boards", ok=False, detail=error.message, advice=error.advice)
    total = page.get("total")
    return Check("boards", ok=True, detail="readable" if total is None else f"readable: {total}")


def _limits(transport: Transport) -> Check:
    seen = ", ".join(f"{name}: {value}" for name, value in transport.limits_seen.items())
    return Check("limits", ok=True, detail=seen or "none told")


def _clock(transport: Transport) -> Check:
    if transport.skew_seen is None:
        return Check("clock", ok=True, detail="the site tells no time")
    skew = abs(transport.skew_seen).total_seconds()
    return Check(
        "clock",
        ok=skew <= SKEW_S,
        detail=f"{skew:.0f} s apart from the site's",
        advice="" if skew <= SKEW_S else "Set this machine's clock (NTP).",
    )
