"""What is fuzzed: each part of a conversation with each tool, held to one rule: no answer breaks the program."""

import math
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from config import Conventions
from connectors.base import Connector, Context, Reading, Usage
from connectors.errors import Cancelled, SourceError
from connectors.records import Ref, Scope
from connectors.registry import connector
from simulator import GitHubSite, JiraSite, serve
from tests.fuzz.tape import FIRST, Place, Tape, recording, replaying

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


@dataclass
class Conversation:
    """One tool on tape, the connector that talked to it, and what each part of the talk asks.

    `more`: further bodies for a place, which were not given in this talk.
    """

    name: str
    tape: Tape
    connector: Connector
    parts: dict[str, Callable[[], object]]
    more: dict[Place, list[bytes]] = field(default_factory=dict)

    def places(self) -> list[Place]:
        """All answers that can be spoilt."""
        return sorted(self.tape.answers)

    def bodies(self, place: Place) -> list[bytes]:
        """The answers of a place, unspoilt."""
        return [one.body for one in self.tape.answers[place]] + self.more.get(place, [])

    def survive(self, place: Place, body: bytes) -> str:
        """Replays the part with this answer in place of the recorded ones; how it ended.

        Errors of the tool are named by their class; what was read must be fit to keep. Raises anything else.
        """
        with replaying(self.tape):
            self.tape.rewind(place[0], (place, body))
            try:
                found = self.parts[place[0]]()
            except (SourceError, Cancelled) as error:
                return type(error).__name__
        must_be_fit(found)
        return "read"


def must_be_fit(value: object) -> None:
    """Raises where a record holds what no database keeps: U+0000, half letters, odd instants, endless numbers."""
    if isinstance(value, str):
        assert "\x00" not in value, repr(value[:80])
        value.encode()
    elif isinstance(value, datetime):
        assert value.utcoffset() == timedelta(0), value
    elif isinstance(value, float):
        assert math.isfinite(value), value
    elif isinstance(value, dict):
        for key, inner in value.items():
            must_be_fit(key)
            must_be_fit(inner)
    elif isinstance(value, list | tuple | set | frozenset):
        for inner in value:
            must_be_fit(inner)
    elif isinstance(value, msgspec.Struct):
        must_be_fit(msgspec.structs.asdict(value))


def conversations() -> Iterator[Conversation]:
    """GitHub, Jira Cloud and Jira Data Center, recorded from the simulators."""
    yield _talk("github", _github(), auth={"token": "github-token"}, repositories=["acme/*"])
    by_email = {"email": "sync@acme.example", "token": "jira-token"}
    for flavour, auth in (("cloud", by_email), ("datacenter", {"token": "jira-token"})):
        yield _talk(f"jira {flavour}", _jira(flavour), auth=auth, projects=["*"])


def _talk(name: str, site: Any, **options: Any) -> Conversation:
    tape = Tape()
    kind = connector(name.split(maxsplit=1)[0])
    with serve(site) as running, recording(tape):
        known = kind.options_model.model_validate(
            {"kind": name.split(maxsplit=1)[0], "url": running.url_of(site), "in_flight": 1, **options}
        )
        # A wait that one broken answer asks for is over before the next talk begins.
        context = Context(now=lambda: NOW + tape.talks * timedelta(days=1), stop=threading.Event(), sleep=_never)
        conventions = Conventions.model_validate({"trailer": "Key-Result", "jira_field": "Key Result"})
        made: Connector = kind(name, known, conventions, "points", context)
        tape.part = FIRST
        scope = made.scopes().scopes[0]
        tape.part = "items"
        parts = _parts(made, scope)
        for tape.part, ask in parts.items():
            if tape.part not in (FIRST, "items"):
                ask()
    return Conversation(name, tape, made, parts)


def _parts(made: Connector, scope: Scope) -> dict[str, Callable[[], object]]:
    def items(since: datetime | None = None) -> list[Any]:
        return [[page.items, page.set_aside] for page in made.items(scope, Reading(since=since), Usage())]

    first = [Ref(external_id=one.external_id, key=one.key) for page in items()[:1] for one in page[0][:3]]

    def scopes() -> list[Scope]:
        return made.scopes().scopes

    return {
        "items": items,
        "changed items": lambda: items(NOW - timedelta(days=1)),
        "containers": lambda: made.containers(scope, {}, Usage()),
        "ids": lambda: list(made.ids(scope, Usage()) or ()),
        "look": lambda: made.look(scope, first, Usage()),
        "doctor": made.doctor,
        FIRST: scopes,
    }


def _never(seconds: float) -> None:
    # A second try would get the same answer.
    raise Cancelled


def _github() -> GitHubSite:
    site = GitHubSite(now=lambda: NOW)
    site.add_repository("acme/shop")
    site.add_milestone("acme/shop", "v1", NOW.date())
    site.add_issue("acme/shop", "Epic", labels=["epic"], milestone="v1", body="Key-Result: GROW.1\r\n")
    site.add_issue("acme/shop", "Child", parent="acme/shop#1", assignees=["dana"], type="Bug")
    site.add_issue("acme/shop", "Done", state="closed", state_reason="not_planned", body="x\ny")
    site.add_issue("acme/shop", "Blocked")
    return site


def _jira(flavour: Any) -> JiraSite:
    site = JiraSite(flavour, now=lambda: NOW)
    site.add_project("SHOP", "Shop")
    site.add_version("SHOP", "1.0", NOW.date())
    board = site.add_board("SHOP")["id"]
    sprint = site.add_sprint(board, "Sprint 1", "active", NOW.date(), NOW.date())["id"]
    epic = site.add_issue("SHOP", "Epic", "Epic")
    site.add_issue("SHOP", "Story", parent=epic, versions=["1.0"], sprint=sprint, labels=["web"])
    site.add_issue("SHOP", "Another", labels=["web", "b"])
    return site
