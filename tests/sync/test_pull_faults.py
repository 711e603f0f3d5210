"""What fails, what is stopped and what is killed: the rest goes on, and nothing is lost or left half done."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from itertools import count
from pathlib import Path
from shutil import copy
from typing import Any

import pytest

from connectors.errors import Cancelled, Refused, SourceError, TryAgain
from connectors.records import SetAside
from store import tables, work
from tests.sync.fake import START, Fake, Plain, Tool, world


class Kill(BaseException):
    """Ends the program where it stands."""


def filled() -> Tool:
    tool = Tool()
    tool.fill("SHOP", 7)
    tool.put("SHOP", 6, parent_key="SHOP-1", category="in_progress")
    tool.fill("PLAT", 3)
    tool.release("SHOP", "2.0")
    return tool


def change(tool: Tool) -> None:
    """Edits that fill several pages of the next reading."""
    tool.clock += timedelta(hours=1)
    for number in (1, 3, 5, 8):
        tool.put("SHOP", number, title=f"Edited {number}")


@pytest.fixture
def new_url(migrated_sqlite: Path, tmp_path: Path) -> Callable[[], str]:
    """Gives the URL of one more migrated SQLite database."""
    numbers = count()
    return lambda: f"sqlite:///{copy(migrated_sqlite, tmp_path / f'{next(numbers)}.db')}"


def undisturbed(url: str, kind: type[Fake]) -> tuple[dict[str, list[Any]], dict[str, list[Any]]]:
    """What a first whole sync leaves behind, and what a second one after some edits."""
    tool = filled()
    whole = world(url, kind(tool))
    whole.sync()
    first = whole.picture()
    change(tool)
    whole.sync()
    return first, whole.picture()


def kill_at(monkeypatch: pytest.MonkeyPatch, page: int, *, stored: bool) -> None:
    """Kill the program at a page: before it is stored, or after its rows are written but not committed."""
    save, pages = work.save_page, iter(range(1, 100))

    def trapped(*args: Any) -> Any:
        if next(pages) != page:
            return save(*args)
        if stored:
            save(*args)
        raise Kill

    monkeypatch.setattr(work, "save_page", trapped)


@pytest.mark.parametrize("kind", [Fake, Plain])
@pytest.mark.parametrize("stored", [False, True], ids=["before", "uncommitted"])
def test_a_sync_killed_at_any_page_ends_as_an_undisturbed_one(
    new_url: Callable[[], str], monkeypatch: pytest.MonkeyPatch, stored: bool, kind: type[Fake]
) -> None:
    first, second = undisturbed(new_url(), kind)
    for page in range(1, 9):
        tool = filled()
        killed = world(new_url(), kind(tool))
        for expected in (first, second):
            with monkeypatch.context() as patch:
                kill_at(patch, page, stored=stored)
                with suppress(Kill):
                    killed.sync()
            killed.sync()
            assert killed.picture() == expected
            change(tool)


@pytest.mark.parametrize("kind", [Fake, Plain])
def test_a_sync_killed_again_and_again_ends_as_an_undisturbed_one(
    migrated_url: str, new_url: Callable[[], str], monkeypatch: pytest.MonkeyPatch, kind: type[Fake]
) -> None:
    tool = filled()
    killed = world(migrated_url, kind(tool))
    kills = 0
    for expected in undisturbed(new_url(), kind):
        ended = False
        while not ended:
            with monkeypatch.context() as patch:
                kill_at(patch, 3, stored=True)
                try:
                    killed.sync()
                    ended = True
                except Kill:
                    kills += 1
        assert killed.picture() == expected
        change(tool)
    assert kills > 2


def test_a_resumed_reading_goes_on_behind_its_last_page_with_its_first_clock(
    migrated_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool = Tool()
    tool.fill("SHOP", 7)
    killed = world(migrated_url, Fake(tool))
    with monkeypatch.context() as patch:
        kill_at(patch, 3, stored=False)
        with pytest.raises(Kill):
            killed.sync()
    assert killed.stream("SHOP") == {
        "watermark": None,
        "validators": {},
        "resume": "4",
        "resume_since": None,
        "resume_clock": START,
    }
    tool.clock += timedelta(days=1)
    tool.put("SHOP", 1, title="Changed between the runs")
    killed.fakes["fake"].asked.clear()
    killed.sync()

    assert killed.fakes["fake"].asked == [("SHOP", None, "4"), ("SHOP", START - Fake.overlap, None)]
    assert len(killed.rows(tables.WorkItem)) == 7
    assert "Changed between the runs" in {row["title"] for row in killed.rows(tables.WorkItem)}


def test_a_process_that_vanishes_is_continued_by_the_next_one(
    sqlite_url: str, migrated_sqlite: Path, tmp_path: Path
) -> None:
    copy(migrated_sqlite, tmp_path / "northing.db")
    program = (
        "import os, sys\n"
        "from tests.sync.fake import Fake, Tool, world\n"
        "tool = Tool()\n"
        "tool.fill('SHOP', 7)\n"
        "def vanish(scope, offset):\n"
        "    if offset == 4:\n"
        "        os._exit(9)\n"
        "world(sys.argv[1], Fake(tool, trap=vanish)).sync()\n"
    )
    root = Path(__file__).parents[2]
    gone = subprocess.run(
        [sys.executable, "-c", program, sqlite_url], cwd=root, env={**os.environ, "PYTHONPATH": str(root)}, check=False
    )
    assert gone.returncode == 9

    tool = Tool()
    tool.fill("SHOP", 7)
    following = world(sqlite_url, Fake(tool))
    following.sync()
    assert len(following.rows(tables.WorkItem)) == 7
    assert [row["outcome"] for row in following.rows(tables.Run)] == ["interrupted", "ok"]
    assert "running" not in {row["outcome"] for row in following.rows(tables.RunScope)}


@pytest.mark.parametrize(
    "error", [Refused("SHOP answered 404.", advice="Check the name.", status=404), TryAgain("SHOP does not answer")]
)
def test_a_scope_that_fails_lets_the_others_go_on(migrated_url: str, error: SourceError) -> None:
    def fail(scope: str, offset: int) -> None:
        if (scope, offset) == ("SHOP", 4):
            raise error

    one = world(migrated_url, Fake(filled(), trap=fail))
    result = one.sync()

    rows = {row.scope: row for row in result.scopes}
    assert result.outcome == "partial"
    assert (rows["SHOP"].outcome, rows["SHOP"].error, rows["SHOP"].read) == ("failed", str(error), 4)
    assert (rows["PLAT"].outcome, rows["PLAT"].error) == ("ok", None)
    assert {row["key"]: row["error"] for row in one.rows(tables.Scope)} == {"SHOP": str(error), "PLAT": None}
    assert one.stream("SHOP")["resume"] == "4"

    one.fakes["fake"].trap = lambda scope, offset: None
    assert one.sync().outcome == "ok"
    assert {row["key"]: row["error"] for row in one.rows(tables.Scope)} == {"SHOP": None, "PLAT": None}
    assert len(one.rows(tables.WorkItem)) == 10


def test_a_connection_that_fails_is_marked_and_lets_the_others_go_on(migrated_url: str) -> None:
    tool = filled()
    broken = Fake(tool, name="broken", list_error=Refused("401 Unauthorized.", advice="Renew the token.", status=401))
    one = world(migrated_url, broken, Fake(tool, name="sound"))
    result = one.sync()

    assert result.outcome == "partial"
    [failed] = [row for row in result.scopes if row.connection == "broken"]
    assert (failed.scope, failed.outcome, failed.error) == (None, "failed", "401 Unauthorized. Renew the token.")
    marks = {row["name"]: (row["error"], row["last_ok_at"]) for row in one.rows(tables.Connection)}
    assert marks == {"broken": ("401 Unauthorized. Renew the token.", None), "sound": (None, START)}
    assert len(one.rows(tables.WorkItem)) == 10

    broken.list_error = None
    assert one.sync().outcome == "ok"
    assert {row["error"] for row in one.rows(tables.Connection)} == {None}


def test_a_failed_read_leaves_what_was_known(migrated_url: str) -> None:
    one = world(migrated_url, Fake(filled()))
    one.sync()
    before = one.rows(tables.WorkItem)
    one.fakes["fake"].list_error = TryAgain("no answer")

    assert one.sync().outcome == "failed"
    assert one.rows(tables.WorkItem) == before


def test_records_set_aside_are_counted_and_the_page_goes_on(migrated_url: str) -> None:
    tool = filled()
    tool.project("PLAT").bad.append(SetAside(external_id="PLAT/9", reason="no key", excerpt="{}"))
    one = world(migrated_url, Plain(tool))
    rows = {row.scope: row for row in one.sync().scopes}

    assert (rows["PLAT"].outcome, rows["PLAT"].set_aside, rows["PLAT"].read) == ("ok", 1, 3)
    assert [(row["external_id"], row["reason"]) for row in one.rows(tables.Quarantine)] == [("PLAT/9", "no key")]


def test_a_retry_reads_only_the_scopes_with_records_set_aside_and_those_in_full(migrated_url: str) -> None:
    tool = Tool()
    for key in ("SHOP", "PLAT"):
        tool.fill(key, 3)
    tool.project("SHOP").bad = [SetAside(external_id="SHOP/9", reason="odd", excerpt="")]
    here = world(migrated_url, Fake(tool))
    here.sync()
    tool.project("SHOP").bad = []
    here.fakes["fake"].asked.clear()
    here.now += timedelta(minutes=1)
    found = here.sync(retry=True)
    assert [(one.scope, one.read) for one in found.scopes] == [("SHOP", 3)]
    assert here.fakes["fake"].asked[0] == ("SHOP", None, None)
    assert here.rows(tables.Quarantine) == []
    assert here.sync(retry=True).scopes == ()


def test_a_full_reading_forgets_records_set_aside_that_it_did_not_meet_again(migrated_url: str) -> None:
    tool = filled()
    tool.project("PLAT").bad.append(SetAside(external_id="PLAT/9", reason="no key", excerpt="{}"))
    one = world(migrated_url, Fake(tool))
    one.sync()
    tool.project("PLAT").bad.clear()
    one.now += timedelta(hours=1)
    one.sync(full=True)

    assert one.rows(tables.Quarantine) == []


def test_an_error_of_ours_in_one_scope_is_raised_after_the_others_were_read(migrated_url: str) -> None:
    def stumble(scope: str, offset: int) -> None:
        if scope == "SHOP":
            raise KeyError("labels")

    one = world(migrated_url, Fake(filled(), trap=stumble))
    with pytest.raises(KeyError, match="labels"):
        one.sync()

    assert sorted(row["key"] for row in one.rows(tables.WorkItem)) == ["PLAT-1", "PLAT-2", "PLAT-3"]
    outcomes = {row["outcome"]: row["error"] for row in one.rows(tables.RunScope)}
    assert outcomes == {"ok": None, "failed": "An error of this program: KeyError: 'labels'"}
    assert [row["outcome"] for row in one.rows(tables.Run)] == ["partial"]


def test_an_error_of_ours_while_storing_is_raised_and_leaves_whole_pages(
    migrated_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = world(migrated_url, Fake(filled()))
    save, pages = work.save_page, iter(range(100))

    def broken(*args: Any) -> Any:
        saved = save(*args)
        if next(pages) == 1:
            raise ZeroDivisionError
        return saved

    monkeypatch.setattr(work, "save_page", broken)
    with pytest.raises(ZeroDivisionError):
        one.sync()

    assert len(one.rows(tables.WorkItem)) == 2
    assert [row["outcome"] for row in one.rows(tables.Run)] == ["failed"]
    assert {row["outcome"] for row in one.rows(tables.RunScope)} == {"interrupted"}


def test_a_stop_keeps_the_pages_read_and_the_next_sync_goes_on(migrated_url: str) -> None:
    def stop(scope: str, offset: int) -> None:
        if (scope, offset) == ("SHOP", 4):
            one.stop.set()
            raise Cancelled

    tool = Tool()
    tool.fill("SHOP", 7)
    one = world(migrated_url, Fake(tool, trap=stop))
    result = one.sync()

    assert (result.outcome, result.findings) == ("interrupted", None)
    assert [(row.scope, row.outcome, row.read) for row in result.scopes] == [("SHOP", "interrupted", 4)]
    assert one.stream("SHOP")["resume"] == "4"
    assert [row["outcome"] for row in one.rows(tables.Run)] == ["interrupted"]

    one.stop.clear()
    one.fakes["fake"].trap = lambda scope, offset: None
    assert one.sync().outcome == "ok"
    assert len(one.rows(tables.WorkItem)) == 7


def test_a_keyboard_interrupt_is_noted_and_raised(migrated_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*args: Any) -> Any:
        raise KeyboardInterrupt

    one = world(migrated_url, Fake(filled()))
    monkeypatch.setattr(work, "save_page", interrupt)
    with pytest.raises(KeyboardInterrupt):
        one.sync()

    assert one.stop.is_set()
    assert [row["outcome"] for row in one.rows(tables.Run)] == ["interrupted"]
    assert {row["outcome"] for row in one.rows(tables.RunScope)} == {"interrupted"}


def test_a_stop_does_not_wait_for_a_request_that_hangs(sqlite_url: str, migrated_sqlite: Path, tmp_path: Path) -> None:
    copy(migrated_sqlite, tmp_path / "northing.db")
    released = threading.Event()

    def hang(scope: str, offset: int) -> None:
        one.stop.set()
        released.wait(timeout=60)

    one = world(sqlite_url, Fake(filled(), trap=hang))
    result = one.sync()
    assert not released.is_set()
    released.set()

    assert result.outcome == "interrupted"
    assert {row.outcome for row in result.scopes} == {"interrupted"}


def test_readers_wait_for_the_writer_instead_of_piling_up_pages(
    migrated_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool = Tool()
    for project in range(12):
        tool.fill(f"P{project}", 20)
    asked, saved, ahead = 0, 0, []
    lock = threading.Lock()

    def note(scope: str, offset: int) -> None:
        nonlocal asked
        with lock:
            asked += 1

    save = work.save_page

    def slow(*args: Any) -> Any:
        nonlocal saved
        saved += 1
        with lock:
            ahead.append(asked - saved)
        return save(*args)

    monkeypatch.setattr(work, "save_page", slow)
    one = world(migrated_url, Plain(tool, trap=note))
    one.sync()

    # Three messages wait at most, and each of the four threads holds one page and may have asked for the next.
    assert saved == 120
    assert max(ahead) <= 3 + 2 * 4
