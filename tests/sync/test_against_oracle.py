"""Links and numbers of random organisations are those of a plain recomputation, in full and after small changes."""

import os
from collections.abc import Iterator

import msgspec
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import store
from config import Config
from sync.facts import KeyResultFacts
from sync.link import link
from sync.measure import measure
from tests.sync.oracle import Work, numbers
from tests.sync.organisations import NOW, apply, configs, items, store_work, works

KEYS = ("A.1", "A.2")

# A failing organisation is shown as it was drawn: making it smaller takes minutes.
ORGANISATIONS = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    max_examples=500 if "NORTHING_LONG" in os.environ else 25,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)


@pytest.fixture
def engine(migrated_url: str) -> Iterator[sa.Engine]:
    engine = store.connect(migrated_url)
    yield engine
    engine.dispose()


def measured(conn: sa.Connection, facts: list[KeyResultFacts]) -> dict[str, tuple[object, ...]]:
    links = conn.execute(
        sa.text(
            "SELECT k.key, i.key AS item, m.via, m.position, l.counted, l.size, l.imputed FROM link l"
            " JOIN key_result k ON k.id = l.key_result_id JOIN work_item i ON i.id = l.item_id"
            " JOIN mapping m ON m.id = l.mapping_id"
        )
    ).all()
    places = {
        key: [
            position
            for (position,) in conn.execute(
                sa.text(
                    "SELECT m.position FROM mapping m JOIN key_result k ON k.id = m.key_result_id"
                    " WHERE k.key = :key AND m.via = 'mapping' ORDER BY m.position"
                ),
                {"key": key},
            )
        ]
        for key in KEYS
    }
    rows = conn.execute(
        sa.text(
            "SELECT k.key, e.delivery, e.work_descoped, e.work_todo, e.work_in_progress, e.work_done FROM measure e"
            " JOIN key_result k ON k.id = e.key_result_id"
        )
    ).all()
    teams = {
        fact.key: {
            (part.team, state): (getattr(part, state), pytest.approx(getattr(part, f"size_{state}")))
            for part in fact.teams
            for state in ("todo", "in_progress", "done")
            if getattr(part, state)
        }
        for fact in facts
    }
    return {
        row.key: (
            {
                one.item: (
                    places[row.key].index(one.position) if one.via == "mapping" else len(places[row.key]),
                    bool(one.counted),
                    one.size,
                    bool(one.imputed),
                )
                for one in links
                if one.key == row.key
            },
            None if row.delivery is None else pytest.approx(row.delivery),
            row.work_descoped,
            {"done": row.work_done, "in_progress": row.work_in_progress, "todo": row.work_todo},
            teams[row.key],
        )
        for row in rows
    }


def expected(work: Work, config: Config) -> dict[str, tuple[object, ...]]:
    found = {key: numbers(work, config, key) for key in KEYS}
    return {key: (one.links, one.delivery, one.descoped, one.states, one.teams) for key, one in found.items()}


def bring_up_to_date(conn: sa.Connection, config: Config) -> list[KeyResultFacts]:
    link(conn, config)
    return measure(conn, config, NOW)


@given(work=works(), config=configs())
@ORGANISATIONS
def test_numbers_and_links_are_those_of_a_plain_recomputation(engine: sa.Engine, work: Work, config: Config) -> None:
    with engine.connect() as conn, conn.begin() as transaction:
        apply(conn, config)
        store_work(conn, work, config)
        facts = bring_up_to_date(conn, config)
        assert measured(conn, facts) == expected(work, config)
        transaction.rollback()


@given(work=works(), config=configs(), data=st.data())
@ORGANISATIONS
def test_a_small_change_gives_the_same_as_a_recomputation(
    engine: sa.Engine, work: Work, config: Config, data: st.DataObject
) -> None:
    with engine.connect() as conn, conn.begin() as transaction:
        apply(conn, config)
        store_work(conn, work, config)
        bring_up_to_date(conn, config)
        for _ in range(data.draw(st.integers(1, 3))):
            number = data.draw(st.integers(0, max(0, len(work.items))))
            changed = data.draw(items(number))
            changed = (
                msgspec.structs.replace(changed, key=work.items[str(number)].key, scope=work.items[str(number)].scope)
                if str(number) in work.items
                else changed
            )
            work.items[str(number)] = changed
            work.deleted.discard(str(number))
            if data.draw(st.integers(0, 4)) == 0:
                work.deleted.add(str(number))
            store_work(conn, work, config, [str(number)])
            facts = bring_up_to_date(conn, config)
            assert measured(conn, facts) == expected(work, config)
        transaction.rollback()
