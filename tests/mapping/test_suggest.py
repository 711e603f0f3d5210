"""What could serve what: scores and reasons over plain records."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mapping.suggest import Reason, Target, Work, suggest, words

CONVERSION = Target(
    id=1,
    key="CHECKOUT.1",
    title="Checkout conversion from 2.1 % to 3.0 %",
    objective="Make checkout the reason shoppers come back",
    team="commerce",
    mapped=("One-page checkout",),
    components=("Checkout",),
    labels=("kr-checkout",),
    scopes=("SHOP",),
)
PARTNERS = Target(id=2, key="REACH.2", title="40 apps in the partner marketplace", team="growth")
PLUS = Target(id=3, key="REACH.1", title="Revenue of big retailers", team="growth", components=("Identity",))
TARGETS = [CONVERSION, PARTNERS, PLUS]


def said(work: Work, *, least: float = 0.2) -> list[tuple[str, list[str]]]:
    """Keys and reasons of what is suggested, best first."""
    return [(pair.target.key, list(map(str, pair.reasons))) for pair in suggest([work], TARGETS, least=least)]


def test_the_key_result_with_the_same_words_team_and_component_comes_first_and_says_why() -> None:
    work = Work(
        id="SHOP-7",
        title="Checkout pages without reload",
        components=("Checkout",),
        labels=("KR-Checkout",),
        teams=("commerce", "product"),
        scope="SHOP",
    )
    assert said(work) == [
        (
            "CHECKOUT.1",
            [
                "shared words: checkout, pages",
                "component Checkout",
                "label KR-Checkout",
                "team commerce",
                "beside its work in SHOP",
            ],
        )
    ]


def test_words_in_other_forms_and_cases_are_the_same() -> None:
    [(key, reasons)] = said(Work(id=1, title="PARTNERS sell their App"))
    assert (key, reasons) == ("REACH.2", ["shared words: partners, app"])


def test_a_component_is_enough_where_no_word_agrees() -> None:
    assert said(Work(id=1, title="Single sign-on", components=("identity",))) == [
        ("REACH.1", ["component identity"]),
    ]


def test_a_title_that_names_the_key_result_is_almost_sure() -> None:
    [pair, *_] = suggest([Work(id=1, title="[reach.2]: prepare the fair")], TARGETS, least=0.2)
    assert (pair.target.key, pair.score, pair.reasons[0]) == ("REACH.2", 0.95, Reason(kind="named", words=("REACH.2",)))


def test_a_team_alone_suggests_nothing() -> None:
    assert said(Work(id=1, title="Rewrite the scheduler", teams=("growth",)), least=0) == []


def test_numbers_and_common_words_are_no_agreement() -> None:
    assert said(Work(id=1, title="From 2.1 to 40 in the new one"), least=0) == []


def test_what_lies_inside_says_what_a_bare_name_does_not() -> None:
    bare = Work(id=1, title="Release 4.0")
    assert said(bare) == []
    inside = Work(id=1, title="Release 4.0", context=("Partner sign-up", "Marketplace search", "Apps by partners"))
    assert said(inside) == [("REACH.2", ["shared words: partner, marketplace, apps"])]


def test_one_shared_word_weighs_less_than_two() -> None:
    one, two = (
        suggest([Work(id=1, title=title)], TARGETS, least=0)[0].score
        for title in ("Marketplace", "Partner marketplace")
    )
    assert one < 0.6 < two


@pytest.mark.parametrize(
    "text, found",
    [
        ("Über-fast Straßen, 2 of the 3!", ["über", "fast", "strassen"]),
        ("注文の取消", ["注文", "文の", "の取", "取消"]),
        ("ES6 and v8: process", ["es6", "v8", "process"]),
        ("Платежи быстрее", ["платежи", "быстрее"]),
        ("", []),
    ],
)
def test_words_are_those_of_any_script(text: str, found: list[str]) -> None:
    assert words(text) == found


def test_work_in_a_script_without_blanks_is_matched_by_its_letters() -> None:
    target = Target(id=1, key="A", title="注文取消を減らす")
    [pair] = suggest([Work(id=1, title="注文取消の画面")], [target, *TARGETS], least=0.2)
    assert pair.target is target


TITLES = st.text(max_size=30) | st.sampled_from(
    ["Checkout", "Partner marketplace apps", "REACH.1", "big big retailers"]
)
WORK = st.builds(Work, id=st.integers(), title=TITLES, context=st.tuples(TITLES), labels=st.tuples(TITLES))


@settings(max_examples=60)
@given(st.lists(WORK, max_size=5), st.floats(0, 1))
def test_scores_are_shares_and_the_best_comes_first(work: list[Work], least: float) -> None:
    found = [pair.score for pair in suggest(work, TARGETS, least=least)]
    assert found == sorted(found, reverse=True)
    assert all(least <= score <= 1 for score in found)


def test_nothing_comes_of_nothing() -> None:
    assert suggest([], TARGETS, least=0) == []
    assert suggest([Work(id=1, title="Checkout")], [], least=0) == []
