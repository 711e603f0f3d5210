"""Structure of random organisations stays that of a plain recomputation while their work changes."""

import os
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import store
from config import Config
from sync.findings import evaluate, rules
from sync.link import link
from sync.measure import measure
from tests.sync.whole.findings import JUDGED, findings
from tests.sync.whole.oracle import Oracle
from tests.sync.whole.organisation import NOW, Json, configurations, works
from tests.sync.whole.storing import configured, store_organisation

STRUCTURE = {code: rule for code, rule in rules().items() if code.startswith("STR") and code in JUDGED}

# A failing organisation is shown as it was drawn: making it smaller takes minutes.
ORGANISATIONS = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    max_examples=500 if "NORTHING_LONG" in os.environ else 20,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    deadline=None,
)


@pytest.fixture
def engine(migrated_url: str) -> Iterator[sa.Engine]:
    engine = store.connect(migrated_url)
    yield engine
    engine.dispose()


def as_the_oracle_says(conn: sa.Connection, config: Config, json: Json, items: list[Json]) -> None:
    """Links, measures and judges, and compares all that is told of structure."""
    oracle = Oracle(json, items)
    store_organisation(conn, config, items)
    link(conn, config)
    facts = measure(conn, config, NOW)
    shares = {key: oracle.lever_share(one) for key, one in oracle.results.items()}
    assert {one.key: one.lever_share for one in facts} == pytest.approx(shares)
    _compare_alignment(conn, oracle)
    evaluate(conn, config, facts, NOW, STRUCTURE)
    rows = conn.execute(sa.text("SELECT code, subject, reason FROM finding WHERE resolved_at IS NULL"))
    assert {tuple(row) for row in rows} == {one for one in findings(oracle) if one[0] in STRUCTURE}


def _compare_alignment(conn: sa.Connection, oracle: Oracle) -> None:
    rows = conn.execute(sa.text("SELECT * FROM northing_team_alignment")).all()
    for cycle in oracle.cycles:
        found = {(row.team, row.kind, row.objective): row for row in rows if row.cycle == cycle}
        wanted = oracle.alignment(cycle)
        assert {key: row.size for key, row in found.items()} == pytest.approx(dict(wanted))
        for team in {team for team, *_ in wanted}:
            shares = [row.share for (of, *_), row in found.items() if of == team]
            assert sum(shares) == pytest.approx(1) if None not in shares else not any(shares)


@given(json=configurations(), items=works(), data=st.data())
@ORGANISATIONS
def test_structure_is_that_of_a_plain_recomputation_after_small_changes_too(
    engine: sa.Engine, json: Json, items: list[Json], data: st.DataObject
) -> None:
    config = configured(json)
    thresholds = config.thresholds.model_copy(update={"hysteresis": 0.0})
    config = config.model_copy(update={"thresholds": thresholds})
    with engine.connect() as conn, conn.begin() as transaction:
        as_the_oracle_says(conn, config, json, items)
        for _ in range(data.draw(st.integers(1, 2)) if items else 0):
            others = data.draw(works())
            number = data.draw(st.integers(0, len(items) - 1))
            if number < len(others):
                # Its place among the others stays: a key says in which project an item is.
                kept = {name: items[number][name] for name in ("key", "id", "parent")}
                items = [*items[:number], others[number] | kept, *items[number + 1 :]]
            as_the_oracle_says(conn, config, json, items)
        transaction.rollback()
