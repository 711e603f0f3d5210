"""No table grows with time alone: each is bounded by the tools, by the configuration, by what people do, or by age."""

import shutil
from datetime import date, timedelta
from pathlib import Path

import sqlalchemy as sa

from config import Config, ConnectionOptions, Cycle, KeyResult, Mapping, Metric, Objective, Retention, Selector
from connectors.hooks import About, Hint
from connectors.records import Change
from store import hints
from store.retention import retain
from store.tables import SQLModel
from tests.sync.fake import START, Fake, Tool, World, world

TOOLS = "what the tools hold, and the words and names that they ever used"
CONFIGURED = "what the configuration holds, or ever held"
PEOPLE = "what people said"
AGE = "retention, or an age of its own"
NOW = "what is so at the moment"
BOUNDED_BY = {
    **dict.fromkeys(
        (
            "container", "dependency", "membership", "quarantine", "scope", "scope_alias", "stream_state", "tag",
            "work_alias", "work_container", "work_item", "work_tag", "write_refusal", "written", "written_shared",
        ),
        TOOLS,
    ),
    **dict.fromkeys(
        (
            "alert_channel", "channel_total", "connection", "credential", "cycle", "firing", "forecast", "job_total",
            "key_result", "mapping", "measure", "meta", "objective", "rate_budget", "scope_total", "support", "tally",
            "team", "team_forecast", "theme", "value_source",
        ),
        CONFIGURED,
    ),
    **dict.fromkeys(("acknowledgement", "barrier", "decision", "team_acknowledgement"), PEOPLE),
    **dict.fromkeys(("delivery", "digest_delivery", "finding", "finding_change"), AGE),
    **dict.fromkeys(("hint", "run", "run_scope", "work_change"), AGE),
    **dict.fromkeys(("dirty", "link", "match", "suggestion", "suppressed", "sweep_seen"), NOW),
    "check_in": "what people said, and a value a day for each key result with a source while its cycle runs",
    "snapshot": "a row a day for each key result while its cycle runs; then they stay",
}  # fmt: skip
KEEP = Retention(changes="60 days", runs="30 days", snapshots="60 days", findings="60 days")
STEP = timedelta(days=15)


def test_of_every_table_it_is_known_what_bounds_it() -> None:
    assert sorted(SQLModel.metadata.tables) == sorted(BOUNDED_BY)


def a_year_long(key: str, year: int) -> Config:
    """One key result in a cycle of a year, which work of SHOP serves."""
    return Config(
        connections={"fake": ConnectionOptions(kind="fake", in_flight=2)},
        cycles=(Cycle(key=key, start=date(year, 1, 1), end=date(year, 12, 31)),),
        objectives=(
            Objective(
                key="GROW",
                title="Grow",
                cycle=key,
                key_results=(KeyResult(key="GROW.1", title="More", metric=Metric(start=0, target=10)),),
            ),
        ),
        mappings=(Mapping(key_result="GROW.1", work=Selector(project=("SHOP",))),),
    )


def live_on(one: World, tool: Tool, days: int) -> None:
    """Some time passes: half of the items change their state, tools tell of it, and what is old is removed."""
    one.now = START + timedelta(days=days)
    tool.clock = one.now
    for number in range(1, 9):
        before = tool.project("SHOP").items[f"SHOP/{number}"]
        word = ("todo", "in_progress", "done")[(number + days // 15) % 3]
        step = Change(at=one.now - timedelta(hours=1), kind="status", before="a", after=word, category=word)
        tool.put("SHOP", number, category=word, changes=(*before.changes, step))
    with one._closing(), one.engine.begin() as conn:
        hints.put(conn, "fake", Hint(delivery=f"d-{days}", event="e", about=About(scope="SHOP")), one.now)
    one.sync()
    with one._closing():
        retain(one.engine, KEEP, one.now)


def sizes(one: World) -> dict[str, int]:
    with one._closing(), one.engine.connect() as conn:
        return {
            name: conn.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
            for name, table in SQLModel.metadata.tables.items()
        }


def test_over_a_year_nothing_grows_that_age_bounds(migrated_sqlite: Path, tmp_path: Path) -> None:
    tool = Tool()
    tool.fill("SHOP", 16)
    file = shutil.copy(migrated_sqlite, tmp_path / "northing.db")
    one = world(f"sqlite:///{file}", Fake(tool, per_page=50))
    one.config = a_year_long("2026", 2026)
    steps = list(range(0, 330, STEP.days))
    seen = []
    for days in steps:
        if days == 45:  # the next year begins
            one.config = a_year_long("2027", 2027)
        live_on(one, tool, days)
        seen.append(sizes(one))
    half = [one for days, one in zip(steps, seen, strict=True) if 150 <= days < 240]
    end = [one for days, one in zip(steps, seen, strict=True) if days >= 240]
    for name in SQLModel.metadata.tables:
        # The history of the cycle that runs is kept as a whole.
        if name != "work_change":
            assert max(one[name] for one in end) <= max(one[name] for one in half), name
    assert seen[-1]["run"] <= 6
    assert seen[-1]["finding_change"] > 0
