"""What Jira's webhooks say."""

from datetime import UTC, datetime, timedelta

import msgspec

from connectors.hooks import About, Delivery, Hint, Malformed, check_signature, decoded, identity
from connectors.jira.options import JiraOptions
from connectors.records import Ref
from connectors.text import clean

_OLDEST = timedelta(days=3)
"""Jira sends again for hours where nobody answers. What is older is none of its own sending."""
_AHEAD = timedelta(days=1)
"""How far a site's clock may be ahead of ours: a wrong zone."""
_EVENT_LENGTH = 64


class _Project(msgspec.Struct):
    id: str | int
    key: str


class _Fields(msgspec.Struct):
    project: _Project | None = None


class _Issue(msgspec.Struct):
    id: str | int
    key: str = ""
    fields: _Fields | None = None


class _Version(msgspec.Struct):
    projectId: str | int | None = None  # noqa: N815 - Jira's word


class _Link(msgspec.Struct):
    sourceIssueId: int | str  # noqa: N815 - Jira's word
    destinationIssueId: int | str  # noqa: N815 - Jira's word


class _Body(msgspec.Struct):
    webhookEvent: str  # noqa: N815 - Jira's word
    timestamp: int | None = None
    issue: _Issue | None = None
    version: _Version | None = None
    issueLink: _Link | None = None  # noqa: N815 - Jira's word


class JiraHooks:
    """See `connectors.hooks.Hooks`."""

    def __init__(self, options: JiraOptions) -> None:
        self._secrets = options.webhook_secret

    def hook(self, delivery: Delivery, now: datetime) -> Hint | None:
        check_signature(delivery, "x-hub-signature", self._secrets)
        body = decoded(delivery, _Body)
        _check_age(body.timestamp, now)
        about = _about(body)
        if about is None:
            return None
        event = clean(body.webhookEvent)[:_EVENT_LENGTH]
        return Hint(delivery=identity(delivery, "x-atlassian-webhook-identifier"), event=event, about=about)


def _check_age(milliseconds: int | None, now: datetime) -> None:
    if milliseconds is None:
        return
    try:
        sent = datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (OverflowError, ValueError, OSError) as error:
        raise Malformed("The body's timestamp is beyond the calendar.") from error
    if not now - _OLDEST <= sent <= now + _AHEAD:
        raise Malformed(f"The body's timestamp is {sent:%Y-%m-%d %H:%M} UTC: too old, or ahead of the time.")


def _about(body: _Body) -> About | None:
    event = body.webhookEvent.removeprefix("jira:")
    if event in ("issue_created", "issue_updated", "issue_deleted"):
        return _issue(body.issue, deleted=event == "issue_deleted")
    if event.startswith("version_"):
        project = body.version.projectId if body.version else None
        # Issues of a version that was merged have another one now, and do not count as changed.
        return About(scope=_text(project), containers=True, whole=project is not None and event == "version_merged")
    if event.startswith("sprint_"):
        return About(containers=True)
    if event.startswith("project_"):
        return About(scopes=True)
    if event.startswith("issuelink_") and body.issueLink is not None:
        ends = dict.fromkeys((str(body.issueLink.sourceIssueId), str(body.issueLink.destinationIssueId)))
        return About(refs=tuple(Ref(external_id=clean(one), key="") for one in ends))
    return None


def _issue(issue: _Issue | None, *, deleted: bool) -> About:
    if issue is None:
        raise Malformed("The body names no issue.")
    project = issue.fields.project if issue.fields else None
    ref = Ref(external_id=clean(str(issue.id)), key=clean(issue.key))
    return About(
        scope=_text(project.id) if project else None,
        scope_key=clean(project.key) if project else None,
        refs=(ref,),
        deleted=(ref.external_id,) if deleted else (),
    )


def _text(value: str | int | None) -> str | None:
    return None if value is None else clean(str(value))
