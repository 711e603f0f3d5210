"""Work that teams link in their own tools: by a label, a line in the body, a field."""

from typing import Any

import pytest
import sqlalchemy as sa

from sync.link import link
from tests.mapping.tracker import Tracker, item
from tests.sync.office import Linked, config, link_anew, links, measured, roles

LABEL: dict[str, Any] = {"conventions": {"label": "kr:{key}"}}
ALL: dict[str, Any] = {"conventions": {"label": "kr:{key}", "trailer": "Key-Result", "jira_field": "Key Result"}}


def test_a_label_that_names_a_key_result_links_the_item_and_all_below_it(conn: sa.Connection, tracker: Tracker) -> None:
    tracker.save(item("SHOP-1", labels=("kr:A.1", "other")), item("SHOP-2", parent="SHOP-1"), item("SHOP-3"))
    link_anew(conn, config(**LABEL))
    assert links(conn) == {
        "A.1": {"SHOP-1": Linked("label", True, "container"), "SHOP-2": Linked("label", False, "counted")}
    }


def test_labels_compare_whole_and_without_case(conn: sa.Connection, tracker: Tracker) -> None:
    tracker.save(
        item("SHOP-1", labels=("KR:a.1",)),
        item("SHOP-2", labels=("kr:A.10",)),
        item("SHOP-3", labels=("xkr:A.1",)),
        item("SHOP-4", labels=("kr: A.1",)),
        item("SHOP-5", labels=("A.1",)),
    )
    link_anew(conn, config(**LABEL))
    assert links(conn) == {"A.1": {"SHOP-1": Linked("label", True, "counted")}}


def test_labels_of_every_connection_link(conn: sa.Connection, tracker: Tracker) -> None:
    other = Tracker(conn, "other")
    tracker.save(item("SHOP-1", labels=("kr:A.1",)))
    other.save(item("acme/shop#1", labels=("kr:A.1",)))
    link_anew(conn, config(**LABEL))
    assert roles(conn) == {"SHOP-1": "counted", "acme/shop#1": "counted"}


def test_one_item_may_name_several_key_results(conn: sa.Connection, tracker: Tracker) -> None:
    tracker.save(item("SHOP-1", labels=("kr:A.1", "kr:A.2")))
    link_anew(conn, config(**LABEL))
    one = {"SHOP-1": Linked("label", True, "counted")}
    assert links(conn) == {"A.1": one, "A.2": one}


def test_conventions_name_key_results_and_not_objectives(conn: sa.Connection, tracker: Tracker) -> None:
    tracker.save(item("SHOP-1", labels=("kr:A",), key_results=(("trailer", "A"),)))
    link_anew(conn, config(**ALL))
    assert links(conn) == {}


def test_a_line_in_the_body_and_a_field_link_like_a_label(conn: sa.Connection, tracker: Tracker) -> None:
    tracker.save(
        item("SHOP-1", key_results=(("trailer", "a.1"),)),
        item("SHOP-2", key_results=(("field", " A.1 "),)),
        item("SHOP-3", key_results=(("trailer", "none"), ("field", "kr:A.1"))),
    )
    link_anew(conn, config(**ALL))
    assert links(conn) == {
        "A.1": {"SHOP-1": Linked("trailer", True, "counted"), "SHOP-2": Linked("field", True, "counted")}
    }


def test_a_mapping_comes_before_a_label_before_a_line_before_a_field(conn: sa.Connection, tracker: Tracker) -> None:
    tracker.save(
        item("SHOP-1", labels=("kr:A.1",), key_results=(("trailer", "A.1"), ("field", "A.1"))),
        item("SHOP-2", labels=("kr:A.1",), key_results=(("trailer", "A.1"), ("field", "A.1"))),
        item("SHOP-3", key_results=(("trailer", "A.1"), ("field", "A.1"))),
        item("SHOP-4", key_results=(("field", "A.1"),)),
    )
    link_anew(conn, config({"work": {"issue": "SHOP-1"}}, **ALL))
    assert {key: one.via for key, one in links(conn)["A.1"].items()} == {
        "SHOP-1": "mapping",
        "SHOP-2": "label",
        "SHOP-3": "trailer",
        "SHOP-4": "field",
    }


def test_a_link_is_direct_if_a_label_names_what_a_mapping_brings(conn: sa.Connection, tracker: Tracker) -> None:
    tracker.save(item("SHOP-1"), item("SHOP-2", parent="SHOP-1", labels=("kr:A.1",)))
    link_anew(conn, config({"work": {"epic": "SHOP-1"}}, **LABEL))
    assert links(conn)["A.1"]["SHOP-2"] == Linked("mapping", True, "counted")


@pytest.mark.parametrize(
    "section, via",
    [
        ({}, set()),
        ({"label": "kr:{key}"}, {"label"}),
        ({"trailer": "KR"}, {"trailer"}),
        ({"jira_field": "K"}, {"field"}),
    ],
    ids=str,
)
def test_a_convention_that_is_absent_is_off(
    conn: sa.Connection, tracker: Tracker, section: dict[str, str], via: set[str]
) -> None:
    tracker.save(
        item("SHOP-1", labels=("kr:A.1",)),
        item("SHOP-2", key_results=(("trailer", "A.1"),)),
        item("SHOP-3", key_results=(("field", "A.1"),)),
    )
    link_anew(conn, config(conventions=section))
    assert {one.via for one in links(conn).get("A.1", {}).values()} == via


def test_stars_and_question_marks_in_keys_are_ordinary_letters(conn: sa.Connection, tracker: Tracker) -> None:
    tracker.save(
        item("SHOP-1", labels=("kr:A.*",)), item("SHOP-2", labels=("kr:A.1",)), item("SHOP-3", labels=("kr:A?1",))
    )
    key_results = [{"key": key, "title": key} for key in ("A.*", "A?1")]
    link_anew(conn, config(key_results=key_results, **LABEL))
    assert {key: list(found) for key, found in links(conn).items()} == {"A.*": ["SHOP-1"], "A?1": ["SHOP-3"]}


def test_the_key_stands_anywhere_in_the_label(conn: sa.Connection, tracker: Tracker) -> None:
    tracker.save(item("SHOP-1", labels=("okr/A.1!",)))
    link_anew(conn, config(conventions={"label": "okr/{key}!"}))
    assert roles(conn) == {"SHOP-1": "counted"}


# --- changes ----------------------------------------------------------------------------------------------------------


def test_a_convention_that_leaves_the_configuration_unlinks(conn: sa.Connection, tracker: Tracker) -> None:
    tracker.save(item("SHOP-1", labels=("kr:A.1",)), item("SHOP-2", key_results=(("trailer", "A.1"),)))
    link_anew(conn, config(**ALL))
    link_anew(conn, config(conventions={"trailer": "Key-Result"}))
    assert links(conn) == {"A.1": {"SHOP-2": Linked("trailer", True, "counted")}}
    assert conn.execute(sa.text("SELECT via, matched FROM mapping")).all() == [("trailer", 1)]


def test_linking_by_a_configuration_without_conventions_unlinks_what_they_linked(
    conn: sa.Connection, tracker: Tracker
) -> None:
    tracker.save(item("SHOP-1", labels=("kr:A.1",)))
    link_anew(conn, config(**ALL))
    link(conn, config())
    assert links(conn) == {}


def test_another_label_links_other_items(conn: sa.Connection, tracker: Tracker) -> None:
    tracker.save(item("SHOP-1", labels=("kr:A.1",)), item("SHOP-2", labels=("goal-A.1",)))
    link_anew(conn, config(**LABEL))
    link_anew(conn, config(conventions={"label": "goal-{key}"}))
    assert links(conn) == {"A.1": {"SHOP-2": Linked("label", True, "counted")}}


def test_a_label_that_an_item_loses_unlinks_it(conn: sa.Connection, tracker: Tracker) -> None:
    tracker.save(item("SHOP-1", labels=("kr:A.1",)), item("SHOP-2", labels=("kr:A.1",)))
    link_anew(conn, config(**LABEL))
    tracker.save(item("SHOP-1"))
    link(conn, config(**LABEL))
    assert roles(conn) == {"SHOP-2": "counted"}
    tracker.save(item("SHOP-2"))
    link(conn, config(**LABEL))
    assert links(conn) == {}


def test_the_first_item_to_name_a_key_result_is_linked(conn: sa.Connection, tracker: Tracker) -> None:
    tracker.save(item("SHOP-1"), item("SHOP-2", labels=("kr:A.2",)))
    link_anew(conn, config(**LABEL))
    tracker.save(item("SHOP-1", labels=("kr:A.1",)))
    link(conn, config(**LABEL))
    assert links(conn) == {
        "A.1": {"SHOP-1": Linked("label", True, "counted")},
        "A.2": {"SHOP-2": Linked("label", True, "counted")},
    }


def test_a_key_result_that_comes_later_finds_the_items_that_named_it_before(
    conn: sa.Connection, tracker: Tracker
) -> None:
    tracker.save(item("SHOP-1", labels=("kr:A.3",)))
    link_anew(conn, config(**LABEL))
    link_anew(conn, config(key_results=[{"key": "A.3", "title": "Three"}], **LABEL))
    assert links(conn) == {"A.3": {"SHOP-1": Linked("label", True, "counted")}}


# --- shares -----------------------------------------------------------------------------------------------------------


def test_what_conventions_alone_link_is_one_more_mapping_with_the_mean_share(
    conn: sa.Connection, tracker: Tracker
) -> None:
    tracker.save(
        item("SHOP-1", category="done"),
        item("SHOP-2", labels=("kr:A.1",), category="done"),
        item("SHOP-3", key_results=(("trailer", "A.1"),)),
        item("SHOP-4"),
    )
    configuration = config(
        {"work": {"issue": "SHOP-1"}, "share": 30}, {"work": {"issue": "SHOP-4"}, "share": 90}, **ALL
    )
    link_anew(conn, configuration)
    wanted = (30 * 1 + 90 * 0 + 60 * 0.5) / (30 + 90 + 60)
    assert measured(conn, configuration)["A.1"]["delivery"] == pytest.approx(wanted)


def test_what_a_mapping_links_too_counts_with_the_mapping(conn: sa.Connection, tracker: Tracker) -> None:
    tracker.save(item("SHOP-1", category="done", labels=("kr:A.1",)), item("SHOP-2", labels=("kr:A.1",)))
    configuration = config({"work": {"issue": "SHOP-1"}, "share": 30}, **ALL)
    link_anew(conn, configuration)
    assert measured(conn, configuration)["A.1"]["delivery"] == pytest.approx(0.5)


def test_without_shares_conventions_count_with_all_the_rest(conn: sa.Connection, tracker: Tracker) -> None:
    tracker.save(
        item("SHOP-1", category="done"), item("SHOP-2", labels=("kr:A.1",)), item("SHOP-3", labels=("kr:A.1",))
    )
    configuration = config({"work": {"issue": "SHOP-1"}}, **LABEL)
    link_anew(conn, configuration)
    assert measured(conn, configuration)["A.1"]["delivery"] == pytest.approx(1 / 3)
