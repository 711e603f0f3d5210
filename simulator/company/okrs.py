"""Writing the sample company's configuration: teams, objectives, key results, mappings, check-ins."""

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from string import Template

from simulator.company import texts
from simulator.company.alerts import ALERTS
from simulator.company.build import build
from simulator.company.plan import Calendar

CHECK_IN_DAYS = (42, 35, 28, 21, 14, 7, 0)


@dataclass(frozen=True)
class Course:
    """How a metric moves: from `start` to `target`, at `pace` times what the elapsed quarter asks for.

    `last` is how many days ago the newest check-in may lie, `digits` how many decimals a value has.
    """

    key_result: str
    start: float
    target: float
    pace: float
    confidence: float
    note: str
    digits: int = 1
    last: int = 0


COURSES = (
    Course("COMPANY.1", 0, 180, 1.0, 0.7, "Two large switches signed", digits=0),
    Course("COMPANY.2", 31, 45, 1.5, 0.8, "Nobody is sure what moves it", digits=0),
    Course("COMPANY.3", 4.1, 3.0, 0.97, 0.6, "Fewest cancellations since spring", digits=2),
    Course("COMPANY.4", 7.2, 10.0, 0.4, 0.3, "Quotes take three weeks, whatever we ship"),
    Course("CHECKOUT.1", 2.1, 3.0, 0.98, 0.7, "One-page checkout is live for half of the shops", digits=2),
    Course("CHECKOUT.3", 6.0, 2.0, 0.2, 0.3, "All is shipped, banks still take their days"),
    Course("CHECKOUT.4", 8.0, 11.0, 0.95, 0.6, "New ranking is live in four shops", digits=2),
    Course("RELY.1", 184, 176, 1.0, 0.9, "Quiet weeks", digits=0),
    Course("RELY.2", 99.90, 99.98, 0.85, 0.5, "No rehearsal this month", digits=3, last=20),
    Course("RELY.3", 72, 4, 0.3, 0.4, "Started with the slow tests", digits=0),
    Course("REACH.1", 4, 25, 0.3, 0.2, "Prospects ask for single sign-on and many brands", digits=0),
    Course("REACH.2", 0, 40, 0.1, 0.1, "Partners wait for a decision", digits=0),
    Course("REACH.3", 200, 320, 0.8, 0.5, "Three articles in the first ten results", digits=0),
)


def write_config(folder: Path, jira_url: str, github_url: str, today: date, inbox_url: str | None = None) -> Path:
    """Write `northing.yaml` with `okrs/*.yaml` and `teams/*.yaml` into `folder`; gives the path of the first.

    With `inbox_url`, where an `Inbox` is served, also `alerts.yaml`, whose channels end there.

    Beside them lies what is planned for the next quarter, `plans/next-quarter.yaml`, which the first does not include.
    `jira_url` and `github_url` are where the company's sites are served; the cycle is the calendar quarter of `today`.
    Tokens come from NORTHING_DEMO_JIRA_TOKEN and NORTHING_DEMO_GITHUB_TOKEN, with the simulator's own as defaults.
    """
    calendar = Calendar(today)
    values = {
        **build(today).keys,
        "jira_url": jira_url,
        "github_url": github_url,
        "inbox_url": (inbox_url or "").replace("http://", "json://", 1),
        "include": ", ".join(["okrs/*.yaml", "teams/*.yaml"] + ["alerts.yaml"] * bool(inbox_url)),
        "cycle": calendar.name,
        "start": calendar.start.isoformat(),
        "end": calendar.end.isoformat(),
        **{
            f"{when}_{name}": value
            for when, quarter in (("last", calendar.last), ("next", calendar.next))
            for name, value in (("cycle", quarter.name), ("start", str(quarter.start)), ("end", str(quarter.end)))
        },
        "checkins": "\n".join(line for course in COURSES for line in _check_ins(course, calendar)),
    }
    files = texts.FILES | ({"alerts.yaml": ALERTS} if inbox_url else {})
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(Northing(text.lstrip("\n")).substitute(values), encoding="utf-8")
    return folder / "northing.yaml"


class Northing(Template):
    """A template with `@name`, as `$` belongs to the configuration itself."""

    delimiter = "@"


def _check_ins(course: Course, calendar: Calendar) -> list[str]:
    days = [calendar.today - timedelta(days=ago) for ago in CHECK_IN_DAYS if ago >= course.last]
    days = [day for day in days if day >= calendar.start] or [calendar.start]
    lines = []
    for day in days:
        share = min(calendar.elapsed(day) * course.pace, 1.05)
        value = round(course.start + (course.target - course.start) * share, course.digits)
        shown = f"value: {value:.{course.digits}f}, confidence: {course.confidence}"
        note = f', note: "{course.note}"' if day == days[-1] else ""
        lines.append(f"  - {{key_result: {course.key_result}, date: {day}, {shown}{note}}}")
    return lines
