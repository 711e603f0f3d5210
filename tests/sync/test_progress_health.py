"""Health: which word comes first, and by which rule of which product. Silence is never green."""

from datetime import date, timedelta
from typing import Any

import pytest

from config import Thresholds
from sync.progress import Health, expected, health, pace

START, END = date(2026, 10, 1), date(2026, 12, 31)  # 92 days
DAY = date(2026, 11, 24)
METRIC = {"type": "number", "start": 0.0, "target": 10.0}
MANUAL = {"metric": METRIC, "value": "manual"}
FETCHED = {"metric": METRIC, "value": {"http": "https://numbers.example"}}
OUTPUT = {"metric": None, "value": {"from": "delivery"}}
NO_METRIC = {"metric": None, "value": "manual"}


def judge(**given: Any) -> Health:
    """A key result of which everything is fine, but for what is given."""
    usual: dict[str, Any] = {
        "definition": MANUAL,
        "day": DAY,
        "cycle_start": START,
        "cycle_end": END,
        "outcome_now": 0.6,
        "expected_now": 0.6,
        "delivery_now": 0.6,
        "last_check_in": DAY,
        "thresholds": Thresholds(),
        "kind": "committed",
        "chance": 0.9,
    }
    return health(**usual | given)


# --- what comes first ------------------------------------------------------------------------------------------------

TROUBLES: list[tuple[str, dict[str, Any]]] = [
    ("closed", {"day": END + timedelta(days=1)}),
    ("unknown", {"source_problem": "jira fails: 401"}),
    ("stale", {"last_check_in": date(2026, 11, 1)}),
    ("at_risk", {"outcome_now": 0.1}),
    ("behind", {"chance": 0.1}),
]
"""By precedence, each alone enough for its word."""


@pytest.mark.parametrize("word, given", TROUBLES)
def test_each_trouble_alone_gives_its_word(word: str, given: dict[str, Any]) -> None:
    assert judge().word == "on_track"
    assert judge(**given).word == word


@pytest.mark.parametrize("first", range(len(TROUBLES)))
@pytest.mark.parametrize("second", range(len(TROUBLES)))
def test_of_two_troubles_the_graver_is_told(first: int, second: int) -> None:
    both = TROUBLES[second][1] | TROUBLES[first][1]

    assert judge(**both).word == TROUBLES[min(first, second)][0]


def test_all_at_once_is_closed_and_the_reason_is_that_of_the_word() -> None:
    everything = {name: value for _, given in TROUBLES for name, value in given.items()}

    assert judge(**everything) == Health("closed", "its cycle ended on 2026-12-31")


def test_a_verdict_that_is_worse_than_behind_stays_where_the_chance_is_small_too() -> None:
    assert judge(outcome_now=0.1, chance=0.1).word == "at_risk"
    assert judge(outcome_now=0.5, chance=0.1).word == "behind"


@pytest.mark.parametrize(
    "kind, chance, word",
    [
        ("committed", 0.5, "on_track"),
        ("committed", 0.4999, "behind"),
        ("committed", None, "on_track"),
        ("aspirational", 0.1, "on_track"),
    ],
)
def test_a_promise_needs_an_even_chance(kind: str, chance: float | None, word: str) -> None:
    assert judge(kind=kind, chance=chance).word == word


# --- silence is never green ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "silence",
    [
        {"source_problem": "jira:SHOP was last read at 2026-11-23 04:00Z"},
        {"source_problem": "jira:SHOP was not read yet"},
        {"outcome_now": None, "delivery_now": None},
        {"outcome_now": None, "last_check_in": None},
        {"definition": FETCHED, "outcome_now": None},
        {"definition": OUTPUT, "outcome_now": None, "delivery_now": None},
        {"definition": NO_METRIC, "outcome_now": None, "delivery_now": None, "last_check_in": None},
        {"last_check_in": DAY - timedelta(days=15)},
        {"definition": NO_METRIC, "last_check_in": DAY - timedelta(days=15)},
        {"day": START, "cycle_start": START, "last_check_in": START},
    ],
)
@pytest.mark.parametrize("preset", [None, "oboard", "upraise", "viva", "engagedly", "mooncamp", "google"])
def test_what_nobody_knows_is_never_on_track(silence: dict[str, Any], preset: str | None) -> None:
    """However good the number that is known, and whichever product's rule is taken."""
    thresholds = Thresholds.model_validate({"preset": preset} if preset else {})
    good = {"outcome_now": 1.0, "delivery_now": 1.0, "expected_now": 0.01, "thresholds": thresholds}

    assert judge(**good).word == "on_track"
    assert judge(**good | silence).word in ("unknown", "stale")


def test_a_fetched_value_does_not_grow_stale_by_its_check_ins() -> None:
    """Its source's failure is what counts, and makes it unknown."""
    assert judge(definition=FETCHED, last_check_in=DAY - timedelta(days=40)).word == "on_track"


def test_before_its_cycle_a_key_result_asks_for_nothing() -> None:
    found = judge(day=START - timedelta(days=1), last_check_in=START - timedelta(days=60))

    assert found == Health("unknown", "too early: its cycle starts on 2026-10-01")


# --- the products' rules ---------------------------------------------------------------------------------------------

PRESETS: list[tuple[str, list[tuple[float, str]]]] = [
    ("oboard", [(0.28, "on_track"), (0.2799, "behind"), (0.16, "behind"), (0.1599, "at_risk")]),
    ("upraise", [(0.38, "on_track"), (0.3799, "behind"), (0.3, "behind"), (0.2999, "at_risk")]),
    # Its documents leave open whether 25 % are points or a share of what is expected: read as a share, 0.75.
    ("viva", [(0.4, "on_track"), (0.3999, "behind"), (0.3, "behind"), (0.2999, "at_risk")]),
    # The gap in points: on track below 16.5, behind from 16.5 to 33, beyond it at risk.
    ("engagedly", [(0.2351, "on_track"), (0.235, "behind"), (0.07, "behind"), (0.0699, "at_risk")]),
    ("mooncamp", [(0.36, "on_track"), (0.3599, "behind"), (0.28, "behind"), (0.2799, "at_risk")]),
    # The score alone, whatever day it is: green from 0.7, yellow from 0.4.
    ("google", [(0.7, "on_track"), (0.6999, "behind"), (0.4, "behind"), (0.3999, "at_risk")]),
]
"""The borders of each rule when 40 % is expected: the progress on a border, and just under it."""


@pytest.mark.parametrize(
    "preset, reached, word", [(preset, *border) for preset, borders in PRESETS for border in borders]
)
def test_a_preset_draws_its_borders_where_the_product_does(preset: str, reached: float, word: str) -> None:
    thresholds = Thresholds.model_validate({"preset": preset})
    given = {"outcome_now": reached, "expected_now": 0.4, "thresholds": thresholds}

    assert judge(**given).word == word


@pytest.mark.parametrize(
    "preset, word",
    [
        ("oboard", "behind"),
        ("upraise", "at_risk"),
        ("viva", "at_risk"),
        ("engagedly", "behind"),
        ("mooncamp", "at_risk"),
        ("google", "at_risk"),
    ],
)
def test_20_percent_when_40_are_expected_is_called_as_each_product_calls_it(preset: str, word: str) -> None:
    thresholds = Thresholds.model_validate({"preset": preset})

    assert judge(outcome_now=0.2, expected_now=0.4, thresholds=thresholds).word == word


def test_without_a_preset_the_rule_is_ours() -> None:
    words = [judge(outcome_now=reached, expected_now=0.4).word for reached in (0.36, 0.3599, 0.28, 0.2799, 0.2)]

    assert words == ["on_track", "behind", "behind", "at_risk", "at_risk"]


def test_a_threshold_written_beside_a_preset_wins() -> None:
    thresholds = Thresholds.model_validate({"preset": "oboard", "behind": 0.5})

    assert judge(outcome_now=0.2, expected_now=0.4, thresholds=thresholds).word == "behind"
    assert judge(outcome_now=0.199, expected_now=0.4, thresholds=thresholds).word == "at_risk"


# --- grace -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "days, judged_from",
    [(7, 7), (14, 7), (30, 7), (70, 7), (71, 8), (80, 8), (92, 10), (100, 10), (101, 11), (365, 37)],
)
def test_nothing_is_judged_before_seven_days_or_a_tenth_of_the_cycle(days: int, judged_from: int) -> None:
    """Whichever is longer; a part of a day counts as one."""

    def word(number: int) -> str:
        day = START + timedelta(days=number - 1)
        return judge(day=day, cycle_end=START + timedelta(days=days - 1), last_check_in=day).word

    assert word(judged_from) == "on_track"
    assert {word(number) for number in range(1, judged_from)} == {"unknown"}


def test_grace_is_configuration() -> None:
    none = Thresholds(grace_days=0, grace_share=0)

    assert judge(day=START, last_check_in=START, thresholds=none).word == "on_track"


# --- phased expectations ---------------------------------------------------------------------------------------------

CURVE = [["2026-11-01", 0.1], ["2026-12-15", 0.8]]


@pytest.mark.parametrize(
    "curve, day, share",
    [
        (CURVE, START - timedelta(days=1), 0),
        (CURVE, START, 0),
        (CURVE, date(2026, 10, 2), 0.1 / 31),
        (CURVE, date(2026, 11, 1), 0.1),
        (CURVE, date(2026, 11, 2), 0.1 + 0.7 / 44),
        (CURVE, date(2026, 12, 15), 0.8),
        (CURVE, date(2026, 12, 30), 0.8 + 0.2 * 15 / 16),
        (CURVE, END, 1),
        (CURVE, END + timedelta(days=30), 1),
        # A point on the first day stands for it; before it nothing is expected.
        ([[START, 0.2]], START, 0.2),
        ([[START, 0.2]], START - timedelta(days=1), 0),
        ([[START, 0.2]], date(2026, 11, 15), 0.2 + 0.8 * 45 / 91),
        # A point on the last day stands for it, and for all that come after.
        ([[END, 0.6]], END, 0.6),
        ([[END, 0.6]], END + timedelta(days=9), 0.6),
        ([[END, 0.6]], date(2026, 11, 15), 0.6 * 45 / 91),
        # Nothing until late, then all of it.
        ([["2026-12-01", 0.0]], date(2026, 12, 1), 0),
        ([["2026-12-01", 0.0]], date(2026, 12, 16), 0.5),
        # A cycle of one day.
        ([[START, 1.0]], START, 1),
    ],
)
def test_a_phased_curve_says_what_is_expected_when(curve: Any, day: date, share: float) -> None:
    end = START if curve == [[START, 1.0]] else END

    assert expected(START, end, curve, day) == pytest.approx(share)


def test_while_nothing_is_expected_there_is_no_pace_and_nobody_is_behind() -> None:
    assert pace(MANUAL, 0.0, 0.0, 0.5) is None
    assert judge(outcome_now=0.0, expected_now=0.0) == Health("on_track", "nothing is expected of it yet")


def test_a_phased_key_result_is_judged_by_its_curve() -> None:
    """24 November: linear expects 0.60, the curve 0.47."""
    by_curve = expected(START, END, CURVE, DAY)

    assert judge(outcome_now=0.43, expected_now=by_curve).word == "on_track"
    assert judge(outcome_now=0.43, expected_now=expected(START, END, "linear", DAY)).word == "behind"
