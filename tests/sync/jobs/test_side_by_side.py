"""Jobs side by side, in any order, come to what one sync after the other comes to."""

import os
import random
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

import store
from config import KeyResult, Mapping, Objective, Selector
from connectors.records import ContainerRef, Item
from store import tables
from sync.engine import count
from sync.jobs.asked import ask
from sync.jobs.scopes import list_scopes, read_scope
from tests.sync.fake import START, Fake, Tool, World, world
from tests.sync.jobs.test_scopes import CYCLE
from tests.sync.test_killed import picture

PROJECTS = ("SHOP", "WEB", "BASE")
LABELS = ("alpha", "beta", "gamma", "delta")
OF_RUNS = {"ScopeTotal"}
"""Tables that count what was asked, not what was found."""
AT_TIMES = {"Scope", "StreamState", "Finding", "FindingChange"}
"""Who reads twice has compared more, and who counts in between finds what soon is over. Whether a reading changes
anything, and so moves its watermark, depends on whether another scope's comparison found a moved item before."""


class Company:
    """Two tools that share words, whose work changes at random."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.tools = {name: Tool() for name in ("fake", "other")}
        for tool in self.tools.values():
            for project in PROJECTS:
                tool.fill(project, 7)
        self.matching()

    def matching(self) -> None:
        for tool in self.tools.values():
            ids = sorted(one for project in tool.projects.values() for one in project.items)
            tool.matches["sprint = 1"] = set(self.random.sample(ids, 4))

    def change(self) -> None:
        draw = self.random
        for tool in self.tools.values():
            tool.clock += timedelta(hours=1)
            for _ in range(6):
                project, number = draw.choice(PROJECTS), draw.randint(1, 9)
                identity = f"{project}/{number}"
                there = tool.projects[project].items
                match draw.choice(("label", "label", "parent", "move", "delete", "release")):
                    case "label":
                        ref = ContainerRef(external_id="sprint 1", kind="sprint", title="One")
                        labels = tuple(draw.sample(LABELS, 2))
                        tool.put(project, number, labels=labels, category="done", containers=(ref,))
                    case "parent":
                        tool.put(project, number, parent_id=f"{draw.choice(PROJECTS)}/{draw.randint(1, 9)}")
                    case "move" if identity in there:
                        self._move(tool, there.pop(identity), draw.choice(PROJECTS))
                    case "delete":
                        there.pop(identity, None)
                    case "release":
                        tool.release(project, f"{draw.randint(1, 99)}.0")
        self.matching()

    def _move(self, tool: Tool, item: Item, to: str) -> None:
        key = f"{to}-{len(tool.projects[to].items) + self.random.randint(100, 900)}"
        moved = msgspec.structs.replace(item, key=key, scope=to, updated_at=tool.clock)
        tool.projects[to].items[item.external_id] = moved


def place(url: str, company: Company) -> World:
    results = (KeyResult(key="GROW.1", title="Sell"), KeyResult(key="GROW.2", title="Ship"))
    selectors = ({"label": ["alpha"]}, {"jql": "sprint = 1"})
    return world(
        url,
        *(Fake(tool, name) for name, tool in company.tools.items()),
        cycles=(CYCLE,),
        objectives=(Objective(key="GROW", title="Grow", cycle="2026-Q4", key_results=results),),
        mappings=tuple(
            Mapping(key_result=result.key, work=Selector.model_validate(one))
            for result, one in zip(results, selectors, strict=True)
        ),
    )


class SideBySide:
    """The jobs of one round, on several engines as if in several processes."""

    def __init__(self, here: World, url: str, draw: random.Random) -> None:
        self.here = here
        self.random = draw
        engines = 3 if url.startswith("postgresql") else 1
        self.engines = [store.connect(url) for _ in range(engines)]

    def all(self, *jobs: Callable[..., Any]) -> None:
        order = list(jobs)
        self.random.shuffle(order)
        with ThreadPoolExecutor(4) as pool:
            done = [pool.submit(job, self.engines[at % len(self.engines)]) for at, job in enumerate(order)]
            for one in done:
                one.result(60)

    def round(self, *, again: bool) -> None:
        """All that is due in a round; with `again`, some of it twice and counted in between."""
        self.all(*map(self.listing, self.here.fakes))
        reading = [self.reading(name, project) for name in self.here.fakes for project in PROJECTS]
        asking = [self.asking(name) for name in self.here.fakes]
        more = [*self.random.sample(reading, 3), self.count, self.count, *asking] if again else []
        self.all(*reading, *asking, *more)
        self.count(self.engines[0])

    def close(self) -> None:
        for engine in self.engines:
            engine.dispose()

    def count(self, engine: Any) -> None:
        count(engine, self.here.config, now=lambda: self.here.now)

    def _common(self) -> dict[str, Any]:
        return {"now": lambda: self.here.now, "stop": self.here.stop}

    def listing(self, name: str) -> Callable[..., Any]:
        return lambda engine: list_scopes(engine, self.here.config, name, self.here.fakes[name], **self._common())

    def asking(self, name: str) -> Callable[..., Any]:
        return lambda engine: ask(engine, self.here.config, name, self.here.fakes[name], **self._common())

    def reading(self, name: str, project: str) -> Callable[..., Any]:
        return lambda engine: read_scope(
            engine, self.here.config, name, self.here.fakes[name], project, **self._common(), sweep=True
        )


@pytest.fixture
def undisturbed(request: pytest.FixtureRequest, migrated_url: str, tmp_path: Path) -> Iterator[str]:
    """Another database of the same kind."""
    if migrated_url.startswith("sqlite"):
        yield f"sqlite:///{shutil.copy(request.getfixturevalue('migrated_sqlite'), tmp_path / 'undisturbed.db')}"
        return
    with request.getfixturevalue("postgres").database(request.getfixturevalue("migrated_postgres")) as url:
        yield url


SEEDS = range(1, 41) if "NORTHING_LONG" in os.environ else (1, 2)


@pytest.mark.parametrize("seed", SEEDS)
def test_jobs_in_any_order_come_to_what_a_sync_comes_to(migrated_url: str, undisturbed: str, seed: int) -> None:
    company, again = Company(seed), seed % 2 == 0
    here, other = place(migrated_url, company), place(undisturbed, company)
    jobs = SideBySide(here, migrated_url, company.random)
    try:
        for _ in range(2):
            jobs.round(again=again)
            assert other.sync(sweep=True).outcome == "ok"
            found, wanted = picture(migrated_url), picture(undisturbed)
            for_once = AT_TIMES if again else {"StreamState"}
            for name in sorted(found.keys() - OF_RUNS - for_once):
                assert (name, found[name]) == (name, wanted[name])
            company.change()
            here.now = other.now = here.now + timedelta(hours=1)
    finally:
        jobs.close()
    assert {row["outcome"] for row in here.rows(tables.Run)} == {"ok"}
    assert here.now > START
