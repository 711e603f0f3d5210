"""What GitHub's webhooks say."""

import base64
import binascii
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

import msgspec

from connectors.base import Context, Usage
from connectors.github.options import GitHubOptions
from connectors.hooks import About, Delivery, Hint, Malformed, check_signature, decoded, identity
from connectors.records import Ref, Scope

_QUIET_ISSUE = {"locked", "unlocked", "pinned", "unpinned"}
_LIST = {
    "repository": {
        "created",
        "deleted",
        "renamed",
        "transferred",
        "archived",
        "unarchived",
        "privatized",
        "publicized",
    },
    "installation_repositories": {"added", "removed"},
    "installation": {"created", "deleted", "suspend", "unsuspend", "new_permissions_accepted"},
    "organization": {"renamed"},
}
"""What changes which repositories there are, or their names, by event and action."""
_EVENT_LENGTH = 64


class _Repository(msgspec.Struct):
    id: int
    full_name: str


class _Issue(msgspec.Struct):
    id: int
    number: int
    pull_request: object = None


class _ProjectItem(msgspec.Struct):
    content_node_id: str = ""
    content_type: str = ""


class _Body(msgspec.Struct):
    action: str | None = None
    repository: _Repository | None = None
    issue: _Issue | None = None
    changes: msgspec.Raw = msgspec.Raw(b"{}")
    sub_issue: _Issue | None = None
    sub_issue_repo: _Repository | None = None
    blocked_issue: _Issue | None = None
    blocked_issue_repo: _Repository | None = None
    projects_v2_item: _ProjectItem | None = None


class _Action(msgspec.Struct):
    action: str | None = None


class GitHubHooks:
    """See `connectors.hooks.Hooks`."""

    def __init__(self, options: GitHubOptions) -> None:
        self._options = options
        self._secrets = options.webhook_secret

    def hook(self, delivery: Delivery, now: datetime) -> Hint | None:
        check_signature(delivery, "x-hub-signature-256", self._secrets)
        event = delivery.headers.get("x-github-event", "").strip()
        if not event or len(event) > _EVENT_LENGTH or not (event.isascii() and event.isprintable()):
            raise Malformed("The header X-GitHub-Event is missing.")
        return hint(event, delivery)

    def missed(self, context: Context, scopes: Sequence[Scope], since: datetime, usage: Usage) -> Iterator[Hint]:
        """See `connectors.hooks.Recalls`."""
        from connectors.github.missed import missed

        return missed(self._options, context, scopes, since, usage)


def concerns_us(event: str) -> bool:
    """Whether deliveries of an event may say something to us."""
    return event in _READERS


def hint(event: str, delivery: Delivery) -> Hint | None:
    """What a delivery whose sender is known says. Raises Malformed."""
    reader = _READERS.get(event)
    if reader is None:
        # What does not concern us is not read further than to see that it is JSON.
        decoded(delivery, _Action)
        return None
    body = decoded(delivery, _Body)
    about = reader(event, body)
    if about is None:
        return None
    name = f"{event}.{body.action}" if body.action else event
    return Hint(delivery=identity(delivery, "x-github-delivery"), event=name[:_EVENT_LENGTH], about=about)


def _of(issue: _Issue | None, repository: _Repository | None, *, deleted: bool = False) -> About | None:
    if issue is None or repository is None:
        raise Malformed("The body names no issue, or no repository.")
    if issue.pull_request is not None:
        return None
    ref = Ref(external_id=str(issue.id), key=f"{repository.full_name}#{issue.number}")
    return About(
        scope=str(repository.id),
        scope_key=repository.full_name,
        refs=(ref,),
        deleted=(ref.external_id,) if deleted else (),
    )


def _issues(_event: str, body: _Body) -> About | None:
    if body.action in _QUIET_ISSUE:
        return None
    return _of(body.issue, body.repository, deleted=body.action == "deleted")


def _sub_issues(_event: str, body: _Body) -> About | None:
    # The child names its parent, and lies in the repository that is named beside it, or in the one that tells.
    return _of(body.sub_issue, body.sub_issue_repo or body.repository)


def _dependencies(_event: str, body: _Body) -> About | None:
    return _of(body.blocked_issue, body.blocked_issue_repo or body.repository)


def _milestone(_event: str, body: _Body) -> About:
    return About(scope=_scope(body), scope_key=_scope_key(body), containers=True)


def _label(_event: str, body: _Body) -> About | None:
    try:
        renamed = "name" in msgspec.json.decode(body.changes, type=dict[str, msgspec.Raw])
    except msgspec.DecodeError:
        renamed = True
    if body.action == "deleted" or (body.action == "edited" and renamed):
        # No issue with this label counts as changed.
        return About(scope=_scope(body), scope_key=_scope_key(body), whole=True)
    return None


def _project_item(_event: str, body: _Body) -> About | None:
    item = body.projects_v2_item
    if item is None:
        raise Malformed("The body names no item of a project.")
    found = _ids(item.content_node_id) if item.content_type == "Issue" else None
    if found is None:
        return None
    scope, issue = found
    return About(scope=str(scope), refs=(Ref(external_id=str(issue), key=""),))


def _listed(event: str, body: _Body) -> About | None:
    return About(scopes=True) if body.action in _LIST[event] else None


def _scope(body: _Body) -> str:
    if body.repository is None:
        raise Malformed("The body names no repository.")
    return str(body.repository.id)


def _scope_key(body: _Body) -> str | None:
    return body.repository.full_name if body.repository else None


def _ids(node: str) -> tuple[int, int] | None:
    """The repository's and the issue's number in a node id; None where it is of another make.

    GitHub promises nothing of it, and it is not relied on: an item that is not found by it is read with the next sync.
    """
    kind, _, rest = node.partition("_")
    try:
        packed = base64.b64decode(rest + "=" * (-len(rest) % 4), altchars=b"-_", validate=True)
        _, repository, issue = msgspec.msgpack.decode(packed, type=tuple[int, int, int])
    except (binascii.Error, ValueError, msgspec.DecodeError):
        return None
    return (repository, issue) if kind == "I" else None


_READERS: dict[str, Callable[[str, _Body], About | None]] = {
    "issues": _issues,
    "sub_issues": _sub_issues,
    "issue_dependencies": _dependencies,
    "milestone": _milestone,
    "label": _label,
    "projects_v2_item": _project_item,
    **dict.fromkeys(_LIST, _listed),
}
