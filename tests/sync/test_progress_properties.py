"""What holds of the formulas whatever the numbers."""

from dataclasses import replace
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from sync.facts import Part
from sync.progress import delivery, expected, impute, outcome, weighted

VALUES = st.floats(-1e6, 1e6)
FRACTIONS = st.floats(0, 1)
START = date(2026, 10, 1)
DAYS = st.integers(-30, 400).map(lambda days: START + timedelta(days=days))
ENDS = st.integers(1, 370).map(lambda days: START + timedelta(days=days))


@st.composite
def metrics(draw: st.DrawFn) -> dict[str, float]:
    start, target = draw(VALUES), draw(VALUES)
    return {"start": start, "target": target if abs(target - start) > 1e-3 else start + 1}


@st.composite
def parts(draw: st.DrawFn, shares: bool | None = None) -> list[Part]:
    shared = draw(st.booleans()) if shares is None else shares
    made = []
    for position in range(draw(st.integers(1, 5))):
        done, doing, todo = (draw(st.integers(0, 9)) for _ in range(3))
        size = draw(st.floats(0.5, 13))
        made.append(
            Part(
                mapping_id=position,
                position=position,
                via="mapping",
                share=draw(st.floats(1, 100)) if shared else None,
                total=done + doing + todo,
                done=done,
                in_progress=doing,
                todo=todo,
                size_total=(done + doing + todo) * size,
                size_done=done * size,
                size_in_progress=doing * size,
            )
        )
    return made


@st.composite
def curves(draw: st.DrawFn) -> list[list[object]]:
    """Curves that rise, as a phased expectation does."""
    count = draw(st.integers(0, 4))
    days = sorted(draw(st.sets(st.integers(1, 90), min_size=count, max_size=count)))
    shares = sorted(draw(st.lists(FRACTIONS, min_size=len(days), max_size=len(days))))
    return [[START + timedelta(days=day), share] for day, share in zip(days, shares, strict=True)]


@given(metrics(), VALUES)
def test_an_outcome_is_a_fraction(metric: dict[str, float], value: float) -> None:
    found = outcome(metric, value)

    assert found is not None
    assert 0 <= found <= 1


@given(metrics())
def test_the_start_is_0_and_the_target_1_in_either_direction(metric: dict[str, float]) -> None:
    assert outcome(metric, metric["start"]) == 0
    assert outcome(metric, metric["target"]) == 1


@given(metrics(), VALUES, VALUES)
def test_coming_nearer_to_the_target_never_lowers_the_outcome(
    metric: dict[str, float], one: float, other: float
) -> None:
    falling = metric["target"] < metric["start"]
    worse, better = sorted((one, other), reverse=falling)

    assert outcome(metric, worse) <= outcome(metric, better)  # ty: ignore[unsupported-operator]


@given(metrics(), VALUES)
def test_a_falling_target_is_a_rising_one_in_the_mirror(metric: dict[str, float], value: float) -> None:
    mirrored = {"start": -metric["start"], "target": -metric["target"]}

    assert outcome(metric, value) == outcome(mirrored, -value)


@given(ENDS, DAYS, DAYS)
def test_linear_expectation_is_a_fraction_and_never_falls(end: date, one: date, other: date) -> None:
    earlier, later = sorted((one, other))

    assert 0 <= expected(START, end, "linear", earlier) <= expected(START, end, "linear", later) <= 1


@given(curves(), DAYS, DAYS)
def test_a_phased_expectation_is_a_fraction_and_never_falls(curve: list[list[object]], one: date, other: date) -> None:
    end, (earlier, later) = START + timedelta(days=91), sorted((one, other))
    before, after = (expected(START, end, curve, day) for day in (earlier, later))

    assert 0 <= before <= after + 1e-9 <= 1 + 1e-9


@given(curves())
def test_a_phased_expectation_passes_through_its_points(curve: list[list[object]]) -> None:
    end = START + timedelta(days=91)

    assert [[day, expected(START, end, curve, day)] for day, _ in curve] == curve  # ty: ignore[invalid-argument-type]


@given(parts(), FRACTIONS)
def test_a_delivery_is_a_fraction_or_unknown(work: list[Part], credit: float) -> None:
    found = delivery(work, credit).value

    assert (found is None) == (not any(part.total for part in work))
    assert found is None or 0 <= found <= 1


@given(st.data(), parts(), FRACTIONS)
def test_the_order_of_mappings_does_not_matter(data: st.DataObject, work: list[Part], credit: float) -> None:
    assert delivery(data.draw(st.permutations(work)), credit) == delivery(work, credit)


@given(parts(), FRACTIONS)
def test_finishing_work_never_lowers_delivery(work: list[Part], credit: float) -> None:
    first = work[0]
    finished = replace(
        first,
        done=first.done + first.in_progress,
        in_progress=0,
        size_done=first.size_done + first.size_in_progress,
        size_in_progress=0,
    )
    before, after = delivery(work, credit).value, delivery([finished, *work[1:]], credit).value

    assert before is None or (after is not None and after >= before - 1e-12)


@given(parts(), FRACTIONS, FRACTIONS)
def test_more_credit_never_lowers_delivery(work: list[Part], one: float, other: float) -> None:
    little, much = (delivery(work, credit).value for credit in sorted((one, other)))

    assert little is None or (much is not None and little <= much + 1e-12)


@given(parts(shares=False), st.floats(0.5, 13))
def test_cancelling_open_work_never_lowers_delivery(work: list[Part], size: float) -> None:
    """A cancelled item leaves the numerator, where it was 0, and the denominator."""
    first = work[0]
    with_it = replace(first, total=first.total + 1, todo=first.todo + 1, size_total=first.size_total + size)
    before, after = delivery([with_it, *work[1:]]).value, delivery(work).value

    assert before is not None
    assert after is None or after >= before - 1e-12


@given(parts(shares=True), st.floats(0.1, 50))
def test_only_the_proportions_of_shares_matter(work: list[Part], factor: float) -> None:
    scaled = [replace(part, share=(part.share or 0) * factor) for part in work]
    before, after = delivery(work).value, delivery(scaled).value

    assert before == after or (before is not None and after is not None and abs(before - after) < 1e-9)


@given(st.lists(st.none() | st.floats(0, 100), max_size=12), st.none() | st.floats(0, 100))
def test_imputing_keeps_what_was_given_and_leaves_no_gap(sizes: list[float | None], fallback: float | None) -> None:
    found = impute(sizes, fallback)

    assert [None if filled else size for size, filled in zip(found.sizes, found.imputed, strict=True)] == sizes


@given(st.lists(st.tuples(st.floats(0.1, 10), st.none() | FRACTIONS), min_size=1, max_size=8))
def test_a_weighted_mean_lies_between_its_least_and_its_greatest(pairs: list[tuple[float, float | None]]) -> None:
    values = [value for _, value in pairs if value is not None]
    found = weighted(pairs)

    assert found.left_out == len(pairs) - len(values)
    assert (found.value is None) == (not values)
    assert found.value is None or min(values) - 1e-9 <= found.value <= max(values) + 1e-9
