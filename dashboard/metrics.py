"""`/metrics` for Prometheus, answered from the database. What is measured stands in `measures`."""

import asyncio
from collections.abc import Iterator

import sqlalchemy as sa
from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from starlette.responses import Response

from dashboard.inside import Inside
from dashboard.measures import measures
from dashboard.problem import Problem
from dashboard.threads import in_thread

WITHIN_S = 5.0
"""How long a scrape may take."""


class Metrics:
    """Answers scrapes. One at a time reads the database, however many ask."""

    def __init__(self, inside: Inside, engine: sa.Engine) -> None:
        self._inside = inside
        self._engine = engine
        self._one = asyncio.Semaphore(1)
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)
        ProcessCollector(registry=self._registry)

    async def __call__(self, accept: str) -> Response:
        """All metrics, in the format that `accept` asks for."""
        encode, media_type = choose_encoder(accept)
        try:
            async with asyncio.timeout(WITHIN_S), self._one:
                text = await in_thread(lambda: encode(self._registry), WITHIN_S)
        except TimeoutError:
            return Problem(503, "The database does not answer.")
        return Response(text, headers={"Content-Type": media_type})

    def collect(self) -> Iterator[Metric]:
        """For the registry: each metric with its samples of now."""
        return measures(self._inside, self._engine)
