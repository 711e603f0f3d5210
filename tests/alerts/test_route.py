"""Who hears of what."""

from collections.abc import Mapping
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from alerts.changes import Change
from alerts.route import channels, subtrees
from config import Alerts, Route, Team
from tests.alerts.office import NOW, TEAMS

BELOW = subtrees(TEAMS)
GRAVITY = {"info": 0, "warning": 1, "critical": 2}


def change(code: str = "COV101", severity: str = "warning", *teams: str, subject: str = "GROW.1") -> Change:
    return Change(1, "opened", severity, NOW, code, "key_result", subject, "", NOW, frozenset(teams))


def hearing(one: Change, *routes: Mapping[str, Any], channels_: tuple[str, ...] = ("a", "b", "c")) -> list[str]:
    found = [Route.model_validate(route) for route in routes]
    return sorted(channels(one, Alerts(channels=dict.fromkeys(channels_, "json://h"), routes=tuple(found)), BELOW))


def test_the_routes_of_the_documentation() -> None:
    routes = (
        {"to": "commerce", "team": "commerce", "severity": "warning"},
        {"to": "leads", "severity": "critical", "codes": ["COV", "STR"]},
        {"to": "ops", "codes": ["SYN"]},
    )
    assert hearing(change("COV101", "critical", "checkout"), *routes) == ["commerce", "leads"]
    assert hearing(change("COV101", "info", "commerce"), *routes) == []
    assert hearing(change("DRF201", "warning", "product"), *routes) == []
    assert hearing(change("STR301", "critical", "platform"), *routes) == ["leads"]
    assert hearing(change("SYN502", "info"), *routes) == ["ops"]


def test_a_team_hears_of_all_teams_below_it_however_deep() -> None:
    route = {"to": "a", "team": "product"}
    heard = {team: hearing(change("COV101", "info", team), route) for team in ("product", "checkout", "platform")}
    assert heard == {"product": ["a"], "checkout": ["a"], "platform": []}
    assert hearing(change("COV101", "critical"), route) == []


def test_several_routes_to_one_channel_are_one() -> None:
    assert hearing(change(), {"to": ["a", "b"]}, {"to": "a", "codes": "COV101"}) == ["a", "b"]


def test_an_objection_goes_with_the_structural_findings_of_both_teams() -> None:
    objection = change("objection", "warning", "platform", "commerce")
    assert hearing(objection, {"to": "a", "team": "product"}, {"to": "b", "codes": ["COV", "ST"]}) == ["a", "b"]
    assert hearing(objection, {"to": "a", "codes": ["STR301"]}, {"to": "b", "severity": "critical"}) == []


def test_that_a_channel_refuses_is_told_to_others() -> None:
    refusing = change("SYN507", "critical", subject="a")
    assert hearing(refusing, {"to": ["a", "b"], "codes": "SYN"}, {"to": "c", "codes": "COV"}) == ["b"]
    assert hearing(refusing, {"to": "a", "codes": "SYN"}, {"to": "c", "codes": "COV"}) == ["b", "c"]
    assert hearing(refusing, {"to": "a"}, channels_=("a",)) == []
    assert hearing(change("SYN507", "critical", subject="gone"), {"to": "a"}) == ["a"]


@st.composite
def trees(draw: st.DrawFn) -> tuple[Team, ...]:
    """Teams, each below one that comes before it, or below none."""
    number = draw(st.integers(1, 8))
    above = [draw(st.integers(-1, at - 1)) for at in range(number)]
    return tuple(
        Team(key=f"t{at}", name=f"T{at}", parent=f"t{one}" if one >= 0 else None) for at, one in enumerate(above)
    )


ROUTES = st.fixed_dictionaries(
    {"to": st.lists(st.sampled_from("abc"), min_size=1)},
    optional={
        "team": st.sampled_from([f"t{at}" for at in range(8)]),
        "severity": st.sampled_from(["info", "warning", "critical"]),
        "codes": st.lists(st.sampled_from(["C", "COV", "COV1", "COV101", "SYN", "STR30"]), min_size=1),
    },
)


@given(
    trees(),
    st.lists(ROUTES, max_size=5),
    st.sampled_from(["COV101", "COV105", "SYN502", "STR301"]),
    st.sampled_from(["info", "warning", "critical"]),
    st.none() | st.sampled_from([f"t{at}" for at in range(8)]),
)
def test_a_channel_hears_of_what_all_keys_of_one_of_its_routes_allow(
    teams: tuple[Team, ...], routes: list[dict[str, Any]], code: str, severity: str, team: str | None
) -> None:
    parents = {one.key: one.parent for one in teams}

    def lies_below(upper: str) -> bool:
        at = team
        while at is not None and at != upper:
            at = parents.get(at)
        return at == upper

    expected = {
        name
        for route in routes
        for name in route["to"]
        if ("team" not in route or lies_below(route["team"]))
        and GRAVITY[severity] >= GRAVITY[route.get("severity", "info")]
        and ("codes" not in route or any(code.startswith(prefix) for prefix in route["codes"]))
    }
    alerts = Alerts.model_validate({"channels": dict.fromkeys("abc", "json://h"), "routes": routes})
    one = change(code, severity, *filter(None, [team]))
    assert channels(one, alerts, subtrees(teams)) == expected
