"""A change of any file that counts is noticed; of any other it is not."""

from pathlib import Path

import pytest

from config import ConfigError, Sources, load


def read(main: Path) -> Sources:
    """All that counted when a configuration was read, well or not."""
    sources = Sources()
    try:
        load(main, env={}, kinds={}, sources=sources)
    except ConfigError:
        assert sources.files
    return sources


@pytest.fixture
def main(tmp_path: Path) -> Path:
    (tmp_path / "teams").mkdir()
    (tmp_path / "teams" / "one.yaml").write_text("teams: [{key: a, name: A}]\n")
    (tmp_path / "secret").write_text("json://127.0.0.1:9000\n")
    file = tmp_path / "northing.yaml"
    file.write_text('version: 1\ninclude: ["teams/*.yaml"]\nalerts: {channels: {hook: "${file:secret}"}}\n')
    return file


def test_as_long_as_nothing_changes_all_is_equal(main: Path) -> None:
    sources = read(main)
    (main.parent / "northing.db").write_text("another file")
    main.write_bytes(main.read_bytes())
    assert sources.now() == sources
    assert {file.name for file in sources.files} == {"northing.yaml", "one.yaml", "secret"}


@pytest.mark.parametrize("name", ["northing.yaml", "teams/one.yaml", "secret", "teams/two.yaml"])
def test_a_change_of_any_file_that_counts_is_noticed(main: Path, name: str) -> None:
    sources = read(main)
    file = main.parent / name
    file.write_text((file.read_text() if file.exists() else "themes: []") + "\n")
    assert sources.now() != sources
    assert read(main).now() != sources


@pytest.mark.parametrize("name", ["northing.yaml", "teams/one.yaml", "secret"])
def test_a_file_that_goes_is_noticed_and_so_is_its_return(main: Path, name: str) -> None:
    file, sources = main.parent / name, read(main)
    content = file.read_text()
    file.unlink()
    assert sources.now() != sources
    broken = read(main)
    file.write_text(content)
    assert broken.now() != broken


def test_a_file_that_is_named_and_missing_is_waited_for(main: Path) -> None:
    main.write_text("version: 1\ninclude: okrs.yaml\n")
    broken = read(main)
    (main.parent / "okrs.yaml").write_text("themes: []\n")
    assert broken.now() != broken
