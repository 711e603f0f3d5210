"""`/metrics` for Prometheus: what the database knows of the whole service, so that every process tells the same."""

import asyncio
from importlib.metadata import version

import sqlalchemy as sa
from prometheus_client.core import CollectorRegistry, GaugeMetricFamily
from prometheus_client.exposition import choose_encoder
from starlette.responses import Response

from dashboard.inside import Inside
from dashboard.problem import Problem
from dashboard.threads import in_thread

WITHIN_S = 5.0


class Metrics:
    """Answers scrapes. One at a time reads the database."""

    def __init__(self, inside: Inside, engine: sa.Engine) -> None:
        self._inside = inside
        self._engine = engine
        self._one = asyncio.Semaphore(1)
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)

    async def __call__(self, accept: str) -> Response:
        """All metrics, in the format that `accept` asks for."""
        encode, kind = choose_encoder(accept)
        try:
            async with asyncio.timeout(WITHIN_S), self._one:
                text = await in_thread(lambda: encode(self._registry), WITHIN_S)
        except TimeoutError:
            return Problem(503, "The database does not answer.")
        return Response(text, media_type=kind)

    def collect(self):
        yield GaugeMetricFamily("northing_build_info", "", labels=["version"], value=None)
