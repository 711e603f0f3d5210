"""Large sites for benchmarks: N scopes of M issues of about K kilobytes, the same for the same seed."""

import random
from datetime import UTC, datetime, timedelta
from typing import Literal

from simulator.github import GitHubSite
from simulator.jira import JiraSite

FIRST_DAY = datetime(2025, 1, 6, 8, tzinfo=UTC)
LABELS = ("backend", "frontend", "mobile", "search", "billing", "infra", "security", "docs", "performance", "ux")
PEOPLE = (
    "Ada Brunner",
    "Ben Okafor",
    "Chloe Martin",
    "Dario Rossi",
    "Elif Kaya",
    "Femi Ade",
    "Greta Lind",
    "Hugo Weber",
)
VERBS = ("Speed up", "Rework", "Remove", "Document", "Test", "Monitor", "Simplify", "Extend", "Repair", "Move")
THINGS = ("the price cache", "order export", "the login page", "stock levels", "the refund flow", "e-mail receipts")
THINGS += ("the product feed", "session storage", "the admin search", "address checks", "image resizing", "tax rules")
SENTENCES = (
    "The nightly run leaves a gap that support has to close by hand. ",
    "Customers in two markets see the old price for up to an hour. ",
    "It works on staging, so the difference must lie in the data. ",
    "We agreed to keep the present format until the partners have moved. ",
    "A dashboard shows the rate; the alert fires at five percent. ",
    "Rolling back takes ten minutes and loses nothing. ",
)
EPIC_EVERY = 20
BODIES = 64
GITHUB_FRAME, JIRA_FRAME = 4.6, 3.2
"""What an issue is written in without its body, in kilobytes: most of it links."""


def size(text: str) -> tuple[int, int]:
    """`10x2000` as (10, 2000). Raises ValueError."""
    scopes, _, issues = text.lower().partition("x")
    return int(scopes), int(issues)


def github(scopes: int, issues: int, *, kilobytes: float = 5, seed: int = 1) -> GitHubSite:
    """A GitHub with `scopes` repositories `bulk/repo-N` of `issues` issues, an eighth of them pull requests."""
    chance, site = random.Random(seed), GitHubSite(limit=1_000_000)
    bodies = _bodies(chance, kilobytes - GITHUB_FRAME)
    for scope in range(1, scopes + 1):
        name = f"bulk/repo-{scope}"
        site.add_repository(name)
        milestones = [f"Release {number}.0" for number in range(1, 7)]
        for index, title in enumerate(milestones):
            site.add_milestone(name, title, (FIRST_DAY + timedelta(days=30 * (index + 1))).date(), closed=index < 3)
        epic = None
        for index in range(issues):
            created = FIRST_DAY + timedelta(minutes=47 * index)
            done = chance.random() < 0.6
            updated = created + timedelta(hours=chance.randrange(1, 300))
            is_epic = index % EPIC_EVERY == 0
            pull = not is_epic and index % 8 == 7
            key = site.add_issue(
                name,
                _title(chance, index),
                body=chance.choice(bodies),
                labels=["epic"] if is_epic else chance.sample(LABELS, chance.randrange(3)),
                milestone=chance.choice(milestones) if chance.random() < 0.5 else None,
                assignees=[chance.choice(PEOPLE).lower().replace(" ", "-")],
                parent=None if is_epic or pull or chance.random() < 0.2 else epic,
                state="closed" if done and not is_epic else "open",
                created=created,
                updated=updated,
                pull_request=pull,
            )
            epic = key if is_epic else epic
    return site


def jira(
    flavour: Literal["cloud", "datacenter"], scopes: int, issues: int, *, kilobytes: float = 10, seed: int = 1
) -> JiraSite:
    """A Jira with `scopes` projects BULKA, BULKB, … of `issues` issues, a twentieth of them epics."""
    chance, site = random.Random(seed), JiraSite(flavour)
    bodies = _bodies(chance, kilobytes - JIRA_FRAME)
    for scope in range(scopes):
        project = "BULK" + _letters(scope)
        site.add_project(project, f"Bulk {_letters(scope)}")
        versions = [f"{number}.0" for number in range(1, 7)]
        for index, version in enumerate(versions):
            site.add_version(
                project, version, (FIRST_DAY + timedelta(days=30 * (index + 1))).date(), released=index < 3
            )
        board = site.add_board(project)["id"]
        first = FIRST_DAY.date()
        sprints = [
            site.add_sprint(
                board, f"{project} {n}", "closed", first + timedelta(days=14 * n), first + timedelta(days=14 * n + 13)
            )
            for n in range(8)
        ]
        epic = None
        for index in range(issues):
            created = FIRST_DAY + timedelta(minutes=47 * index)
            is_epic = index % EPIC_EVERY == 0
            key = site.add_issue(
                project,
                _title(chance, index),
                "Epic" if is_epic else chance.choice(("Story", "Story", "Task", "Bug")),
                description=chance.choice(bodies),
                labels=chance.sample(LABELS, chance.randrange(3)),
                versions=[chance.choice(versions)] if chance.random() < 0.5 else [],
                assignee=chance.choice(PEOPLE),
                estimate=None if is_epic else chance.choice((1, 2, 3, 5, 8, None)),
                sprint=None if is_epic else chance.choice(sprints)["id"],
                parent=None if is_epic or chance.random() < 0.2 else epic,
                status="In Progress" if is_epic else chance.choice(("To Do", "In Progress", "Done", "Done", "Done")),
                created=created,
                updated=created + timedelta(hours=chance.randrange(1, 300)),
            )
            epic = key if is_epic else epic
    return site


def _bodies(chance: random.Random, kilobytes: float) -> list[str]:
    length = max(int(kilobytes * 1024), 0)
    bodies = []
    for _ in range(BODIES):
        text = ""
        while len(text) < length:
            text += chance.choice(SENTENCES)
        bodies.append(text[:length])
    return bodies


def _title(chance: random.Random, index: int) -> str:
    return f"{chance.choice(VERBS)} {chance.choice(THINGS)} ({index + 1})"


def _letters(number: int) -> str:
    letters = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
