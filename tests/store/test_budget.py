"""Processes that use one account with a tool keep below its limits together."""

import json
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from time import monotonic
from typing import Any

import httpx
import msgspec
import pytest
import respx

import store
from connectors.budget import FORGOTTEN_AFTER, Budget, Limits, OwnBudget, account_of
from connectors.errors import TryAgain
from connectors.limits import Rate
from connectors.transport import Transport
from store.budget import SharedBudget
from tests.connectors.test_transport import BASE, Clock

ACCOUNT = account_of(BASE, "a token")
FLEET = Path(__file__).with_name("budget_process.py")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def server() -> Iterator[respx.MockRouter]:
    with respx.mock(assert_all_called=False) as router:
        yield router


@pytest.fixture
def url(postgres_url: str) -> str:
    engine = store.connect(postgres_url)
    store.migrate(engine)
    engine.dispose()
    return postgres_url


@contextmanager
def shared(url: str, clock: Clock) -> Generator[SharedBudget]:
    """What another process would have of the same database."""
    budget = SharedBudget(url, lambda: clock.at)
    try:
        yield budget
    finally:
        budget.close()


@pytest.fixture
def budgets(url: str, clock: Clock) -> Iterator[tuple[SharedBudget, SharedBudget]]:
    with shared(url, clock) as one, shared(url, clock) as other:
        yield one, other


def using(budget: Budget, clock: Clock, account: str = ACCOUNT, **more: Any) -> Transport:
    return Transport(BASE, auth=dict, context=replace(clock.context(), budget=budget), account=account, **more)


def test_a_rate_is_that_of_all_processes(
    server: respx.MockRouter, clock: Clock, budgets: tuple[SharedBudget, SharedBudget]
) -> None:
    server.get(f"{BASE}/a").respond(json=[])
    here, there = (using(one, clock, steady=Rate(20, timedelta(minutes=1))) for one in budgets)
    for _ in range(10):
        here.get("/a")
        there.get("/a")
    assert clock.waited == pytest.approx(60)  # nineteen of twenty are used, and all of these in one moment


def test_two_connections_of_one_process_share_what_their_token_may(server: respx.MockRouter, clock: Clock) -> None:
    server.get(f"{BASE}/a").respond(json=[])
    budget = OwnBudget(lambda: clock.at)
    one, other = (using(budget, clock, steady=Rate(20, timedelta(minutes=1))) for _ in range(2))
    for _ in range(10):
        one.get("/a")
        other.get("/a")
    assert clock.waited == pytest.approx(60)


def test_a_limit_that_one_meets_holds_back_the_others_and_no_other_account(
    server: respx.MockRouter, clock: Clock, budgets: tuple[SharedBudget, SharedBudget]
) -> None:
    route = server.get(f"{BASE}/a")
    route.side_effect = [httpx.Response(429, headers={"Retry-After": "1000"}), httpx.Response(200, json=[])]
    here, there = (using(one, clock) for one in budgets)
    other = using(budgets[1], clock, account_of(BASE, "another token"))
    with pytest.raises(TryAgain):
        here.get("/a")
    with pytest.raises(TryAgain) as caught:
        there.get("/a")
    assert (route.call_count, caught.value.wait) == (1, 1000)
    other.get("/a")
    assert route.call_count == 2


def test_the_reserve_of_an_hourly_limit_is_kept_by_all(
    server: respx.MockRouter, clock: Clock, budgets: tuple[SharedBudget, SharedBudget]
) -> None:
    headers = {"X-RateLimit-Limit": "5000", "X-RateLimit-Remaining": "499", "X-RateLimit-Reset": "1800"}
    route = server.get(f"{BASE}/a").respond(json=[], headers=headers)
    here, there = (using(one, clock, reserve=0.1, in_flight=1) for one in budgets)
    here.get("/a")
    with pytest.raises(TryAgain, match="left to others") as caught:
        there.get("/a")
    assert (route.call_count, caught.value.wait) == (1, 1800)
    known, _ = budgets[1].glance(ACCOUNT)
    assert known.left is not None
    assert (known.left.limit, known.left.remaining) == (5000, 499)
    assert {account: one.left for account, one in budgets[0].known().items()} == {ACCOUNT: known.left}


def test_a_call_that_came_too_fast_here_goes_slower_everywhere(
    server: respx.MockRouter, clock: Clock, budgets: tuple[SharedBudget, SharedBudget]
) -> None:
    burst = {"RateLimit-Reason": "jira-burst-based", "Retry-After": "1", "X-RateLimit-Limit": "10"}
    answers = [httpx.Response(429, headers=burst)]
    server.get(f"{BASE}/a").side_effect = lambda _request: answers.pop() if answers else httpx.Response(200, json=[])
    here, there = (using(one, clock) for one in budgets)
    here.get("/a")
    began = clock.at
    for _ in range(45):
        here.get("/a")
        there.get("/a")
    assert 8 <= (clock.at - began).total_seconds() <= 11  # nine a second of the ten that are allowed


def test_so_many_requests_are_under_way_and_no_more_of_all_processes_together(
    clock: Clock, budgets: tuple[SharedBudget, SharedBudget]
) -> None:
    here, there = (using(one, clock, in_flight=2) for one in budgets)
    with ExitStack() as stack:
        stack.enter_context(here.slot())
        stack.enter_context(there.slot())
        waiting, taken = clock.waited, threading.Event()
        let_go = stack.pop_all()

        def third() -> None:
            with there.slot():
                taken.set()

        thread = threading.Thread(target=third)
        thread.start()
        while clock.waited < waiting + 1:  # asks again and again, as waiting moves this clock
            assert not taken.is_set()
        let_go.close()
        assert taken.wait(10)
        thread.join()


def test_what_a_killed_process_had_under_way_is_forgotten(
    clock: Clock, budgets: tuple[SharedBudget, SharedBudget]
) -> None:
    here, there = (using(one, clock, in_flight=1) for one in budgets)
    with here.slot():  # and never another word of it
        began = clock.at
        with there.slot():
            assert clock.at - began >= FORGOTTEN_AFTER
            assert clock.at - began < FORGOTTEN_AFTER + timedelta(seconds=1)


def test_a_database_that_is_away_is_tried_again(server: respx.MockRouter, clock: Clock, url: str) -> None:
    route = server.get(f"{BASE}/a").respond(json=[])
    gone = f"{url.partition('?')[0]}_gone?{url.partition('?')[2]}"
    words = r"The database that keeps the limits of https://tool\.example/api"
    with shared(gone, clock) as budget, pytest.raises(TryAgain, match=words):
        using(budget, clock).get("/a")
    assert route.call_count == 0
    assert clock.waited > 0


class Faulty:
    """A budget whose database fails as often as a test wants, before or after it kept what it was given."""

    def __init__(self, clock: Clock) -> None:
        self.fails: list[str] = []
        self._clock = clock
        self._known = Limits()

    @contextmanager
    def open(self, account: str) -> Generator[tuple[Limits, datetime]]:
        fault = self.fails.pop(0) if self.fails else ""
        if fault == "away":
            raise TryAgain("It is away.")
        assert self._clock.waited < 3600, "nothing is under way, and still nobody has a turn"
        known = msgspec.json.decode(msgspec.json.encode(self._known), type=Limits)
        yield known, self._clock.at
        if fault != "lost":
            self._known = known
        if fault:
            raise TryAgain("It broke.")

    def glance(self, account: str) -> tuple[Limits, datetime]:
        return self._known, self._clock.at

    def known(self) -> dict[str, Limits]:
        return {ACCOUNT: self._known}


@pytest.mark.parametrize("faults", [["lost"], ["kept, and never told"], ["", "away"]])
def test_a_database_that_fails_in_the_middle_of_a_turn_costs_no_place(
    server: respx.MockRouter, clock: Clock, faults: list[str]
) -> None:
    route = server.get(f"{BASE}/a").respond(json=[])
    budget = Faulty(clock)
    here = using(budget, clock, in_flight=1)
    for _ in range(3):
        budget.fails = list(faults)
        here.get("/a")
    assert route.call_count == 3


def test_no_token_can_be_read_from_the_name_of_an_account() -> None:
    name = account_of("https://api.github.com", "ghp_0123456789")
    assert "ghp_" not in name
    assert name != account_of("https://api.github.com", "ghp_0123456780")
    assert name != account_of("https://github.acme.example/api/v3", "ghp_0123456789")


@dataclass
class Strict:
    """A tool that takes `limit` requests in `span_s` seconds and refuses the rest, and counts both."""

    limit: int
    span_s: float
    taken: int = 0
    refused: int = 0
    most_under_way: int = 0
    _under_way: int = 0
    _starts: deque[float] = field(default_factory=deque)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def served(self) -> Generator[str]:
        strict = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                with strict.request() as fine:
                    body = b"[]"
                    self.send_response(200 if fine else 429)
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's word
                pass

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
            thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01})
            thread.start()
            try:
                yield f"http://127.0.0.1:{httpd.server_port}"
            finally:
                httpd.shutdown()
                thread.join()

    @contextmanager
    def request(self) -> Generator[bool]:
        with self._lock:
            now = monotonic()
            while self._starts and self._starts[0] <= now - self.span_s:
                self._starts.popleft()
            fine = len(self._starts) < self.limit
            if fine:
                self._starts.append(now)
                self.taken += 1
            else:
                self.refused += 1
            self._under_way += 1
            self.most_under_way = max(self.most_under_way, self._under_way)
        try:
            yield fine
        finally:
            with self._lock:
                self._under_way -= 1


def test_a_fleet_of_processes_uses_what_is_allowed_and_is_never_refused(url: str) -> None:
    tool, each = Strict(60, 1.0), 40
    with tool.served() as address:
        began = monotonic()
        command = [sys.executable, str(FLEET), json.dumps({"database": url, "tool": address, "requests": each})]
        processes = [subprocess.Popen(command, cwd=FLEET.parents[2]) for _ in range(3)]
        assert [process.wait(timeout=60) for process in processes] == [0, 0, 0]
        took = monotonic() - began
    assert (tool.taken, tool.refused) == (3 * each, 0)
    assert tool.most_under_way <= 4
    assert took >= 1  # 120 requests, 57 of them a second
