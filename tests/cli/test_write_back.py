"""`northing write-back`, what `doctor` says of it, and that nothing is written unasked."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from simulator import GitHubSite, serve
from tests.program import Result, call

CONFIG = {
    "cycles": [{"key": "Q", "start": "2020-01-01", "end": "2099-12-31"}],
    "objectives": [
        {
            "key": "GROW",
            "title": "Grow",
            "cycle": "Q",
            "key_results": [{"key": "GROW.1", "title": "More", "value": {"from": "delivery"}}],
        }
    ],
    "conventions": {"label": "kr:{key}"},
}


@dataclass
class Here:
    """The program with one repository of two issues that serve GROW.1."""

    site: GitHubSite
    file: Path
    url: str

    def configure(self, allowed: list[str] | None = None, **forms: str) -> None:
        connection = {"kind": "github", "url": self.url, "auth": {"token": "${TOKEN}"}, "repositories": ["acme/*"]}
        if allowed:
            connection["write_back"] = allowed
        sections = CONFIG | {"connections": {"github": connection}} | ({"write_back": forms} if forms else {})
        self.file.write_text(yaml.safe_dump(sections))

    def __call__(self, *args: str) -> Result:
        return call("--config", str(self.file), *args)

    def writings(self) -> int:
        return sum(one.method != "GET" for one in self.site.requests)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Here]:
    monkeypatch.setenv("TOKEN", "github-token")
    site = GitHubSite()
    site.add_repository("acme/shop")
    for number in range(2):
        site.add_issue("acme/shop", f"Issue {number}", labels=["kr:GROW.1"])
    with serve(site) as running:
        yield Here(site, tmp_path / "northing.yaml", running.url_of(site))


def test_it_writes_once_its_dry_run_was_seen_and_then_never_again(here: Here) -> None:
    here.configure(["acme/shop"], github="comment")
    assert here("sync").code == 0
    early = here("write-back")
    assert (early.code, here.writings()) == (2, 0)
    assert "`northing write-back --dry-run`" in early.err
    dry = here("write-back", "--dry-run")
    assert (dry.code, dry.err, here.writings()) == (0, "", 0)
    assert dry.out.startswith(f"acme/shop#1  comment  {here.site.origin}/acme/shop/issues/1\n")
    assert re.search(r"\n    - \*\*GROW.1\*\* More: [a-z ]+, delivery 0 %, outcome 0 %\n", dry.out)
    assert dry.out.endswith("github: 2 to write, and nothing was written.\n")
    assert (here("write-back").out, here.writings()) == ("github: 2 written.\n", 2)
    assert here("write-back", "--only", "github:acme/shop").out == "github: all that stands there is up to date.\n"
    told = json.loads(here("write-back", "--json").out)
    assert [(one["wrote"], one["steps"], one["error"]) for one in told] == [(0, [], None)]
    assert here.writings() == 2


def test_nothing_is_written_unasked(here: Here) -> None:
    for allowed, forms in ((None, {}), (["acme/*"], {}), (None, {"github": "comment"})):
        here.configure(allowed, **forms)
        assert here("sync").code == 0
        result = here("write-back")
        assert (result.code, here.writings()) == (2, 0)
        assert result.err.startswith("error: Nothing is to be written back.\n")


def test_a_refusal_ends_with_3_and_says_what_to_do(here: Here) -> None:
    here.configure(["acme/shop"], github="comment")
    here("sync")
    here("write-back", "--dry-run")
    here.site.access.read_only.add("github-token")
    result = here("write-back")
    assert result.code == 3
    assert result.err.startswith("error: github:acme/shop: ")
    assert "“Issues: write”" in result.err


def test_doctor_says_whether_it_may_write_where_it_is_to(here: Here) -> None:
    here.configure()
    assert "write-back" not in here("doctor").out
    here.configure(None, github="label")
    assert "✓ write-back: off: the connection's `write_back` names no scope" in here("doctor").out
    here.configure(["acme/*"], github="label")
    refused = here("doctor")
    assert refused.code == 3
    assert "✗ write-back: the account may not write to acme/shop" in refused.out
    here.site.repository("acme/shop").raw["permissions"]["triage"] = True
    assert "✓ write-back: labels can be written to 1 of 1 repositories" in here("doctor").out
