"""Text as it comes over the wire."""

from datetime import UTC, date, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors import text


@pytest.mark.parametrize(
    "written,at",
    [
        ("2026-01-01T10:00:00.000+0000", datetime(2026, 1, 1, 10, tzinfo=UTC)),
        ("2026-01-01T10:00:00+00:00", datetime(2026, 1, 1, 10, tzinfo=UTC)),
        ("2026-01-01T10:00:00Z", datetime(2026, 1, 1, 10, tzinfo=UTC)),
        ("2026-01-01T10:00:00.000+0530", datetime(2026, 1, 1, 4, 30, tzinfo=UTC)),
        ("2026-01-01T10:00:00.500-0700", datetime(2026, 1, 1, 17, 0, 0, 500_000, tzinfo=UTC)),
        ("2026-01-01T10:00", datetime(2026, 1, 1, 10, tzinfo=UTC)),
        ("0001-01-01T00:00:00+0530", None),
        ("292278994-08-17T07:12:55.807+0000", None),
        ("tomorrow", None),
        ("", None),
        (None, None),
    ],
)
def test_instants_are_read_in_all_their_spellings(written: str | None, at: datetime | None) -> None:
    assert text.instant(written) == at


@pytest.mark.parametrize(
    "written,day", [("2026-01-31", date(2026, 1, 31)), ("2026-01-31T23:00:00-0700", date(2026, 1, 31)), ("31/1", None)]
)
def test_days_are_read_as_written(written: str, day: date | None) -> None:
    assert text.day(written) == day


@given(st.lists(st.text(st.characters(exclude_categories=[]), max_size=20), max_size=5))
def test_any_json_becomes_one_that_decodes_without_unsafe_letters(strings: list[str]) -> None:
    # Written as other programs do: every letter beyond ASCII as an escape, halves of pairs among them.
    escaped = "[" + ",".join('"' + "".join(_escaped(letter) for letter in one) + '"' for one in strings) + "]"
    found = msgspec.json.decode(text.clean_json(escaped.encode()), type=list[str])
    # Two halves that stand side by side are one letter, in JSON.
    joined = [one.encode("utf-16", "surrogatepass").decode("utf-16", "ignore").replace("\x00", "") for one in strings]
    assert found == joined


def _escaped(letter: str) -> str:
    units = letter.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at] << 8 | units[at + 1]:04x}" for at in range(0, len(units), 2))


def test_bytes_that_are_no_text_are_dropped() -> None:
    assert text.clean_json(b'["a\xed\xa0\x80b\xff", "\x00c"]') == b'["ab", "c"]'


def test_a_cut_off_body_stays_cut_off() -> None:
    assert text.clean_json(b'["a\\u0000", "b') == b'["a", "b'


def test_trailers_are_whole_lines() -> None:
    body = "Key-Result: A\r\n  KEY-RESULT:B \nx Key-Result: C\nKey-Result:\nKey-Result : D\n> Key-Result: E"
    assert text.Trailer("Key-Result").values(body + "\rKey-Result: F, G") == ["A", "B", "F, G"]


def test_a_trailer_name_is_no_pattern() -> None:
    assert text.Trailer("K.R").values("KxR: A\nk.r: B") == ["B"]


@pytest.mark.parametrize(
    "body",
    [
        b'"a\\u00\x0000b"',
        b'"a\\u\x000\x00000b"',
        b'"a\\u00\xff00b"',
        b'"a\\u00\\u000000b"',
        b'"a\\ud\\ud83d83db"',
        b'"a\\ud8\x003db"',
    ],
)
def test_what_is_taken_away_joins_no_new_unsafe_escape(body: bytes) -> None:
    assert msgspec.json.decode(text.clean_json(body)) in {"ab", "a0b", "a00b"}


@given(
    st.lists(
        st.sampled_from(
            [b"\\", b"\\u", b"u", b"0", b"00", b"d8", b"3d", b"\\u0000", b"\\ud83d", b"\x00", b"\xff", b"a"]
        )
    )
)
def test_no_cleaned_text_decodes_to_what_no_database_keeps(pieces: list[bytes]) -> None:
    try:
        found = msgspec.json.decode(text.clean_json(b'"' + b"".join(pieces) + b'"'), type=str)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return
    assert text.clean(found) == found
