"""Random organisations as plain JSON: a configuration as written, and the work as a tool lists it."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
TODAY = NOW.date()
PROJECTS = ("SHOP", "PLAT", "DATA")
LABELS = ("alpha", "beta", "sales")
TEAMS = ("company", "product", "commerce", "platform")
PARENTS = {"product": "company", "commerce": "product", "platform": "company"}
CYCLES = (
    {"key": "Q4", "start": "2026-10-01", "end": "2026-12-31"},
    {"key": "Q1", "start": "2027-01-01", "end": "2027-03-31"},
)

Json = dict[str, Any]


def _sometimes(draw: st.DrawFn, **values: Any) -> Json:
    return {name: value for name, value in values.items() if draw(st.booleans())}


@st.composite
def selectors(draw: st.DrawFn) -> Json:
    """What mappings, levers and teams name. Selectors of all kinds have oracles of their own."""
    epics = [f"{project}-{number}" for project in PROJECTS for number in range(6)]
    choices = (
        {"project": draw(st.sampled_from(PROJECTS))},
        {"project": draw(st.sampled_from(PROJECTS))},
        {"label": draw(st.sampled_from(LABELS))},
        {"epic": draw(st.sampled_from(epics))},
        {"project": draw(st.sampled_from(PROJECTS)), "label": draw(st.sampled_from(LABELS))},
    )
    return draw(st.sampled_from(choices))


@st.composite
def _key_results(draw: st.DrawFn, objective: str, number: int) -> Json:
    metric = draw(
        st.sampled_from((None, {"start": 0, "target": 10}, {"start": 8, "target": 2}, {"type": "keep", "max": 5}))
    )
    return {
        "key": f"{objective}.{number}",
        "title": draw(st.sampled_from(("From 0 to 10", "More of it"))),
        **({"metric": metric} if metric else {}),
        **_sometimes(
            draw,
            team=draw(st.sampled_from(TEAMS)),
            owner="Dana",
            levers=draw(st.lists(selectors(), min_size=1, max_size=2)),
        ),
        **draw(st.sampled_from(({}, {}, {"value": {"from": "delivery"}}, {"delivery": {"none": "by phone"}}))),
        **draw(st.sampled_from(({}, {}, {"expected": [["2026-11-01", 0.1], ["2026-12-15", 0.8]]}))),
    }


@st.composite
def _objectives(draw: st.DrawFn, number: int) -> Json:
    key = f"O{number}"
    above = [f"O{other}" for other in range(number)] + [f"O{other}.1" for other in range(number)]
    return {
        "key": key,
        "title": f"Objective {number}",
        "cycle": draw(st.sampled_from(("Q4", "Q4", "Q4", "Q1"))),
        **_sometimes(draw, team=draw(st.sampled_from(TEAMS)), owner="Kim", theme="growth"),
        **({"supports": [draw(st.sampled_from(above))]} if above and draw(st.booleans()) else {}),
        "key_results": [draw(_key_results(key, one)) for one in range(1, draw(st.integers(1, 3)) + 1)],
    }


@st.composite
def configurations(draw: st.DrawFn) -> Json:
    """A whole configuration, as YAML gives it."""
    objectives = [draw(_objectives(number)) for number in range(draw(st.integers(1, 4)))]
    keys = [one["key"] for objective in objectives for one in objective["key_results"]]
    days = st.sampled_from((0, 1, 3, 13, 14, 15, 40)).map(lambda ago: (TODAY - timedelta(days=ago)).isoformat())
    return {
        "cycles": list(CYCLES),
        "themes": [{"key": "growth", "title": "Grow"}],
        "teams": [
            {
                "key": team,
                "parent": PARENTS.get(team),
                "owns": draw(st.lists(selectors().filter(lambda one: "epic" not in one), max_size=2)),
            }
            for team in TEAMS
        ],
        "counting": {"measure": draw(st.sampled_from(("count", "points")))},
        "objectives": objectives,
        "mappings": [
            {"key_result": draw(st.sampled_from(keys)), "work": draw(selectors())}
            for _ in range(draw(st.integers(0, 8)))
        ],
        "intentional": [{"reason": "on purpose", "work": draw(selectors())}] if draw(st.booleans()) else [],
        "checkins": [
            {"key_result": draw(st.sampled_from(keys)), "date": draw(days), "value": draw(st.integers(0, 12))}
            for _ in range(draw(st.integers(0, 8)))
        ],
        "thresholds": {
            "teams_per_key_result": draw(st.sampled_from((1, 3))),
            "key_results_per_team": draw(st.sampled_from((1, 5))),
        },
    }


@st.composite
def _item(draw: st.DrawFn, number: int) -> Json:
    category = draw(st.sampled_from(("todo", "in_progress", "in_progress", "done", "done")))
    created = draw(st.integers(60, 120))
    closed = draw(st.integers(0, 59)) if category == "done" else None
    return {
        "id": str(number),
        "key": f"{draw(st.sampled_from(PROJECTS))}-{number}",
        "parent": draw(st.sampled_from((None, None, str(draw(st.integers(0, number - 1)))))) if number else None,
        "level": draw(st.sampled_from((None, None, None, "epic", "subtask"))),
        "category": category,
        "resolution": draw(st.sampled_from((None, None, "Won't Do"))) if category == "done" else None,
        "labels": sorted(draw(st.sets(st.sampled_from(LABELS), max_size=2))),
        "estimate": draw(st.sampled_from((None, None, 0.0, 1.0, 3.0))),
        "created_days_ago": created,
        "closed_days_ago": closed,
        "updated_days_ago": closed if closed is not None else draw(st.integers(0, 40)),
    }


@st.composite
def works(draw: st.DrawFn) -> list[Json]:
    """Items whose parents come before them."""
    return [draw(_item(number)) for number in range(draw(st.sampled_from((0, 4, 12, 20))))]


def ago(days: int | None) -> datetime | None:
    """An instant some days before now."""
    return None if days is None else NOW - timedelta(days=days)


def day(text: str) -> date:
    return date.fromisoformat(text)
