"""Fields are found by the type an app gave them; names only where a user wrote one."""

from typing import Any

import msgspec
import pytest

from connectors.errors import Refused
from connectors.jira.fields import Field, FieldMap, discover

FLOAT = "com.atlassian.jira.plugin.system.customfieldtypes:float"


def field(number: int, name: str, custom: str, kind: str = "any") -> dict[str, Any]:
    return {
        "id": f"customfield_{number}",
        "name": name,
        "custom": True,
        "clauseNames": [f"cf[{number}]", name],
        "schema": {"type": kind, "custom": custom, "customId": number},
    }


ROWS = [
    {"id": "summary", "name": "Zusammenfassung", "custom": False, "schema": {"type": "string", "system": "summary"}},
    {"id": "issuekey", "name": "Schlüssel", "custom": False},
    field(1, "Story-Punkte", "com.pyxis.greenhopper.jira:jsw-story-points", "number"),
    field(2, "Story Points", FLOAT, "number"),
    field(3, "Aufwand", FLOAT, "number"),
    field(4, "Sprint-Feld", "com.pyxis.greenhopper.jira:gh-sprint", "array"),
    field(5, "Epos-Verknüpfung", "com.pyxis.greenhopper.jira:gh-epic-link"),
    field(6, "Epos-Name", "com.pyxis.greenhopper.jira:gh-epic-label", "string"),
    field(7, "Übergeordnet", "com.atlassian.jpo:jpo-custom-field-parent"),
    field(8, "Mannschaft", "com.atlassian.teams:rm-teams-custom-field-team"),
    field(9, "Team", "com.atlassian.jira.plugin.system.customfieldtypes:atlassian-team", "team"),
    field(10, "Key Result", "com.atlassian.jira.plugin.system.customfieldtypes:textfield", "string"),
    field(11, "Key Result", "com.atlassian.jira.plugin.system.customfieldtypes:select", "option"),
    field(13, "Zielende", "com.atlassian.jpo:jpo-custom-field-baseline-end", "date"),
    field(14, "Zielbeginn", "com.atlassian.jpo:jpo-custom-field-baseline-start", "date"),
    field(15, "Ursprüngliche Punkte", "com.atlassian.jpo:jpo-custom-field-original-story-points", "number"),
    field(12, "Sprint", "com.atlassian.jira.plugin.system.customfieldtypes:textfield", "string"),
]


def found(estimate: str | None = None, measure: str = "points", key_result: str | None = None) -> FieldMap:
    return discover(msgspec.convert(ROWS, list[Field]), estimate=estimate, measure=measure, key_result=key_result)


def test_fields_are_found_in_any_language() -> None:
    assert found(key_result="key result") == FieldMap(
        estimate=("customfield_1", "customfield_2", "customfield_15"),
        sprint=("customfield_4",),
        epic_link=("customfield_5",),
        epic_name=("customfield_6",),
        parent_link=("customfield_7",),
        team=("customfield_8", "customfield_9"),
        target_end=("customfield_13",),
        key_result=("customfield_10", "customfield_11"),
        names={
            "customfield_1": "Story-Punkte",
            "customfield_2": "Story Points",
            "customfield_4": "Sprint-Feld",
            "customfield_15": "Ursprüngliche Punkte",
        },
    )


@pytest.mark.parametrize("name", ["aufwand", "customfield_3", "cf[3]"])
def test_the_estimate_may_be_named(name: str) -> None:
    assert found(estimate=name).estimate == ("customfield_3",)


def test_an_estimate_that_is_not_there_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(Refused, match="Did you mean 'Aufwand'"):
        found(estimate="Aufwnd")


def test_a_measure_that_names_a_field_is_read_as_the_estimate() -> None:
    assert found(measure="Aufwand", estimate="Story Points").estimate == ("customfield_3",)


def test_what_another_connection_may_have_is_missing_without_harm() -> None:
    fields = found(measure="Effort", key_result="Goal")
    assert fields.missing == {"counting.measure": "Effort", "conventions.jira_field": "Goal"}
    assert (fields.estimate, fields.key_result) == (("customfield_1", "customfield_2", "customfield_15"), ())


def test_each_field_is_asked_for_once() -> None:
    assert found(estimate="Key Result", key_result="Key Result").ids.count("customfield_10") == 1


def test_where_points_are_known_by_a_translated_name_alone_the_boards_tell() -> None:
    assert not found().boards_tell
    assert not found(estimate="Aufwand").boards_tell
    translated = [row for row in ROWS if row["name"] != "Story Points"]
    fields = discover(msgspec.convert(translated, list[Field]), estimate=None, measure="points", key_result=None)
    assert (fields.boards_tell, fields.estimate) == (True, ("customfield_1", "customfield_15"))
