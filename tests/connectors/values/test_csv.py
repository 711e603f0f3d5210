"""The last number of a column, of files as people and programs write them."""

import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from config import CsvValue
from connectors.base import Context
from connectors.errors import Refused, TryAgain
from connectors.values import fetch, place
from connectors.values.csv import LONGEST_LINE


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "kpi.csv"


def ask(file: Path, context: Context, column: str = "value", **more: Any) -> float:
    return fetch(CsvValue.model_validate({"csv": file, "column": column, **more}), context=context, connectors={})


@pytest.mark.parametrize(
    "content, value",
    [
        ("day,value\n1,2.5\n2,4\n", 4),
        ("day,value\r\n1,2.5\r\n2,4", 4),
        ("day,value\n1,2.5\n2,\n3,  \n\n", 2.5),
        ("day,value\n1,2.5\n2\n", 2.5),
        ("value\n7\n", 7),
        ("\ufeffvalue,day\n7,1\n", 7),
        ("day;value\n1;-2.5\n", -2.5),
        ("day\tvalue\n1\t2e3\n", 2000),
        (" day , Value \n1, 3 \n", 3),
        ('day,value\n"a, b","3"\n', 3),
        ('day,value\n"a\nb",3\n"c\nd",5\n', 5),
        ("Value,value\n1,2\n", 2),
        ("größe,value\nä,2\n", 2),
    ],
)
def test_the_last_number_is_taken(file: Path, context: Context, content: str, value: float) -> None:
    file.write_bytes(content.encode())
    assert ask(file, context) == value


@pytest.mark.parametrize(
    "content, words",
    [
        (b"day,value\n1,2\n2,n/a\n", r"Line 3 of .*kpi.csv, column value, gives 'n/a', expected a number"),
        (b"day;value\n1;2\n2;1,5\n", r"Line 3 of .* gives '1,5', with a comma.*decimal point"),
        (b'day,value\n1,"1.234,5"\n', r"gives '1\.234,5', with a comma"),
        (b"day,value\n1,12 %\n", "gives '12 %', expected a number"),
        (b"day,value\n1,true\n", "gives 'true', expected a number"),
        (b"day,value\n1,NaN\n", "gives NaN"),
        (b"day,value\n1,1e999\n", "beyond all bounds"),
        (b"day,valu\n1,2\n", "has no column 'value' in its first line. Did you mean 'valu'"),
        (b"day,other\n1,2\n", "It has: day, other"),
        (b"", "has no column 'value'"),
        (b"day,value\n", "Column value of .* is empty"),
        (b"value,value\n1,2\n", "has 2 columns 'value'"),
        ("täg,value\n1,2\n".encode("latin-1"), "is not UTF-8 text. Save it as CSV UTF-8"),
        ("day,value\n1,2\n".encode("utf-16"), "is not UTF-8 text"),
        (b'day,value\n1,"2' + b"x" * 200_000, "is no CSV at line .*field larger than field limit"),
        (b"day,value\n1," + b"2" * (LONGEST_LINE + 1), "has a line of more than 1,000,000 letters"),
        (b"x" * (LONGEST_LINE + 1), "has a line of more than 1,000,000 letters"),
    ],
    ids=lambda one: str(one)[:24],
)
def test_what_is_no_number_is_refused(file: Path, context: Context, content: bytes, words: str) -> None:
    file.write_bytes(content)
    with pytest.raises(Refused, match=words):
        ask(file, context)


def test_a_file_that_is_not_there_or_no_file_is_refused(tmp_path: Path, context: Context) -> None:
    with pytest.raises(Refused, match=r"absent.csv is not there. Check the path: a relative one begins at the main"):
        ask(tmp_path / "absent.csv", context)
    with pytest.raises(Refused, match="is no file"):
        ask(tmp_path, context)
    with pytest.raises(Refused, match="is no file"):
        ask(Path("/dev/zero"), context)


def fill(file: Path, rows: int) -> Path:
    with file.open("w") as out:
        out.write("day,value\n")
        out.writelines(f"{number},{number / 4}\n" for number in range(rows))
    return file


def test_a_million_rows_are_read(file: Path, context: Context) -> None:
    assert ask(fill(file, 1_000_000), context) == 999_999 / 4


def test_many_rows_take_no_more_memory_than_few(file: Path, context: Context) -> None:
    fill(file, 50_000)  # 800 KB of text, 10 MB as rows
    tracemalloc.start(1)
    ask(file, context)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 300_000


def test_a_file_that_takes_too_long_is_left(file: Path, context: Context) -> None:
    with pytest.raises(TryAgain, match=r"could not be read within 0\.001 s"):
        ask(fill(file, 50_000), context, timeout=0.001)


def test_a_place_names_column_and_file(file: Path) -> None:
    assert place(CsvValue(csv=file, column="value")) == f"column value of {file}"
