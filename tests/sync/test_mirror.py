"""Whatever happens to the work and to the syncs: after a quiet sync with a sweep, the mirror equals the tool.

Machines change a model of a tool at random: items are made, edited, deleted, moved, hidden; projects are renamed and
hidden; all that between syncs and in the middle of them, which fail, are stopped and are killed at random places.
`NORTHING_LONG=1` runs many more of them.
"""

import os
import shutil
import sys
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack, suppress
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any, Literal
from unittest import mock

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

import store
from config import Config
from connectors.errors import TryAgain
from simulator import serve
from store import tables
from sync import pull, sweep
from sync.engine import SyncResult
from sync.only import Only
from tests.postgres import Postgres
from tests.sync.fake import World, world
from tests.sync.mirror_model import Model, Shown, Source, connector
from tests.sync.mirror_sites import GitHubSource, JiraSource, Trapped

LONG = os.environ.get("NORTHING_LONG") == "1"


class Kill(BaseException):
    """Ends the program where it stands."""


ENDS = ("well", "well", "failing", "stopped", "killed")
"""How a sync may end."""


class Mirror:
    """A program that mirrors a source, and the ways to sync it."""

    def __init__(
        self,
        here: World,
        source: Source,
        at_request: Callable[[Callable[[], None]], None],
        close: Callable[[], None] = lambda: None,
    ) -> None:
        """`at_request` says what is to be called before each request of the connector."""
        self.here = here
        self.source = source
        self.at_request = at_request
        self.keys: dict[str, str] = {}
        self.close = close

    def sync(self, end: str = "well", after: int = 0, **options: Any) -> SyncResult | None:
        """A sync that ends in a way, after so many requests or rows of pages; None where it was killed."""
        self.here.now += timedelta(minutes=1)
        self.here.stop.clear()
        steps = count()
        with ExitStack() as stack:
            if end == "killed":
                for place, name in (
                    (pull.work, "save_page"),
                    (sweep, "apply_looked"),
                    (sweep.store, "note"),
                    (sweep.store, "finish"),
                ):
                    stack.enter_context(mock.patch.object(place, name, _deadly(getattr(place, name), steps, after)))
            elif end != "well":
                self.at_request(lambda: self._disturb(end, next(steps) == after))
                stack.callback(self.at_request, lambda: None)
            with suppress(Kill):
                return self.here.sync(**options)
        return None

    def _disturb(self, end: str, now: bool) -> None:
        if now and end == "stopped":
            self.here.stop.set()
        elif now:
            raise TryAgain("The tool did not answer.")

    def quiet(self) -> None:
        """A sync with a sweep that nothing disturbs, behind one that finishes what was interrupted."""
        self.here.stop.clear()
        self.at_request(lambda: None)
        self.sync()
        result = self.sync(sweep=True)
        assert result is not None
        held = [one for one in result.scopes if one.held_back is not None]
        assert all((one.held_back or 0) > sweep.MAY_MISS for one in held)
        for one in held:
            self.sync(only=Only.parse(f"{one.connection}:{one.scope}", self.here.config), sweep=True, accept_drop=True)

    def check(self) -> None:
        """The mirror equals the source, and old keys lead to where the items are now."""
        rows = self.here.rows(tables.WorkItem)
        scopes = {row["id"]: row["external_id"] for row in self.here.rows(tables.Scope)}
        assert self.stored(rows, scopes) == self.expected(rows)
        for row in rows:
            if row["presence"] == "deleted":
                assert not self.source.exists(row["external_id"]), row["key"]
            assert (row["gone_at"] is None) == (row["presence"] == "present")
        self._check_keys(rows)

    def stored(self, rows: list[dict[str, Any]], scopes: dict[int, str]) -> dict[str, Shown]:
        """What is stored as present in the scopes that are listed."""
        ids = {row["id"]: row["external_id"] for row in rows}
        seen = self.source.shown()
        words = {row["id"]: row["value"] for row in self.here.rows(tables.Tag) if row["kind"] == "label"}
        labels = _by_item((row["item_id"], words.get(row["tag_id"])) for row in self.here.rows(tables.WorkTag))
        titles = {row["id"]: row["title"] for row in self.here.rows(tables.Container)}
        versions = _by_item(
            (row["item_id"], titles[row["container_id"]]) for row in self.here.rows(tables.WorkContainer)
        )
        found = {}
        for row in rows:
            if row["presence"] != "present" or scopes[row["scope_id"]] not in self.source.listed():
                continue
            parent = ids.get(row["parent_id"])
            told = seen[row["external_id"]].parent if row["external_id"] in seen else None
            found[row["external_id"]] = Shown(
                row["key"],
                scopes[row["scope_id"]],
                row["title"],
                row["category"],
                "?" if told == "?" else parent,
                labels.get(row["id"], ()),
                versions.get(row["id"], ()),
            )
        return found

    def expected(self, rows: list[dict[str, Any]]) -> dict[str, Shown]:
        return self.source.shown()

    def remember(self) -> None:
        """Keep the keys that are stored, to look them up later."""
        self.keys |= {row["key_folded"]: row["external_id"] for row in self.here.rows(tables.WorkItem)}

    def _check_keys(self, rows: list[dict[str, Any]]) -> None:
        here = {row["external_id"] for row in rows}
        by_id = {row["id"]: row["external_id"] for row in rows}
        shown = self.source.shown()
        in_use = {one.key.casefold() for one in shown.values()}
        listed = {row["id"] for row in self.here.rows(tables.Scope) if row["external_id"] in self.source.listed()}
        swept = {row["external_id"] for row in rows if row["scope_id"] in listed}
        leads = {(row["key_folded"], by_id[row["item_id"]]) for row in self.here.rows(tables.WorkAlias)}
        leads |= {(row["key_folded"], row["external_id"]) for row in rows}
        for key, identity in self.keys.items():
            now = self.source.successor(identity)
            if key not in in_use and now in here and now in shown and identity in swept:
                assert (key, now) in leads, (key, now)


def _deadly(call: Callable[..., Any], steps: "count[int]", after: int) -> Callable[..., Any]:
    """`call`, which the program does not survive at its turn: before it, or after it and before the commit."""

    def called(*args: Any, **named: Any) -> Any:
        step = next(steps)
        if step == after and after % 2:
            raise Kill
        result = call(*args, **named)
        if step == after:
            raise Kill
        return result

    return called


def _by_item(pairs: Any) -> dict[int, tuple[str, ...]]:
    found: dict[int, set[str]] = {}
    for item_id, word in pairs:
        if word is not None:
            found.setdefault(item_id, set()).add(word)
    return {item_id: tuple(sorted(words)) for item_id, words in found.items()}


HAPPENINGS = st.runner().flatmap(lambda machine: st.sampled_from(machine.mirror.source.kinds))


class Machine(RuleBasedStateMachine):
    """Changes the source of a mirror, and syncs it. `tally` counts what was tried."""

    def __init__(self, start: Callable[[], Mirror], tally: Counter[str]) -> None:
        super().__init__()
        self.mirror = start()
        self.tally = tally
        tally["examples"] += 1

    @initialize(seed=st.integers(0, 1000))
    def some_work(self, seed: int) -> None:
        for number in range(6):
            self.mirror.source.happen("create", seed + number)

    @rule(kinds=st.lists(HAPPENINGS, min_size=1, max_size=5), seed=st.integers(0, 1000))
    def happen(self, kinds: list[str], seed: int) -> None:
        for number, kind in enumerate(kinds):
            self.tally[kind] += 1
            self.mirror.source.happen(kind, seed + number)

    @rule(
        end=st.sampled_from(ENDS),
        after=st.integers(0, 12),
        options=st.sampled_from([{}, {}, {"sweep": True}, {"full": True}]),
    )
    def sync(self, end: str, after: int, options: dict[str, bool]) -> None:
        self.tally[f"sync {end}"] += 1
        self.mirror.sync(end, after, **options)
        self.mirror.remember()

    @rule(
        kinds=st.lists(HAPPENINGS, min_size=1, max_size=4),
        after=st.integers(0, 12),
        sweep=st.booleans(),
        seed=st.integers(0, 1000),
    )
    def sync_meanwhile(self, kinds: list[str], after: int, sweep: bool, seed: int) -> None:
        """Work changes behind the reader's back."""
        self.tally["sync meanwhile"] += 1
        steps = count()

        def change() -> None:
            if next(steps) == after:
                for number, kind in enumerate(kinds):
                    self.mirror.source.happen(kind, seed + number)

        self.mirror.at_request(change)
        self.mirror.sync(sweep=sweep)
        self.mirror.at_request(lambda: None)
        self.mirror.remember()

    @invariant()
    def nothing_is_deleted_that_is_there(self) -> None:
        for row in self.mirror.here.rows(tables.WorkItem):
            if row["presence"] == "deleted":
                assert not self.mirror.source.exists(row["external_id"]), row["key"]

    def teardown(self) -> None:
        self.tally["compared"] += 1
        self.mirror.quiet()
        self.mirror.check()
        self.mirror.close()


def run(start: Callable[[], Mirror], examples: int, steps: int) -> None:
    tally: Counter[str] = Counter()
    profile = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )
    make: Any = lambda: Machine(start, tally)  # noqa: E731 - hypothesis asks for a class, and calls it
    run_state_machine_as_test(make, settings=profile)
    sys.stdout.write(f"{dict(tally)}\n")


@pytest.fixture
def new_url(migrated_sqlite: Path, tmp_path: Path) -> Callable[[], str]:
    """Gives the URL of one more migrated SQLite database, in place of the last one."""
    return lambda: f"sqlite:///{shutil.copy(migrated_sqlite, tmp_path / 'one.db')}"


def modelled(url: str, *, transfers: bool) -> Mirror:
    model = Model(transfers=transfers)
    fake = connector(model)

    def at_request(call: Callable[[], None]) -> None:
        fake.request = call

    return Mirror(world(url, fake), model, at_request)


@pytest.mark.parametrize("transfers", [False, True], ids=["ids listed", "ids read"])
def test_a_mirror_equals_its_tool_after_a_quiet_sweep(new_url: Callable[[], str], transfers: bool) -> None:  # bug 8
    run(lambda: modelled(new_url(), transfers=transfers), examples=200 if LONG else 8, steps=12)


def test_a_mirror_on_postgresql_equals_its_tool_after_a_quiet_sweep(postgres: Postgres, migrated_postgres: str) -> None:
    with ExitStack() as stack:

        def new() -> Mirror:
            return modelled(stack.enter_context(postgres.database(migrated_postgres)), transfers=True)

        run(new, examples=30 if LONG else 2, steps=10)


def simulated(url: str, source: JiraSource | GitHubSource) -> Mirror:
    running = serve(source.site)
    stop = threading.Event()
    one: Any = Trapped(source, running.url_of(source.site), stop)
    here = World(store.connect(url), {"fake": one}, Config(connections={"fake": one.options}), stop=stop)

    def at_request(call: Callable[[], None]) -> None:
        one.request = call

    def close() -> None:
        one.close()
        running.stop()

    return Mirror(here, source, at_request, close)


@pytest.mark.parametrize("flavour", ["cloud", "datacenter"])
def test_a_mirror_of_a_simulated_jira_equals_it(
    new_url: Callable[[], str], flavour: Literal["cloud", "datacenter"]
) -> None:
    run(lambda: simulated(new_url(), JiraSource(flavour)), examples=40 if LONG else 3, steps=10)


def test_a_mirror_of_a_simulated_github_equals_it(new_url: Callable[[], str]) -> None:
    run(lambda: simulated(new_url(), GitHubSource()), examples=40 if LONG else 4, steps=10)
