"""Numbers, structure and findings of random organisations are those of a plain recomputation from their JSON."""

import os
from collections import defaultdict
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, given, settings

import store
from sync.findings import evaluate
from sync.link import link
from sync.measure import measure
from tests.sync.whole.findings import JUDGED, findings
from tests.sync.whole.oracle import Oracle
from tests.sync.whole.organisation import NOW, Json, configurations, works
from tests.sync.whole.storing import configured, store_organisation

# A failing organisation is shown as it was drawn: making it smaller takes minutes.
ORGANISATIONS = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    max_examples=500 if "NORTHING_LONG" in os.environ else 25,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    deadline=None,
)


@pytest.fixture
def engine(migrated_url: str) -> Iterator[sa.Engine]:
    engine = store.connect(migrated_url)
    yield engine
    engine.dispose()


@given(json=configurations(), items=works())
@ORGANISATIONS
def test_every_number_is_that_of_a_plain_recomputation(engine: sa.Engine, json: Json, items: list[Json]) -> None:
    oracle, config = Oracle(json, items), configured(json)
    with engine.connect() as conn, conn.begin() as transaction:
        store_organisation(conn, config, items)
        link(conn, config)
        facts = measure(conn, config, NOW)
        assert {one.key: (one.delivery, one.outcome, one.expected, one.counted) for one in facts} == {
            key: (
                None if one.delivery is None else pytest.approx(one.delivery),
                None if one.outcome is None else pytest.approx(one.outcome),
                pytest.approx(one.expected),
                len(one.counted),
            )
            for key, one in oracle.results.items()
        }
        assert {one.key: {team.team: team.size_remaining for team in one.teams if team.remaining} for one in facts} == {
            key: pytest.approx(oracle.remaining(one)) for key, one in oracle.results.items()
        }
        assert {one.key: one.lever_share for one in facts} == {
            key: None if (share := oracle.lever_share(one)) is None else pytest.approx(share)
            for key, one in oracle.results.items()
        }
        rows = conn.execute(
            sa.text("SELECT cycle, team, kind, objective, size, share FROM northing_team_alignment")
        ).all()
        assert {(row.cycle, row.team, row.kind, row.objective): row.size for row in rows} == {
            (cycle, *place): pytest.approx(size)
            for cycle in oracle.cycles
            for place, size in oracle.alignment(cycle).items()
        }
        shares: dict[tuple[str, str], float] = defaultdict(float)
        for row in rows:
            shares[row.cycle, row.team] += row.share or 0
        assert all(share == pytest.approx(1) or not share for share in shares.values())
        transaction.rollback()


@given(json=configurations(), items=works())
@ORGANISATIONS
def test_every_finding_is_that_of_a_plain_recomputation(engine: sa.Engine, json: Json, items: list[Json]) -> None:
    oracle, config = Oracle(json, items), configured(json)
    with engine.connect() as conn, conn.begin() as transaction:
        store_organisation(conn, config, items)
        link(conn, config)
        evaluate(conn, config, measure(conn, config, NOW), NOW)
        rows = conn.execute(sa.text("SELECT code, subject, reason FROM finding"))
        assert {(row.code, row.subject, row.reason) for row in rows if row.code in JUDGED} == findings(oracle)
        transaction.rollback()
