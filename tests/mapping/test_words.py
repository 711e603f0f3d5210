"""How text compares, and which words of an item each key of a selector looks at."""

import pytest
import sqlalchemy as sa

from connectors.records import ContainerKind
from tests.mapping.tracker import Tracker, container, item, matched

# A pattern, the texts that it matches, and texts that it does not match.
COMPARISONS = [
    ("checkout", ["checkout", "Checkout", " CHECKOUT "], ["check", "checkouts", "a checkout"]),
    (" Checkout ", ["checkout"], ["check out"]),
    ("check*", ["check", "Checkout"], ["a check"]),
    ("*check*", ["check", "a checkout"], ["chec"]),
    ("check?", ["checks"], ["check", "checked"]),
    ("?", ["x", "é", "日", "🚀"], ["xy"]),
    ("*", ["x", "any text"], []),
    ("a*b*c", ["abc", "a b b c"], ["acb"]),
    ("100%", ["100%"], ["100", "100 off"]),
    ("100%*", ["100%", "100% off"], ["1000 off"]),
    ("a_b*", ["a_b", "A_BC"], ["axb"]),
    ("[ab]*", ["[ab]", "[AB]c"], ["a", "b"]),
    ("*[!a]", ["x[!a]"], ["b", "xb"]),
    ("!*", ["!important"], ["important"]),
    ("!!", ["!!"], ["!"]),
    ("a.c*", ["a.c"], ["abc"]),
    ("back\\*", ["back\\slash"], ["back*", "back"]),
    ("o'neil:*", ["O'Neil: 1"], ["oneil"]),
    ("{x}*", ["{X} y"], ["x"]),
    ("*á*", ["Á", "da capo: Ábc"], ["a"]),
    ("ÁRBOL", ["árbol"], ["arbol"]),
    ("STRASSE*", ["Straße", "strasse 5"], ["strase"]),
    ("straße", ["STRASSE", "Straße"], ["strase"]),
    ("ОШИБКА*", ["ошибка 1", "Ошибка"], ["oшибкa 1"]),
    ("[С++]*", ["[с++] parser"], ["с", "+"]),
    ("ΣΊΣΥΦΟΣ", ["σίσυφος"], ["σισυφος"]),
]


@pytest.mark.parametrize("key", ["title", "label"])
def test_text_compares_whole_without_case_and_only_star_and_question_mark_are_special(
    conn: sa.Connection, tracker: Tracker, key: str
) -> None:
    texts = sorted({text for _, good, bad in COMPARISONS for text in (*good, *bad)})
    numbered = {text: f"SHOP-{number}" for number, text in enumerate(texts)}
    tracker.save(
        *(item(one, **({"title": text} if key == "title" else {"labels": (text,)})) for text, one in numbered.items())
    )
    for pattern, good, bad in COMPARISONS:
        found = matched(conn, {key: pattern})
        assert {text: numbered[text] in found for text in (*good, *bad)} == dict.fromkeys(good, True) | dict.fromkeys(
            bad, False
        ), pattern


def test_an_item_without_labels_matches_no_label(conn: sa.Connection, tracker: Tracker) -> None:
    tracker.save(item("SHOP-1"), item("SHOP-2", labels=("a", "b")))
    assert matched(conn, {"label": "*"}) == {"SHOP-2": True}


def test_all_keys_given_must_hold_and_a_list_means_any(conn: sa.Connection, tracker: Tracker) -> None:
    tracker.save(
        item("SHOP-1", labels=("a",), components=("Cart",)),
        item("SHOP-2", labels=("a", "b"), components=("Pay",)),
        item("SHOP-3", labels=("b",), components=("Cart",)),
        item("SHOP-4", labels=("c",), components=("Cart",)),
    )
    assert matched(conn, {"label": ["a", "b"], "component": "cart"}) == {"SHOP-1": True, "SHOP-3": True}


def test_two_labels_of_one_item_match_it_once(conn: sa.Connection, tracker: Tracker) -> None:
    tracker.save(item("SHOP-1", labels=("team-a", "team-b")))
    assert matched(conn, {"label": "team-*"}) == {"SHOP-1": True}


def test_labels_components_and_assignees_are_told_apart(conn: sa.Connection, tracker: Tracker) -> None:
    tracker.save(
        item("SHOP-1", labels=("dana",)), item("SHOP-2", components=("dana",)), item("SHOP-3", assignees=("dana",))
    )
    assert matched(conn, {"label": "dana"}) == {"SHOP-1": True}
    assert matched(conn, {"component": "dana"}) == {"SHOP-2": True}
    assert matched(conn, {"assignee": "dana"}) == {"SHOP-3": True}


def test_an_assignee_is_found_by_any_of_the_words_for_them(conn: sa.Connection, tracker: Tracker) -> None:
    tracker.save(item("SHOP-1", assignees=("dlee", "557058:f58131cb", "Dana Lee")), item("SHOP-2", assignees=("kim",)))
    for word in ("DLEE", "557058:f58131cb", "dana lee", "Dana*"):
        assert matched(conn, {"assignee": word}) == {"SHOP-1": True}, word


KINDS: list[ContainerKind] = ["milestone", "version", "sprint"]


@pytest.mark.parametrize("kind", KINDS)
def test_milestones_versions_and_sprints_of_one_title_are_told_apart(
    conn: sa.Connection, tracker: Tracker, kind: ContainerKind
) -> None:
    tracker.save(*(item(f"SHOP-{at}", containers=(container(one, "1.0"),)) for at, one in enumerate(KINDS)))
    assert matched(conn, {kind: "1.0"}) == {f"SHOP-{KINDS.index(kind)}": True}


def test_a_version_is_named_by_its_title_with_globs(conn: sa.Connection, tracker: Tracker) -> None:
    tracker.save(
        item("SHOP-1", containers=(container("version", "2.0"), container("version", "2.1"))),
        item("SHOP-2", containers=(container("version", "2.0 Beta"),)),
        item("SHOP-3", containers=(container("version", "3.0"),)),
    )
    assert matched(conn, {"version": "2.0"}) == {"SHOP-1": True}
    assert matched(conn, {"version": ["2.? BETA", "3*"]}) == {"SHOP-2": True, "SHOP-3": True}


def test_a_milestone_matches_within_the_scopes_named(conn: sa.Connection, tracker: Tracker) -> None:
    tracker.save(
        item("acme/shop#1", containers=(container("milestone", "v2"),)),
        item("acme/shop#2"),
        item("acme/api#1", containers=(container("milestone", "v2"),)),
    )
    assert matched(conn, {"milestone": "V2", "repository": "acme/shop"}) == {"acme/shop#1": True}


def test_a_version_of_a_parent_brings_its_children(conn: sa.Connection, tracker: Tracker) -> None:
    tracker.save(item("SHOP-1", containers=(container("version", "1"),)), item("SHOP-2", parent="SHOP-1"))
    assert matched(conn, {"version": "1"}) == {"SHOP-1": True, "SHOP-2": False}
    assert matched(conn, {"version": "1", "descend": False}) == {"SHOP-1": True}


def test_projects_and_repositories_compare_keys_and_star_matches_any_letters(
    conn: sa.Connection, tracker: Tracker
) -> None:
    tracker.save(item("SHOP-1"), item("SHOPPING-1"), item("acme/shop#1"), item("acme/shop-api#1"), item("other/shop#1"))
    cases = [
        ({"project": "shop"}, ["SHOP-1"]),
        ({"project": "SHOP*"}, ["SHOP-1", "SHOPPING-1"]),
        ({"project": "*"}, ["SHOP-1", "SHOPPING-1"]),
        ({"repository": "acme/*"}, ["acme/shop#1", "acme/shop-api#1"]),
        ({"repository": "*shop"}, ["acme/shop#1", "other/shop#1"]),
        ({"repository": ["ACME/SHOP", "none"]}, ["acme/shop#1"]),
        ({"project": "acme/shop"}, []),
    ]
    for selector, keys in cases:
        assert matched(conn, selector) == dict.fromkeys(keys, True), selector


def test_a_type_is_the_tools_name_or_our_level(conn: sa.Connection, tracker: Tracker) -> None:
    tracker.save(
        item("SHOP-1", type="Initiative"),
        item("SHOP-2", type="Feature"),
        item("SHOP-3", labels=("epic",)),
        item("SHOP-4", type="Story"),
        item("SHOP-5", type="Technical task", level="subtask"),
        item("SHOP-6", type="Issue", level="epic"),
        item("SHOP-7"),
    )
    cases = {
        "initiative": ["SHOP-1"],
        "EPIC": ["SHOP-2", "SHOP-3", "SHOP-6"],
        "issue": ["SHOP-4", "SHOP-6", "SHOP-7"],
        "subtask": ["SHOP-5"],
        "feature": ["SHOP-2"],
        "tech*": ["SHOP-5"],
        "none": [],
    }
    for written, keys in cases.items():
        assert matched(conn, {"type": written}) == dict.fromkeys(keys, True), written


def test_an_item_without_a_type_matches_no_type_name(conn: sa.Connection, tracker: Tracker) -> None:
    tracker.save(item("SHOP-1"), item("SHOP-2", type="Bug"))
    assert matched(conn, {"type": "*"}) == {"SHOP-2": True}


# --- jql --------------------------------------------------------------------------------------------------------------


def test_a_query_matches_what_the_tool_answered_and_all_below(conn: sa.Connection, tracker: Tracker) -> None:
    tracker.save(item("SHOP-1"), item("SHOP-2", parent="SHOP-1"), item("SHOP-3"))
    tracker.answers("labels = latency", "SHOP-1", "SHOP-404")
    assert matched(conn, {"jql": "labels = latency"}) == {"SHOP-1": True, "SHOP-2": False}
    assert matched(conn, {"jql": "labels = latency", "descend": False}) == {"SHOP-1": True}


def test_a_query_that_was_never_asked_matches_nothing(conn: sa.Connection, tracker: Tracker) -> None:
    tracker.save(item("SHOP-1"))
    tracker.answers("a = b", "SHOP-1")
    assert matched(conn, {"jql": "A = B"}) == {}


def test_a_query_goes_together_with_other_keys(conn: sa.Connection, tracker: Tracker) -> None:
    tracker.save(item("SHOP-1", type="Bug"), item("SHOP-2", type="Bug"), item("SHOP-3"))
    tracker.answers("a = :b{c}%", "SHOP-1", "SHOP-3")
    assert matched(conn, {"jql": "a = :b{c}%", "type": "bug"}) == {"SHOP-1": True}
    assert matched(conn, {"type": "bug", "not": {"jql": "a = :b{c}%"}}) == {"SHOP-2": True}


def test_a_query_counts_only_in_the_connection_that_answered_it(conn: sa.Connection, tracker: Tracker) -> None:
    other = Tracker(conn, "other")
    tracker.save(item("SHOP-1"), item("SHOP-2"))
    other.save(item("SHOP-1", external_id="id of SHOP-2", title="Theirs"), item("PLAT-1"))
    tracker.answers("q", "SHOP-2")
    other.answers("q", "PLAT-1")
    assert matched(conn, {"jql": "q"}) == {"SHOP-2": True, "PLAT-1": True}
    assert matched(conn, {"jql": "q", "connection": "other"}) == {"PLAT-1": True}


def test_a_query_that_no_longer_finds_an_item_no_longer_matches_it(conn: sa.Connection, tracker: Tracker) -> None:
    tracker.save(item("SHOP-1"), item("SHOP-2"))
    tracker.answers("q", "SHOP-1")
    tracker.answers("q", "SHOP-2")
    assert matched(conn, {"jql": "q"}) == {"SHOP-2": True}
