"""YAML as people write it, and as an enemy would."""

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import config
from config import ConnectionOptions, Loaded, Selector

Load = Callable[..., Loaded]
Problems = Callable[..., list[str]]
Kinds = Mapping[str, type[ConnectionOptions]]


def selector(load: Load, text: str) -> Selector:
    return load(f"intentional: [{{reason: r, work: {text}}}]").config.intentional[0].work


@pytest.mark.parametrize(
    "written", ["1.0", "0.10", "12:30", "no", "on", "yes", "0x1F", "2026-10-01", "1_000", "017", "NULL1", "=", "<<"]
)
def test_a_plain_scalar_stays_the_text_that_was_written(load: Load, written: str) -> None:
    assert selector(load, f"{{milestone: {written}}}").milestone == (written,)
    assert selector(load, f"{{version: [{written}, b]}}").version == (written, "b")


@pytest.mark.parametrize("written, read", [("true", True), ("True", True), ("FALSE", False)])
def test_only_true_and_false_are_booleans(load: Load, written: str, read: bool) -> None:
    assert selector(load, f"{{label: x, descend: {written}}}").descend is read


@pytest.mark.parametrize("written", ["", "~", "null", "Null", "NULL"])
def test_nothing_is_null_and_null_in_quotes_is_a_text(load: Load, written: str) -> None:
    team = load(f"teams: [{{key: a, name: {written}}}]").config.teams[0]
    assert (team.name, team.label) == (None, "a")
    assert load("teams: [{key: a, name: 'null'}]").config.teams[0].name == "null"


def test_a_standard_tag_changes_nothing(load: Load) -> None:
    assert selector(load, "{milestone: !!str 1.0, version: !!float 2.0, label: ! x}") == Selector(
        milestone=("1.0",), version=("2.0",), label=("x",)
    )


def test_a_byte_order_mark_is_no_letter(load: Load) -> None:
    assert load("\ufeffversion: 1\n").config.version == 1


def test_aliases_may_repeat_what_was_written(load: Load) -> None:
    read = load("teams: [{key: a, owns: [&shop {label: x}, *shop]}]\nintentional: [{reason: r, work: *shop}]\n").config
    assert read.teams[0].owns == (Selector(label=("x",)),) * 2
    assert read.intentional[0].work == Selector(label=("x",))


@pytest.mark.parametrize(
    "content, expected",
    [
        (b"", "northing.yaml:1:1: the file is empty, expected a mapping like `version: 1`"),
        (b" \n\n", "northing.yaml:1:1: the file is empty, expected a mapping like `version: 1`"),
        (b"# nothing\n", "northing.yaml:1:1: the file is empty, expected a mapping like `version: 1`"),
        (b"---\n...\n", "northing.yaml:1:1: the file is empty, expected a mapping like `version: 1`"),
        (b"\n- a\n", "northing.yaml:2:1: found a list at the top, expected a mapping like `version: 1`"),
        (b"hello", "northing.yaml:1:1: found a text at the top, expected a mapping like `version: 1`"),
        (b"a: [", "northing.yaml:2:1: not valid YAML: did not find expected node content while parsing a flow node"),
        (b"a: b: c", "northing.yaml:1:5: not valid YAML: mapping values are not allowed in this context"),
        (b"a: *x", "northing.yaml:1:4: not valid YAML: found undefined alias"),
        (b"a: \t@x", "northing.yaml:1:5: not valid YAML: found character that cannot start any token"),
        (
            b"version: 1\nteams: [{key: caf\xe9}]\n",
            "northing.yaml:2:18: byte 0xe9 is not UTF-8. Save the file in UTF-8 (it may be Latin-1 or UTF-16)",
        ),
        (b"\xff\xfev\x00", "northing.yaml:1:1: byte 0xff is not UTF-8. Save the file in UTF-8"),
        (b"version: 1\nteams: \x01", "northing.yaml:2:8: not valid YAML: control characters are not allowed"),
        (b"version: 1\nversion: 1", "northing.yaml:2:1: version: `version` is given twice; first at northing.yaml:1:1"),
        (b"version: 1\n? [a]\n: b\n", "northing.yaml:2:3: "),
        (
            b"teams: [{key: !!python/object:os.system x}]",
            "northing.yaml:1:15: teams[0].key: tag `tag:yaml.org,2002:python",
        ),
        (b"teams: [{key: !secret x}]", "northing.yaml:1:15: teams[0].key: tag `!secret` is not allowed"),
        (b'teams: [{key: "a\\0b"}]', "northing.yaml:1:15: teams[0].key: found the letter U+0000"),
        (b"version: 1\n---\nversion: 1\n", "northing.yaml:2:1: not valid YAML: but found another document"),
        (b"teams: &a [*a]", "northing.yaml:1:8: an alias stands inside the value that it names: refused"),
        (b"a: " + b"[" * 100_000, "northing.yaml:1:66: nested deeper than 64 levels: refused"),
        (b"a: " + b"{a: " * 5000, "northing.yaml:1:"),
    ],
)
def test_a_broken_file_is_one_clear_error(problems: Problems, content: bytes, expected: str) -> None:
    found = problems(content)
    assert len(found) == 1, found
    assert found[0].startswith(expected)


def test_a_few_lines_of_aliases_that_stand_for_billions_of_values_are_refused_at_once(problems: Problems) -> None:
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    bomb += "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12))
    found = problems(bomb)
    assert found == ["northing.yaml:5:5: aliases stand for more than 1,000,000 values: refused"]


def test_fifty_megabytes_of_aliases_are_refused_at_once(problems: Problems) -> None:
    bomb = b"a: &a [x]\nb: [" + b"*a, " * (50 * 1024 * 1024 // 4) + b"]\n"
    assert problems(bomb) == ["northing.yaml: larger than 32 MB: refused. Split it, with `include:`"]


def test_many_small_values_are_refused_before_they_fill_the_memory(problems: Problems) -> None:
    assert problems(b"a: [" + b"x," * 1_600_000 + b"]") == ["northing.yaml:1:4: more than 1,500,000 values: refused"]


def test_a_folder_is_no_configuration(tmp_path: Path) -> None:
    with pytest.raises(config.ConfigError, match="is a folder, expected a YAML file"):
        config.load(tmp_path, env={}, kinds={})


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(config.ConfigError, match=r"x\.yaml: no such file"):
        config.load(tmp_path / "x.yaml", env={}, kinds={})


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_named(tmp_path: Path) -> None:
    path = tmp_path / "northing.yaml"
    path.write_text("version: 1")
    path.chmod(0)
    with pytest.raises(config.ConfigError, match="Permission denied"):
        config.load(path, env={}, kinds={})


def test_ten_thousand_key_results_load_whole(load: Load) -> None:
    results = "".join(f"      - {{key: K{n}, title: t}}\n" for n in range(10_000))
    text = "cycles: [{key: Q, start: 2026-10-01, end: 2026-12-31}]\nobjectives:\n"
    read = load(f"{text}  - key: O\n    title: t\n    cycle: Q\n    key_results:\n{results}").config
    assert [one.key for one in read.objectives[0].key_results] == [f"K{n}" for n in range(10_000)]


VALID = """\
version: 1
timezone: Europe/Zurich
connections: {x: {kind: jira, url: "https://h", auth: {token: "${T:-t}"}, projects: [A]}}
cycles: [{key: Q, start: 2026-10-01, end: 2026-12-31}]
teams: [{key: a, owns: [&s {project: A, not: {label: [x, y]}}]}]
objectives:
  - key: O
    title: t
    cycle: Q
    supports: []
    key_results:
      - {key: O.1, title: t, metric: {start: 1, target: 2}, value: {from: delivery}, expected: [[2026-11-01, 0.5]]}
mappings: [{key_result: O.1, work: *s, share: 4}]
alerts: {channels: {c: "json://h"}, routes: [{to: c}], quiet: {from: 19:00, to: 07:00}}
findings: {severity: {COV102: info}, suppress: [{code: STR, subject: x, until: 2026-12-01, reason: y}]}
"""


def loads_or_says_why(folder: Path, kinds: Kinds, content: bytes) -> None:
    main = folder / "fuzz.yaml"
    main.write_bytes(content)
    try:
        problems = config.load(main, env={}, kinds=kinds).warnings
    except config.ConfigError as error:
        problems = [one for one in error.problems if one.severity == "error"] or ["an error that says nothing"]
    assert "an error that says nothing" not in problems


FUZZ = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@FUZZ
@given(st.binary(max_size=200))
def test_no_bytes_make_loading_fail_in_another_way(tmp_path: Path, kinds: Kinds, content: bytes) -> None:
    loads_or_says_why(tmp_path, kinds, content)


@settings(parent=FUZZ, max_examples=250)
@given(
    at=st.integers(0, len(VALID)),
    gone=st.integers(0, 40),
    new=st.one_of(
        st.text("[]{}:,-&*!|>'\"%@` \n\t#?~${}0ax", max_size=8),
        st.sampled_from(
            ["null", "[]", "{}", "- ", "*s", "&s ", "${", "${X}", "!!int ", "include: [x]\n", "9" * 400, "\0", "é"]
        ),
    ),
)
def test_no_damage_to_a_good_file_makes_loading_fail_in_another_way(
    tmp_path: Path, kinds: Kinds, at: int, gone: int, new: str
) -> None:
    loads_or_says_why(tmp_path, kinds, (VALID[:at] + new + VALID[at + gone :]).encode())


WORDS = ["version", "include", "connections", "teams", "objectives", "key_results", "mappings", "work", "not", "label"]
WORDS += [
    "alerts",
    "quiet",
    "from",
    "findings",
    "severity",
    "COV101",
    "value",
    "metric",
    "expected",
    "x",
    "kind",
    "jira",
]


@settings(parent=FUZZ, max_examples=150)
@given(
    st.dictionaries(
        st.sampled_from(WORDS[:7] + WORDS[10:11] + WORDS[13:14]),
        st.recursive(
            st.none() | st.sampled_from(["", "x", "1", "true", "2026-10-01", "${X}", "jira"]),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=4),
            max_leaves=12,
        ),
    )
)
def test_no_shape_of_values_makes_loading_fail_in_another_way(
    tmp_path: Path, kinds: Kinds, tree: dict[str, Any]
) -> None:
    loads_or_says_why(tmp_path, kinds, json.dumps(tree).encode())
