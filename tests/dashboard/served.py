"""The application, served on loopback for a database and a configuration, and what it asked of the service."""

import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import sqlalchemy as sa

import store
from config import Config
from dashboard.app import application
from dashboard.inside import Inside
from dashboard.server import serving
from sync.jobs.job import Job

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


@dataclass
class Served:
    """What a test sees of a service that is served. What it is told may be changed while it runs."""

    config: Config
    ticked: datetime | None = NOW - timedelta(seconds=5)
    standing_by: bool = False
    problems: tuple[str, ...] = ()
    refuses: Exception | None = None
    more: dict[str, Any] = field(default_factory=dict)
    submitted: list[Job] = field(default_factory=list)
    heard: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    client: httpx.Client = field(init=False)
    url: str = ""

    def submit(self, job: Job) -> None:
        self.submitted.append(job)
        self.heard.release()
        if self.refuses:
            raise self.refuses

    @contextmanager
    def writing(self) -> Generator[sa.Connection]:
        """A transaction of another process."""
        engine = store.connect(self.config.database)
        try:
            with engine.begin() as conn:
                yield conn
        finally:
            engine.dispose()

    def inside(self) -> Inside:
        return Inside(
            config=lambda: self.config,
            now=lambda: NOW,
            ticked=lambda: self.ticked,
            submit=self.submit,
            standing_by=lambda: self.standing_by,
            problems=lambda: self.problems,
            hide=lambda text: text.replace("geheim", "***"),
            **self.more,
        )

    def get(self, path: str) -> httpx.Response:
        return self.client.get(path)


@contextmanager
def served(config: Config, **more: Any) -> Generator[Served]:
    """Serves it until the block ends."""
    one = Served(config, more=more)
    with serving(application(one.inside()), "127.0.0.1", 0) as one.url, httpx.Client(base_url=one.url) as one.client:
        yield one
