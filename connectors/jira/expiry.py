"""When the credentials of a connection end."""

from datetime import UTC, datetime, time

import msgspec

from connectors import text
from connectors.errors import SourceError
from connectors.jira.door import Door
from connectors.jira.options import JiraOptions

TOKENS = "/rest/pat/latest/tokens"


class _Token(msgspec.Struct):
    used: str | None = msgspec.field(default=None, name="lastAccessed")
    ends: str | None = msgspec.field(default=None, name="expiringAt")


def credentials_end_at(options: JiraOptions, door: Door, *, cloud: bool) -> datetime | None:
    """When the token ends, or the consent at the latest; None where nobody tells.

    Cloud tells nothing of API tokens; Data Center lists an account's own tokens where it may ask. Raises SourceError
    where OAuth's token cannot be renewed.
    """
    if door.oauth is not None:
        return door.oauth.consent_ends_at()
    if options.auth.expires is not None:
        return datetime.combine(options.auth.expires, time(), UTC)
    return None if cloud else _of_personal_token(door)


def _of_personal_token(door: Door) -> datetime | None:
    """The end of the token that was used last: nothing else tells which of an account's tokens is ours."""
    try:
        tokens = door.open().transport.get_json(TOKENS, into=list[_Token])[1]
    except SourceError:
        return None  # older servers do not have it, and some let no token ask
    if len(tokens) > 1:
        tokens = [one for one in tokens if text.instant(one.used)]
    newest = max(tokens, key=lambda one: text.instant(one.used) or datetime.min.replace(tzinfo=UTC), default=None)
    return text.instant(newest.ends) if newest else None
