"""What `doctor` tries on a Jira site, from the outside in: address, account, fields, boards, projects, limits."""

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

from connectors.base import Check, Usage
from connectors.errors import Refused, SourceError
from connectors.jira.containers import BOARDS, NOT_READABLE
from connectors.jira.door import Access, Door
from connectors.jira.expiry import credentials_end_at
from connectors.jira.fields import FieldMap
from connectors.jira.inspection import inspect
from connectors.jira.options import JiraOptions
from connectors.transport import Transport

if TYPE_CHECKING:
    from connectors.jira.connector import Site

SKEW_S = 60
SOON = timedelta(days=14)


def checks(options: JiraOptions, door: Door, site: Callable[[], "Site"]) -> list[Check]:
    """All checks that make sense: none behind one that all others need."""
    try:
        access = door.check()
        info = access.control.server_info()
        me = access.control.myself()
    except SourceError as error:
        return _shut(options, error)
    place = f"Jira {'Cloud' if info.cloud else 'Data Center'} {info.version or ''}".strip()
    who = f"{me.display_name or 'without a name'}, time zone {me.time_zone or 'unknown'}"
    way = "" if access.transport.base_url == options.url else f", through {access.transport.base_url}"
    found = [
        Check("reachable", ok=True, detail=f"{options.url}: {place}{way}"),
        Check("account", ok=True, detail=who),
        *_credentials(options, door, access, cloud=info.cloud),
    ]
    boards = None if options.boards is False else _boards(access.transport, asked_for=options.boards is True)
    readable = boards is not None and boards.ok and not boards.advice
    found += inspect(options, access, cloud=info.cloud, boards=readable)
    found += _fields(site)
    return [*found, *([boards] if boards else []), _limits(access.transport), _clock(access.transport)]


def _shut(options: JiraOptions, error: SourceError) -> list[Check]:
    """A site that refuses the account was reached; anything else is no proof of that."""
    if not isinstance(error, Refused) or error.status is None:
        return [Check("reachable", ok=False, detail=error.message, advice=error.advice)]
    return [
        Check("reachable", ok=True, detail=options.url),
        Check("account", ok=False, detail=error.message, advice=error.advice),
    ]


def _credentials(options: JiraOptions, door: Door, access: Access, *, cloud: bool) -> list[Check]:
    """When the credentials end, and what they allow, as far as that is told."""
    try:
        ends = credentials_end_at(options, door, cloud=cloud)
    except SourceError as error:
        return [Check("credentials", ok=False, detail=error.message, advice=error.advice)]
    told = [f"end on {ends:%Y-%m-%d}" + (" at the latest" if door.oauth else "")] if ends else []
    if access.scopes is not None:
        told.append(f"scopes {', '.join(sorted(access.scopes)) or 'none'}")
    if not told:
        return []
    late = ends is not None and ends - door.now() < SOON
    advice = "Renew them before that day." if late else ""
    return [Check("credentials", ok=not late, detail="; ".join(told), advice=advice)]


def _fields(site: Callable[[], "Site"]) -> list[Check]:
    try:
        fields = site().fields
    except SourceError as error:
        return [Check("fields", ok=False, detail=error.message, advice=error.advice)]
    return [
        Check("fields", ok=True, detail=_roles(fields)),
        *(
            Check(
                "fields",
                ok=False,
                detail=f"{purpose}: no field is called {name!r} here",
                advice="Correct the name, unless another connection has the field.",
            )
            for purpose, name in fields.missing.items()
        ),
    ]


def _roles(fields: FieldMap) -> str:
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
