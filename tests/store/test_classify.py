"""Reading a tool's words as our states and levels."""

from typing import Any

import pytest

from config import Counting
from store.classify import classify

COUNTING = Counting(
    cancelled=("Won't Do", "not_planned"),
    in_progress_labels=("In Progress", "wip"),
    epic_labels=("Epic",),
    epic_types=("Epic", "Initiative", "Feature"),
)


def read(counting: Counting = COUNTING, **words: Any) -> tuple[str, str]:
    given: dict[str, Any] = {
        "category": "todo",
        "resolution": None,
        "status": None,
        "labels": (),
        "assignees": (),
        "self_reported": False,
        "type": None,
        "tool_level": None,
    }
    return classify(**(given | words), counting=counting)


@pytest.mark.parametrize(
    "words,state",
    [
        ({"category": "todo"}, "todo"),
        ({"category": "in_progress"}, "in_progress"),
        ({"category": "done"}, "done"),
        ({"category": "done", "resolution": "Fixed", "status": "Closed"}, "done"),
        ({"category": "done", "resolution": "WON'T DO"}, "cancelled"),
        ({"category": "done", "resolution": "Done", "status": "won't do "}, "cancelled"),
        ({"category": "done", "resolution": "not_planned"}, "cancelled"),
        ({"category": "in_progress", "status": "Won't Do"}, "in_progress"),
        ({"category": "todo", "resolution": "Won't Do"}, "todo"),
        ({"labels": ("WIP",), "self_reported": True}, "in_progress"),
        ({"labels": ("wip",), "self_reported": False}, "todo"),
        ({"labels": ("wip later",), "self_reported": True}, "todo"),
        ({"category": "done", "labels": ("wip",), "self_reported": True}, "done"),
        ({"assignees": ("dana",), "self_reported": True}, "todo"),
    ],
)
def test_the_state_follows_the_category_the_cancelled_words_and_the_labels(words: dict[str, Any], state: str) -> None:
    assert read(**words)[0] == state


def test_an_assignee_may_mean_in_progress() -> None:
    counting = Counting(assigned_is_in_progress=True)
    assert [
        read(counting, assignees=("dana",), self_reported=True)[0],
        read(counting, assignees=(), self_reported=True)[0],
        read(counting, assignees=("dana",), self_reported=False)[0],
    ] == ["in_progress", "todo", "todo"]


@pytest.mark.parametrize(
    "words,level",
    [
        ({}, "issue"),
        ({"type": "Bug"}, "issue"),
        ({"type": "feature"}, "epic"),
        ({"type": "INITIATIVE"}, "initiative"),
        ({"type": "Bug", "tool_level": "epic"}, "epic"),
        ({"type": "Legend", "tool_level": "initiative"}, "initiative"),
        ({"type": "Epic", "tool_level": "subtask", "labels": ("epic",)}, "subtask"),
        ({"type": "Feature", "tool_level": "issue"}, "epic"),
        ({"labels": ("EPIC ",)}, "epic"),
        ({"labels": ("epic",), "category": "done", "type": "Task", "tool_level": "issue"}, "epic"),
        ({"labels": ("epic-ish",)}, "issue"),
    ],
)
def test_the_level_follows_the_tool_then_the_type_then_the_labels(words: dict[str, Any], level: str) -> None:
    assert read(**words)[1] == level
