"""Recorded servers, served by the simulator and synced once, however many processes the tests run in."""

import fcntl
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.realdata.titanium import Chapters, Recorded, open_chapters, recorded, tell


@pytest.fixture(scope="session")
def titanium(realdata: Path) -> Recorded:
    """What the recording of a Jira with 29,049 issues says."""
    return recorded(realdata / "jira" / "tidev-titanium")


@pytest.fixture(scope="session")
def chapters(
    realdata: Path, titanium: Recorded, tmp_path_factory: pytest.TempPathFactory, worker_id: str
) -> Iterator[Chapters]:
    """The databases of the recorded Jira after each sync. Only to be read."""
    folder = tmp_path_factory.getbasetemp()
    # What the processes of one test run share lies above the folder of each.
    place = (folder if worker_id == "master" else folder.parent) / "titanium"
    place.mkdir(exist_ok=True)
    with (place / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (place / "told.json").exists():
            tell(realdata / "jira" / "tidev-titanium", titanium, place)
    found = open_chapters(place)
    yield found
    for engine in (found.first, found.again, found.edited):
        engine.dispose()
