"""All that connectors ask, and all that the simulator answers, is held against the tools' official documents."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from tests.contracts.conversations import LIVES
from tests.contracts.deviations import DEVIATIONS
from tests.contracts.judge import Judge
from tests.contracts.wire import Exchange

Said: TypeAlias = Callable[[str], list[Exchange]]


@pytest.fixture(scope="module")
def judge(realdata: Path) -> Judge:
    return Judge(realdata / "contracts")


@pytest.fixture(scope="module")
def said() -> Said:
    """The exchanges of a conversation, which is held once."""
    held: dict[str, list[Exchange]] = {}

    def exchanges(name: str) -> list[Exchange]:
        if name not in held:
            held[name] = LIVES[name][1]()
        return held[name]

    return exchanges


@pytest.mark.parametrize("name", LIVES)
def test_a_conversation_keeps_to_the_official_documents(judge: Judge, said: Said, name: str) -> None:
    assert said(name) != []
    assert judge.objections(LIVES[name][0], said(name)) == []


def test_every_deviation_is_still_needed(judge: Judge, said: Said) -> None:
    for name, (tool, _) in LIVES.items():
        judge.objections(tool, said(name))
    assert [one.problem for one in DEVIATIONS if one not in judge.used] == []
