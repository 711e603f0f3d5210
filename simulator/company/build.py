"""Filling a Jira and a GitHub with the sample company's work."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from simulator.company import github_work, jira_work
from simulator.company.plan import Block, Calendar, Stage, blocks, loose, number_of, points, stages, titles
from simulator.github import GitHubSite
from simulator.jira import JiraSite
from simulator.jira.state import Issue
from simulator.site import Raw

PROJECTS = {"SHOP": "Shop", "PLAT": "Platform", "GRO": "Growth"}
PEOPLE = {
    "SHOP": ("Dana Weiss", "Luca Moretti", "Amina Diallo", "Jonas Berg"),
    "PLAT": ("Ivo Novak", "Priya Nair", "Mats Holm", "Olga Petrova", "Ken Ito"),
    "GRO": ("Sade Bello", "Marta Silva", "Finn Kelly"),
    "merlo/storefront": ("luca-moretti", "amina-diallo", "jonas-berg"),
    "merlo/platform": ("priya-nair", "mats-holm", "ken-ito"),
    "merlo/search": ("tomas-reyes", "yuki-tanaka", "eva-lindqvist"),
    "merlo/website": ("marta-silva", "finn-kelly"),
}
VERSIONS = {
    "Checkout 3.8": ("SHOP", -40, True),
    "Checkout 3.9": ("SHOP", -9, False),
    "Checkout 4.0": ("SHOP", 30, False),
    "Price service 2": ("PLAT", 45, False),
    "Spring campaign": ("GRO", 60, False),
}
STATUS = {"todo": "To Do", "doing": "In Progress", "done": "Done", "cancelled": "Done"}
SPRINT_DAYS, SPRINT_AGE = 14, 5
WITHOUT_PULL_REQUEST = 8
BUSY = ("PLAT", "merlo/storefront")
"""Where work is in progress that belongs to no epic and no milestone."""


@dataclass(frozen=True)
class Company:
    """Both sites, and how to find the named work: name of a block to the key of its epic or the milestone's title."""

    jira: JiraSite
    github: GitHubSite
    keys: dict[str, str]


def sites(today: date, now: Callable[[], datetime] | None = None) -> tuple[JiraSite, GitHubSite]:
    """The company's Jira Cloud and GitHub on a day; their clock stands at its noon (UTC) unless `now` is given."""
    company = build(today, now)
    return company.jira, company.github


def build(today: date, now: Callable[[], datetime] | None = None) -> Company:
    """As `sites`, with the keys of the named work. The same day gives the same company."""
    noon = datetime.combine(today, time(12), UTC)
    clock = now or (lambda: noon)
    calendar, keys = Calendar(today), {}
    jira, github = JiraSite("cloud", now=clock), GitHubSite(now=clock)
    _fill_jira(jira, calendar, keys)
    _fill_github(github, calendar, keys)
    return Company(jira, github, keys)


def _fill_jira(site: JiraSite, calendar: Calendar, keys: dict[str, str]) -> None:
    work = blocks(jira_work.JIRA)
    sprints: dict[str, list[Raw]] = {}
    for key, name in PROJECTS.items():
        site.add_project(key, name)
        board = site.add_board(key, "kanban" if key == "GRO" else "scrum")["id"]
        sprints[key] = [] if key == "GRO" else _sprints(site, board, name, calendar)
        for component in sorted({block.option("component") for block in work if block.place == key} - {""}):
            site.add_component(key, component)
    for name, (project, days, released) in VERSIONS.items():
        site.add_version(project, name, calendar.in_days(days), released)
    for block in work:
        keys[block.name] = _jira_block(site, block, calendar, sprints[block.place], keys)
    for project, text in jira_work.ALONE.items():
        for index, title in enumerate(titles(text)):
            field = {"key_result": "RELY.1"} if title.text == "Memory of the worker grows by the day" else {}
            stage = loose(index, busy=project in BUSY)
            _jira_item(site, project, title.kind, title.text, stage, calendar, sprints[project], **field)
    for project, names in jira_work.UPKEEP.items():
        for index, name in enumerate(names.split(", ")):
            labels = ["maintenance", "security"] if index % 3 == 0 else ["maintenance"]
            title = f"Upgrade the {name}" if project != "PLAT" else f"Upgrade {name}"
            _jira_item(site, project, "Task", title, loose(index), calendar, sprints[project], labels=labels)
    _jira_blockers(site, next(block for block in work if block.name == "one_click"), keys)


def _sprints(site: JiraSite, board: int, name: str, calendar: Calendar) -> list[Raw]:
    """Six closed sprints, the active one and the next; the newest last."""
    made = []
    for back in range(6, -2, -1):
        start = calendar.in_days(-SPRINT_AGE - SPRINT_DAYS * back)
        state = "closed" if back > 0 else "active" if back == 0 else "future"
        number = (start - date(2020, 1, 6)).days // SPRINT_DAYS
        made.append(site.add_sprint(board, f"{name} {number}", state, start, start + timedelta(days=SPRINT_DAYS - 1)))
    return made


def _jira_block(site: JiraSite, block: Block, calendar: Calendar, sprints: list[Raw], keys: dict[str, str]) -> str:
    plan = stages(block, calendar)
    shared = {
        "components": [block.option("component")] if block.option("component") else [],
        "versions": [block.option("version")] if block.option("version") else [],
    }
    epic = site.add_issue(
        block.place,
        block.title,
        block.type,
        status=STATUS[_state_of_epic(block, plan)],
        resolution="Won't Do" if block.option("all") == "cancelled" else None,
        labels=[label for label in [block.options.get("label")] if label],
        assignee=PEOPLE[block.place][0],
        parent=keys[block.options["under"]] if "under" in block.options else None,
        created=calendar.at(max((stage.created for stage in plan), default=90) + 5),
        updated=calendar.at(min((stage.moved for stage in plan), default=10)),
        description=f"What we want: {block.title}.\n\nThe children of this epic are the plan.",
        **shared,
    )
    for index, (title, stage) in enumerate(zip(block.children, plan, strict=True)):
        key = _jira_item(site, block.place, title.kind, title.text, stage, calendar, sprints, parent=epic, **shared)
        if block.place == "SHOP" and title.kind == "Story" and index % 2 == 0:
            check = jira_work.CHECKS[(index // 2 + len(block.name)) % len(jira_work.CHECKS)]
            _jira_item(site, block.place, "Sub-task", check, stage, calendar, [], parent=key)
    return epic


def _state_of_epic(block: Block, plan: list[Stage]) -> str:
    if block.option("all") == "cancelled":
        return "cancelled"
    if "closed" in block.options:
        return "done"
    if block.option("all") in ("waiting", "planned"):
        return "todo"
    return "doing" if not plan or any(stage.state in ("doing", "done") for stage in plan) else "todo"


def _jira_item(
    site: JiraSite,
    project: str,
    kind: str,
    title: str,
    stage: Stage,
    calendar: Calendar,
    sprints: list[Raw],
    **values: object,
) -> str:
    number = number_of(f"{project} {title}")
    people = PEOPLE[project]
    resolution = ("Duplicate" if number % 3 == 0 else "Won't Do") if stage.state == "cancelled" else None
    status = "In Review" if stage.state == "doing" and number % 4 == 0 else STATUS[stage.state]
    return site.add_issue(
        project,
        title,
        kind,
        status=status,
        resolution=resolution,
        estimate=None if kind == "Sub-task" else points(title, sparse=project == "GRO"),
        assignee=people[number % len(people)] if stage.state != "todo" else None,
        duedate=calendar.in_days(stage.due) if stage.due else None,
        sprint=_sprint_of(stage, sprints, calendar, number),
        created=calendar.at(stage.created, number),
        updated=calendar.at(stage.moved, number),
        **values,
    )


def _sprint_of(stage: Stage, sprints: list[Raw], calendar: Calendar, number: int) -> int | None:
    if not sprints or stage.state == "cancelled":
        return None
    if stage.state == "todo":
        return sprints[-1]["id"] if number % 5 == 0 else None
    if stage.state == "doing":
        return sprints[-2]["id"]
    day = calendar.in_days(-stage.moved).isoformat()
    return next((one["id"] for one in sprints if one["startDate"][:10] <= day <= one["endDate"][:10]), None)


def _jira_blockers(site: JiraSite, block: Block, keys: dict[str, str]) -> None:
    """Open work of the block waits for open work of another team; only the times of the links are today's."""
    waiting, blockers = _open_children(site, keys[block.name]), _open_children(site, keys["sso"])
    for blocked, blocker in zip(waiting[: int(block.options["blocked"])], blockers, strict=False):
        site.block(blocked.key, blocker.key)


def _open_children(site: JiraSite, epic: str) -> list[Issue]:
    return [
        issue
        for issue in site.issues.values()
        if (issue.fields.get("parent") or {}).get("key") == epic
        and issue.fields["status"]["statusCategory"]["key"] != "done"
    ]


def _fill_github(site: GitHubSite, calendar: Calendar, keys: dict[str, str]) -> None:
    for repository in github_work.ALONE:
        site.add_repository(repository)
    for block in blocks(github_work.GITHUB):
        keys[block.name] = _github_block(site, block, calendar)
    for repository, text in github_work.ALONE.items():
        for index, title in enumerate(titles(text)):
            stage = loose(index, busy=repository in BUSY)
            _github_item(site, repository, title.kind, title.text, stage, calendar)
    for repository, names in github_work.UPKEEP.items():
        for index, name in enumerate(names.split(", ")):
            _github_item(site, repository, "Task", f"Upgrade {name}", loose(index), calendar, labels=["maintenance"])
    waiting = [
        issue for issue in site.repository("merlo/storefront").issues.values() if _waits(issue.raw, keys["express"])
    ]
    blockers = [issue for issue in site.repository("merlo/search").issues.values() if issue.open and not issue.children]
    if waiting and blockers:
        site.block(waiting[0].key, blockers[0].key)


def _waits(raw: Raw, milestone: str) -> bool:
    return raw["state"] == "open" and "pull_request" not in raw and (raw["milestone"] or {}).get("title") == milestone


def _github_block(site: GitHubSite, block: Block, calendar: Calendar) -> str:
    plan = stages(block, calendar)
    if block.type == "milestone":
        due = -8 if "overdue" in block.options else 35
        site.add_milestone(block.place, block.title, calendar.in_days(due))
        for title, stage in zip(block.children, plan, strict=True):
            _github_item(site, block.place, title.kind, title.text, stage, calendar, milestone=block.title)
        return block.title
    trailer = "\n\nKey-Result: COMPANY.2" if block.name == "ratelimits" else ""
    finished = all(stage.state == "done" for stage in plan)
    epic = site.add_issue(
        block.place,
        block.title,
        body=f"The sub-issues are the plan.{trailer}",
        labels=["epic"] if finished else ["epic", "in progress"],
        state="closed" if finished else "open",
        created=calendar.at(max(stage.created for stage in plan) + 5),
        updated=calendar.at(min(stage.moved for stage in plan)),
    )
    for title, stage in zip(block.children, plan, strict=True):
        _github_item(site, block.place, title.kind, title.text, stage, calendar, parent=epic)
    return epic


def _github_item(
    site: GitHubSite,
    repository: str,
    kind: str,
    title: str,
    stage: Stage,
    calendar: Calendar,
    *,
    labels: list[str] | None = None,
    milestone: str | None = None,
    parent: str | None = None,
) -> None:
    number = number_of(f"{repository} {title}")
    people = PEOPLE[repository]
    closed = stage.state in ("done", "cancelled")
    shown = [*(labels or []), *(["bug"] if kind == "Bug" else []), *(["in progress"] if stage.state == "doing" else [])]
    key = site.add_issue(
        repository,
        title,
        body=f"Seen by {1 + number % 7} merchants." if kind == "Bug" else None,
        labels=shown,
        type="Bug" if kind == "Bug" else "Task",
        milestone=milestone,
        parent=parent,
        assignees=[people[number % len(people)]] if stage.state in ("doing", "done") else [],
        state="closed" if closed else "open",
        state_reason="not_planned" if stage.state == "cancelled" else "completed" if closed else _reopened(number),
        created=calendar.at(stage.created, number),
        updated=calendar.at(stage.moved, number),
    )
    if stage.state in ("doing", "done") and number % WITHOUT_PULL_REQUEST:
        site.add_issue(
            repository,
            f"Fix: {title}" if kind == "Bug" else title,
            body=f"Closes #{key.partition('#')[2]}",
            assignees=[people[number % len(people)]],
            state="closed" if closed else "open",
            created=calendar.at(stage.moved + 1, number),
            updated=calendar.at(stage.moved, number),
            pull_request=True,
        )


def _reopened(number: int) -> str | None:
    return "reopened" if number % 11 == 0 else None
