"""No answer of a tool breaks the program: it is set aside, tried again or refused, and what is read is fit to keep.

A short run; `make fuzz` goes on for hundreds of thousands of answers, guided by what they have covered.
"""

import logging
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors import limits, text
from tests.fuzz.conversations import Conversation, conversations, must_be_fit
from tests.fuzz.mutate import mutated
from tests.fuzz.recorded import add_recorded

ROUNDS = 700
TOOLS = ["github", "jira cloud", "jira datacenter"]
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def talks() -> Iterator[dict[str, Conversation]]:
    before = logging.root.manager.disable
    logging.disable()  # one of the libraries logs every answer that it cannot read
    found = {one.name: one for one in conversations()}
    yield found
    for one in found.values():
        one.connector.close()
    logging.disable(before)


def spoil(talk: Conversation, rounds: int, seed: str) -> Counter[str]:
    """Spoils so many answers; how the talks ended."""
    chance, ends, places = Random(seed), Counter[str](), talk.places()
    for _ in range(rounds):
        place = chance.choice(places)
        body = mutated(chance.choice(talk.bodies(place)), chance)
        try:
            ends[talk.survive(place, body)] += 1
        except Exception as error:
            raise AssertionError(f"{place} broke on {body[:2000]!r}") from error
    return ends


@pytest.mark.parametrize("tool", TOOLS)
def test_a_spoilt_answer_breaks_nothing(talks: dict[str, Conversation], tool: str) -> None:
    ends = spoil(talks[tool], ROUNDS, tool)
    assert ends["read"] > ROUNDS / 3
    assert ends["Refused"] > 10


@pytest.mark.parametrize("tool", TOOLS)
def test_spoilt_answers_of_real_servers_break_nothing(
    talks: dict[str, Conversation], realdata: Path, tool: str
) -> None:
    talk = talks[tool]
    add_recorded(talk, realdata)
    assert talk.more
    assert spoil(talk, ROUNDS, f"real {tool}")["read"] > ROUNDS / 3


@pytest.mark.parametrize("tool", TOOLS)
def test_what_is_not_spoilt_is_read(talks: dict[str, Conversation], tool: str) -> None:
    talk = talks[tool]
    recorded = [(place, one) for place, found in talk.tape.answers.items() for one in found[:1] if one.status == 200]
    assert {talk.survive(place, one.body) for place, one in recorded} == {"read"}


@given(st.text() | st.from_regex(r"[-0-9T:.Z+ ]{0,40}"))
def test_no_text_breaks_the_reading_of_instants_days_and_trailers(words: str) -> None:
    for found in (text.instant(words), text.clean(words), text.day(text.clean(words))):
        must_be_fit(found)
    assert all(one in words for one in text.Trailer("Key-Result").values(words))


@given(st.binary())
def test_no_bytes_break_the_cleaning_of_json(body: bytes) -> None:
    text.clean_json(body).decode()
    must_be_fit(text.excerpt(body))


@given(st.dictionaries(st.sampled_from(limits.LIMIT_HEADERS), st.text() | st.from_regex(r"-?[0-9]{1,25}(\\.[0-9]+)?")))
def test_no_header_breaks_the_reading_of_limits(headers: dict[str, str]) -> None:
    wait = limits.told_wait(headers, NOW)
    assert wait is None or wait >= 0
    assert limits.later(NOW, wait or 0.0) >= NOW - timedelta(0)
