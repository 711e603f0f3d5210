"""Deliveries of webhooks: who is let in, what each says, and what is refused."""

import asyncio
import json
import lzma
import time
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from connectors.github.hooks import GitHubHooks
from connectors.github.options import GitHubOptions
from connectors.hooks import (
    LARGEST,
    About,
    Delivery,
    Forged,
    Hint,
    Hooks,
    Malformed,
    TooLarge,
    TooLate,
    hooks_of,
    read_body,
)
from connectors.jira.hooks import JiraHooks
from connectors.jira.options import JiraOptions
from connectors.records import Ref
from tests.connectors.signed import SECRET, github, jira, signature

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
OPTIONS: dict[str, Any] = {"kind": "github", "auth": {"token": "t"}, "repositories": ["acme/*"]}
REPOSITORY = {"id": 501, "full_name": "acme/shop"}
OTHER = {"id": 502, "full_name": "acme/web"}
ISSUE = {"id": 9001, "number": 1}
PROJECT = {"id": "10000", "key": "SHOP"}


def github_hooks(secret: Any = SECRET) -> GitHubHooks:
    return GitHubHooks(GitHubOptions(**OPTIONS, **({"webhook_secret": secret} if secret else {})))


def jira_hooks(secret: Any = SECRET) -> JiraHooks:
    options: dict[str, Any] = {
        "kind": "jira",
        "url": "https://acme.atlassian.net",
        "auth": {"token": "t"},
        "projects": ["*"],
    }
    return JiraHooks(JiraOptions(**options, **({"webhook_secret": secret} if secret else {})))


def about(hooks: Hooks, delivery: Delivery) -> About | None:
    hint = hooks.hook(delivery, NOW)
    return hint.about if hint else None


def in_shop(**more: Any) -> About:
    return About(scope="501", scope_key="acme/shop", **more)


SHOP_1 = Ref(external_id="9001", key="acme/shop#1")


@pytest.mark.parametrize(
    "event, body, expected",
    [
        ("issues", {"action": "edited", "issue": ISSUE}, in_shop(refs=(SHOP_1,))),
        ("issues", {"action": "deleted", "issue": ISSUE}, in_shop(refs=(SHOP_1,), deleted=("9001",))),
        ("issues", {"action": "transferred", "issue": ISSUE, "changes": {}}, in_shop(refs=(SHOP_1,))),
        ("issues", {"action": "pinned", "issue": ISSUE}, None),
        ("issues", {"action": "edited", "issue": {**ISSUE, "pull_request": {"url": "u"}}}, None),
        (
            "sub_issues",
            {"action": "sub_issue_added", "sub_issue": ISSUE, "sub_issue_repo": OTHER, "parent_issue": ISSUE},
            About(scope="502", scope_key="acme/web", refs=(Ref(external_id="9001", key="acme/web#1"),)),
        ),
        ("sub_issues", {"action": "parent_issue_added", "sub_issue": ISSUE}, in_shop(refs=(SHOP_1,))),
        ("issue_dependencies", {"action": "blocked_by_added", "blocked_issue": ISSUE}, in_shop(refs=(SHOP_1,))),
        (
            "issue_dependencies",
            {"action": "blocking_added", "blocked_issue": ISSUE, "blocked_issue_repo": OTHER},
            About(scope="502", scope_key="acme/web", refs=(Ref(external_id="9001", key="acme/web#1"),)),
        ),
        ("milestone", {"action": "edited"}, in_shop(containers=True)),
        ("label", {"action": "edited", "changes": {"name": {"from": "bug"}}}, in_shop(whole=True)),
        ("label", {"action": "edited", "changes": {"color": {"from": "fff"}}}, None),
        ("label", {"action": "deleted"}, in_shop(whole=True)),
        ("label", {"action": "created"}, None),
        *[("repository", {"action": one}, About(scopes=True)) for one in ("renamed", "transferred", "archived")],
        ("repository", {"action": "edited"}, None),
        ("installation_repositories", {"action": "added"}, About(scopes=True)),
        (
            "projects_v2_item",
            {
                "action": "edited",
                "projects_v2_item": {"content_type": "Issue", "content_node_id": "I_kwDOCG5vGM5La0aB"},
            },
            About(scope="141455128", refs=(Ref(external_id="1265321601", key=""),)),
        ),
        (
            "projects_v2_item",
            {"action": "edited", "projects_v2_item": {"content_type": "Issue", "content_node_id": "I_?"}},
            None,
        ),
        ("push", {"ref": "refs/heads/main"}, None),
        ("ping", {"zen": "Design for failure."}, None),
    ],
)
def test_what_github_says(event: str, body: dict[str, Any], expected: About | None) -> None:
    assert about(github_hooks(), github(event, {"repository": REPOSITORY, **body})) == expected


@pytest.mark.parametrize(
    "event, body, expected",
    [
        *[
            (
                f"jira:issue_{what}",
                {"issue": {"id": "7", "key": "SHOP-7", "fields": {"project": PROJECT}}},
                About(
                    scope="10000",
                    scope_key="SHOP",
                    refs=(Ref(external_id="7", key="SHOP-7"),),
                    deleted=("7",) if what == "deleted" else (),
                ),
            )
            for what in ("created", "updated", "deleted")
        ],
        ("jira:version_updated", {"version": {"id": "3", "projectId": 10000}}, About(scope="10000", containers=True)),
        (
            "jira:version_merged",
            {"version": {"id": "3", "projectId": 10000}},
            About(scope="10000", containers=True, whole=True),
        ),
        ("sprint_closed", {"sprint": {"id": 4, "originBoardId": 2}}, About(containers=True)),
        ("project_updated", {"project": {"id": 10000, "key": "SHOP"}}, About(scopes=True)),
        (
            "issuelink_created",
            {"issueLink": {"id": 1, "sourceIssueId": 7, "destinationIssueId": 8}},
            About(refs=(Ref(external_id="7", key=""), Ref(external_id="8", key=""))),
        ),
        ("comment_created", {"comment": {"id": "1"}}, None),
    ],
)
def test_what_jira_says(event: str, body: dict[str, Any], expected: About | None) -> None:
    sent = {"timestamp": int(NOW.timestamp() * 1000), "webhookEvent": event, **body}
    assert about(jira_hooks(), jira(sent)) == expected


def test_a_delivery_is_known_by_the_tools_own_id_and_by_its_body_where_it_has_none() -> None:
    body = {"action": "edited", "issue": ISSUE, "repository": REPOSITORY}
    hint = github_hooks().hook(github("issues", body, "d-1"), NOW)
    assert hint == Hint(delivery="d-1", event="issues.edited", about=in_shop(refs=(SHOP_1,)))
    sent = {"webhookEvent": "sprint_started"}
    named = [jira_hooks().hook(jira(sent, one), NOW) for one in ("j-1", "", "x" * 129, "")]
    ids = [one.delivery for one in named if one]
    assert ids[0] == "j-1"
    assert len(set(ids[1:])) == 1
    assert ids[1].startswith("sha256:")


BODY = json.dumps({"action": "edited", "issue": ISSUE, "repository": REPOSITORY}).encode()


@pytest.mark.parametrize(
    "header",
    [
        "",
        "sha256=",
        "sha256=" + "0" * 64,
        "sha256=" + "é" * 64,
        "sha1=" + "0" * 40,
        "sha512=" + signature(BODY)[7:],
        signature(BODY)[7:],
        signature(BODY, "another secret"),
        signature(BODY + b" "),
    ],
)
def test_who_does_not_sign_the_bytes_with_a_secret_of_ours_is_not_let_in(header: str) -> None:
    with pytest.raises(Forged) as caught:
        github_hooks().hook(github("issues", BODY, x_hub_signature_256=header), NOW)
    assert caught.value.status == 401
    with pytest.raises(Forged):
        jira_hooks().hook(jira(BODY, x_hub_signature=header), NOW)


def test_without_a_secret_nobody_is_let_in() -> None:
    for hooks, delivery in ((github_hooks(None), github("issues", BODY)), (jira_hooks(None), jira(BODY))):
        with pytest.raises(Forged, match="no webhook_secret"):
            hooks.hook(delivery, NOW)
    empty = Delivery({**github("issues", BODY).headers, "x-hub-signature-256": signature(BODY, "")}, BODY)
    with pytest.raises(Forged):
        github_hooks(None).hook(empty, NOW)


@pytest.mark.parametrize("secret", ["", " ", [SECRET, ""]])
def test_an_empty_secret_is_refused_in_the_configuration(secret: Any) -> None:
    with pytest.raises(ValidationError, match="a secret that is not empty"):
        GitHubOptions(**OPTIONS, webhook_secret=secret)


def test_while_a_secret_is_replaced_both_sign() -> None:
    hooks = github_hooks(["new", SECRET])
    assert hooks.hook(github("issues", BODY), NOW) is not None
    assert hooks.hook(github("issues", BODY, x_hub_signature_256=signature(BODY, "new")), NOW) is not None


def test_secrets_do_not_show() -> None:
    assert SECRET not in repr(GitHubOptions(**OPTIONS, webhook_secret=SECRET))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"text"',
        b'{"action": ',
        b"[" * 200_000,
        b'{"issue":' * 200_000,
        b'{"action": 1}',
        b'{"issue": {"id": "x", "number": []}}',
        b'{"issue": {"id": 1e999, "number": 1}}',
        b'{"issue": null, "repository": null}',
        b"\xff\xfe\x00",
        b'{"a": NaN}',
    ],
)
def test_a_body_that_no_tool_sends_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed):
        github_hooks().hook(github("issues", body), NOW)
    with pytest.raises(Malformed):
        jira_hooks().hook(jira(body), NOW)


def test_what_no_database_keeps_is_cleaned() -> None:
    body = rb'{"webhookEvent": "jira:issue_updated", "issue": {"id": "7", "key": "SHOP\u0000-7\ud800"}, "x": "\udfff"}'
    assert about(jira_hooks(), jira(body)) == About(refs=(Ref(external_id="7", key="SHOP-7"),))


def test_another_content_type_is_refused_with_what_to_set() -> None:
    form = b"payload=%7B%7D"
    for media in ("application/x-www-form-urlencoded", "text/plain", ""):
        with pytest.raises(Malformed, match="set the webhook's content type to application/json"):
            github_hooks().hook(github("issues", form, content_type=media), NOW)


@pytest.mark.parametrize("event", ["", "x" * 65, "is\x00sues"])
def test_a_delivery_of_github_without_its_event_is_malformed(event: str) -> None:
    with pytest.raises(Malformed, match="X-GitHub-Event"):
        github_hooks().hook(github(event, BODY), NOW)


@pytest.mark.parametrize(
    "sent, taken",
    [
        (NOW, True),
        (NOW - timedelta(days=2), True),
        (NOW + timedelta(hours=14), True),
        (NOW - timedelta(days=4), False),
        (NOW + timedelta(days=2), False),
    ],
)
def test_a_delivery_of_jira_that_is_too_old_is_replayed_by_somebody(sent: datetime, taken: bool) -> None:
    delivery = jira({"webhookEvent": "sprint_started", "timestamp": int(sent.timestamp() * 1000)})
    if taken:
        assert about(jira_hooks(), delivery) == About(containers=True)
    else:
        with pytest.raises(Malformed, match="timestamp"):
            jira_hooks().hook(delivery, NOW)


@pytest.mark.parametrize("timestamp", [10**30, -(10**30), 2**63])
def test_a_timestamp_beyond_the_calendar_is_malformed(timestamp: int) -> None:
    with pytest.raises(Malformed):
        jira_hooks().hook(jira({"webhookEvent": "sprint_started", "timestamp": timestamp}), NOW)


class Endless:
    """A sender of chunks of a megabyte, of which the last never comes."""

    def __init__(self, chunks: int = 1000) -> None:
        self.sent = 0
        self._chunks = chunks

    async def chunks(self) -> AsyncIterator[bytes]:
        while self.sent < self._chunks:
            self.sent += 1
            yield bytes(1024 * 1024)
        await asyncio.Event().wait()


async def pieces(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


def test_a_body_that_is_too_large_is_not_read_to_its_end() -> None:
    sender = Endless()
    with pytest.raises(TooLarge):
        asyncio.run(read_body(sender.chunks(), length=None, within_s=60))
    assert sender.sent == 26
    for length in (str(LARGEST + 1), "9" * 19, "9" * 5000):
        with pytest.raises(TooLarge):
            asyncio.run(read_body(Endless().chunks(), length=length, within_s=60))


def test_a_sender_that_is_too_slow_is_not_waited_for() -> None:
    sender = Endless(chunks=2)
    with pytest.raises(TooLate):
        asyncio.run(read_body(sender.chunks(), length="5", within_s=0.05))
    assert sender.sent == 2


def test_a_body_in_pieces_is_put_together() -> None:
    assert asyncio.run(read_body(pieces(b"a", b"", b"bc"), length="3", within_s=9)) == b"abc"
    assert asyncio.run(read_body(pieces(b"abc"), length="-1 nonsense", within_s=9)) == b"abc"


def test_a_signed_body_beyond_the_limit_is_refused_unread() -> None:
    with pytest.raises(TooLarge):
        github_hooks().hook(github("issues", bytes(LARGEST + 1)), NOW)


def test_headers_count_by_any_case_and_the_first_of_two() -> None:
    given = github("issues", BODY).headers
    twice = [(name.title(), value) for name, value in given.items()]
    twice.append(("X-GITHUB-EVENT", "push"))
    assert github_hooks().hook(Delivery.of(twice, BODY), NOW) is not None


def test_a_large_delivery_is_read_well_within_the_time_of_an_answer() -> None:
    body = json.dumps({**json.loads(BODY), "text": ['ä\\u0041 " \\ long text'] * 40_000}).encode()
    assert len(body) > 1_000_000
    delivery, hooks = github("issues", body), github_hooks()
    took = []
    for _ in range(5):
        start = time.perf_counter()
        hooks.hook(delivery, NOW)
        took.append(time.perf_counter() - start)
    assert min(took) < 0.1


def test_only_a_tool_that_sends_deliveries_has_hooks() -> None:
    options = GitHubOptions(**OPTIONS)
    assert isinstance(hooks_of(options), GitHubHooks)
    assert hooks_of(object()) is None


def test_every_official_example_is_read(realdata: Path) -> None:
    packed = (realdata / "webhooks" / "github-webhook-examples.json.xz").read_bytes()
    hooks, kinds, read = github_hooks(), Counter[str](), 0
    for event in json.loads(lzma.decompress(packed)):
        for example in event["examples"]:
            read += 1
            hint = hooks.hook(github(event["name"], example), NOW)
            if hint is not None:
                kinds[f"{hint.event} {' '.join(sorted(_set(hint.about)))}"] += 1
    assert read > 300
    assert dict(kinds) == EXPECTED


def _set(one: About) -> set[str]:
    return {name for name in one.__struct_fields__ if getattr(one, name)}


EXPECTED = {
    "installation.created scopes": 2,
    "installation.deleted scopes": 2,
    "installation.new_permissions_accepted scopes": 1,
    "installation.suspend scopes": 1,
    "installation.unsuspend scopes": 1,
    "installation_repositories.added scopes": 2,
    "installation_repositories.removed scopes": 1,
    "issues.assigned refs scope scope_key": 3,
    "issues.deleted deleted refs scope scope_key": 1,
    "issues.edited refs scope scope_key": 3,
    "issues.labeled refs scope scope_key": 2,
    "issues.opened refs scope scope_key": 4,
    "issues.reopened refs scope scope_key": 1,
    "issues.transferred refs scope scope_key": 1,
    "issues.unassigned refs scope scope_key": 2,
    "issues.unlabeled refs scope scope_key": 2,
    "label.deleted scope scope_key whole": 2,
    "milestone.closed containers scope scope_key": 2,
    "milestone.created containers scope scope_key": 2,
    "milestone.deleted containers scope scope_key": 1,
    "organization.renamed scopes": 1,
    "projects_v2_item.archived refs scope": 1,
    "projects_v2_item.converted refs scope": 1,
    "projects_v2_item.reordered refs scope": 1,
    "projects_v2_item.restored refs scope": 1,
    "repository.created scopes": 2,
    "repository.privatized scopes": 2,
    "repository.publicized scopes": 3,
    "repository.renamed scopes": 1,
    "repository.transferred scopes": 3,
}
