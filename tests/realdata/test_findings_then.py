"""What was found on recorded work, and how much of it was worth saying, is what the documentation says."""

import os
import re
from pathlib import Path

import pytest

from tests.realdata.findings_then import found, table
from tests.realdata.judged import DISAGREED

PAGE = Path(__file__).resolve().parents[2] / "docs" / "explanation" / "findings-on-real-data.md"
ROW = re.compile(r"^\| ([A-Z]{3}\d{3}) \| (\d+) \| (\d+) \|", re.MULTILINE)


def written() -> list[tuple[str, int, int]]:
    return [(code, int(raised), int(agreed)) for code, raised, agreed in ROW.findall(PAGE.read_text(encoding="utf-8"))]


def test_nine_in_ten_were_worth_saying() -> None:
    raised, agreed = (sum(row[column] for row in written()) for column in (1, 2))

    assert f"| **all** | **{raised}** | **{agreed}** |" in PAGE.read_text(encoding="utf-8")
    assert agreed >= 0.9 * raised
    assert raised - agreed == len(DISAGREED)


@pytest.mark.skipif("NORTHING_LONG" not in os.environ, reason="takes minutes: NORTHING_LONG=1 runs it")
def test_the_recorded_work_gives_what_is_written(realdata: Path, tmp_path: Path) -> None:
    assert table(found(realdata, tmp_path)) == written()
