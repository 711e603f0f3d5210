"""Two random organisations that are alike: what is written back into one changes nothing in it but what we wrote."""

import os
import random
import shutil
from contextlib import ExitStack
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulator import GitHubSite
from simulator.github.state import Issue as GitHubIssue
from tests.sync.desk import FORMS, START, Desk, Site, adding, desk, sections

LONG = os.environ.get("NORTHING_LONG") == "1"
LABELS = ("kr:GROW.1", "kr:GROW.2", "kr:OLD.1", "other")
HAPPENINGS = ("comment", "label", "unlabel", "close", "reopen", "retitle", "add", "ours away")
SELECTORS = ({"label": "other"}, {"title": "*3"}, {"label": "kr:GROW.1", "descend": False}, {"type": "epic"})


def organisation(seed: int) -> Any:
    """Fills a site with trees of work, the same for the same seed."""

    def fill(site: Site) -> None:
        pick, add = random.Random(seed), adding(site)
        epics = []
        for number in range(pick.randrange(3, 9)):
            epic = not epics or pick.random() < 0.3
            parent = None if epic or pick.random() < 0.3 else pick.choice(epics)
            made = add(f"Item {number}", epic=epic, parent=parent, labels=pick.sample(LABELS, pick.randrange(3)))
            epics += [made] if epic else []
            if pick.random() < 0.3:
                site.close(made)

    return fill


def happen(site: Site, kind: str, seed: int) -> None:
    """Something that people do."""
    pick = random.Random(seed)
    keys = [one for one in site.keys()]  # noqa: SIM118, C416 - a method of the site
    name = pick.choice(keys)
    match kind:
        case "comment":
            site.comment(name, "A person's words.")
        case "label":
            site.add_label(name, pick.choice(LABELS))
        case "unlabel":
            site.remove_label(name, pick.choice(LABELS))
        case "close":
            site.close(name)
        case "reopen":
            site.reopen(name) if isinstance(site, GitHubSite) else site.transition(name, "In Progress")
        case "retitle":
            site.edit(name, **{"title" if isinstance(site, GitHubSite) else "summary": f"Item {pick.randrange(9)}"})
        case "add":
            adding(site)(f"Item {pick.randrange(9)}", labels=[pick.choice(LABELS)])
        case "ours away":
            _take_away(site, name)


def _take_away(site: Site, name: str) -> None:
    """Somebody deletes our comment or property, which the site's twin never had, or an empty label."""
    issue = site.find(name)
    assert issue is not None
    issue.comments[:] = [one for one in issue.comments if "northing" not in str(one["body"])]
    if not isinstance(issue, GitHubIssue):
        issue.properties.clear()


day = st.lists(st.tuples(st.sampled_from(HAPPENINGS), st.integers(0, 99)), max_size=4)


@given(
    what=st.sampled_from(FORMS),
    seed=st.integers(0, 9999),
    selector=st.sampled_from(SELECTORS),
    days=st.lists(st.tuples(day, day, st.sampled_from([1, 30, 2000])), min_size=1, max_size=3),
)
@settings(max_examples=40 if LONG else 2, deadline=None, suppress_health_check=list(HealthCheck), print_blob=False)
def test_writing_back_changes_no_number_and_no_finding_and_never_writes_twice(
    what: str, seed: int, selector: dict[str, Any], days: list[Any], migrated_sqlite: Path, tmp_path: Path
) -> None:
    config = sections({"key_result": "GROW.2", "work": selector})
    with ExitStack() as stack:
        writes, reads = (
            stack.enter_context(desk(_copy(migrated_sqlite, tmp_path), what, organisation(seed), config))
            for _ in range(2)
        )
        at = START
        for one in (writes, reads):
            one.sync()
        writes.write(dry_run=True)
        for before, behind, minutes in days:
            for kind, chance in before:
                at = _both(at, writes, reads, kind, chance)
            writes.clock.now = at
            result = writes.write()
            assert (result.error, result.refused, result.left) == (None, [], 0)
            at = max(writes.clock.now, at) + timedelta(seconds=1)
            for kind, chance in behind:
                at = _both(at, writes, reads, kind, chance)
            at += timedelta(minutes=minutes)
            for one in (writes, reads):
                one.clock.now = at
                one.sync()
            assert _known(writes) == _known(reads)
            writes.write()
            assert writes.write().steps == []
            writes.writings()
            at = writes.clock.now + timedelta(seconds=1)
        for one in (writes, reads):
            one.clock.now = at
            one.sync(full=True)
        assert _known(writes) == _known(reads)
        assert writes.write().steps == []
        assert writes.writings() == []
        if "comment" in what:
            assert all(sum("northing" in str(one) for one in found) <= 1 for found in writes.shown().values())


_NUMBERS = count()


def _copy(template: Path, folder: Path) -> str:
    return f"sqlite:///{shutil.copy(template, folder / f'{next(_NUMBERS)}.db')}"


def _both(at: datetime, writes: Desk, reads: Desk, kind: str, seed: int) -> datetime:
    """Something happens in both, at the same time; gives a later one."""
    for one in (writes, reads):
        one.clock.now = at
        happen(one.site, kind, seed)
    return at + timedelta(seconds=1)


def _known(one: Desk) -> dict[str, Any]:
    """All that is known of the work, but what differs between two sites: their addresses, and ids given to comments."""
    found = one.numbers()
    without = ("url", "content_hash", "external_id")
    found["items"] = [{name: row[name] for name in row if name not in without} for row in found["items"]]
    return found
