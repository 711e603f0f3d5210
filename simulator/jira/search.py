"""Running JQL over a site's issues."""

import re
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeAlias
from zoneinfo import ZoneInfo

from simulator.jira.jql import BadQuery, Clause, Query, parse, predicate
from simulator.jira.state import Issue, milliseconds, stamp

if TYPE_CHECKING:
    from simulator.jira.server import JiraSite

DATES = {
    "created": "created",
    "createddate": "created",
    "updated": "updated",
    "updateddate": "updated",
    "duedate": "duedate",
}
DATES |= {"due": "duedate", "resolved": "resolutiondate", "resolutiondate": "resolutiondate"}
KEYS = {"key", "issuekey", "issue", "id"}
NAMES = {"type": "issuetype", "fixversion": "fixVersions", "affectedversion": "versions", "component": "components"}
SYSTEM = {"project", "labels", "issuetype", "status", "fixversions", "components", "resolution", "assignee", "reporter"}
SYSTEM |= {"creator", "priority", "versions", "summary", "description"}
BEFORE_ALL = -(2**62)

Place: TypeAlias = tuple[Any, ...]
"""An issue's sort key in a query: where it stands, whether or not it is still there."""
Found: TypeAlias = tuple[list[Issue], list[Place], Query]


class Descending:
    """Turns the order of a value round, so that mixed orders fit into one sort key."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __lt__(self, other: "Descending") -> bool:
        return other.value < self.value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Descending) and other.value == self.value

    def __hash__(self) -> int:
        return hash(self.value)


def run(site: "JiraSite", text: str) -> Found:
    """Visible issues in order, their sort keys (for token paging) and the query itself. Raises `BadQuery`."""
    query = parse(text)
    archived = {key for key, project in site.projects.items() if project.get("archived")}
    issues: Iterable[Issue] = (
        issue for issue in _candidates(site, query) if site.can_see(issue) and issue.project not in archived
    )
    if site.index_lag:
        issues = (issue for issue in issues if _indexed(site, issue, text))
    if query.where is not None:
        fits = predicate(query.where, lambda clause: _test(site, clause))
        issues = (issue for issue in issues if fits(issue))
    order = [(_sorter(site, name), descending) for name, descending in query.order or (("id", True),)]

    def sort_key(issue: Issue) -> Place:
        # The id comes last so that the order is total: a token names one place in it.
        return (*(Descending(get(issue)) if down else get(issue) for get, down in order), issue.id)

    rows = sorted(((sort_key(issue), issue) for issue in issues), key=lambda row: row[0])
    return [issue for _, issue in rows], [key for key, _ in rows], query


def _indexed(site: "JiraSite", issue: Issue, text: str) -> bool:
    """Whether the index knows of an issue, or of its last change where the query asks for changes."""
    fresh = _moment(issue, "updated" if "updated" in text else "created")
    return fresh <= milliseconds(stamp(site.now() - site.index_lag))


def _candidates(site: "JiraSite", query: Query) -> Iterable[Issue]:
    """The issues that can fit: those that are named, where the query is nothing but their names, else all."""
    where = query.where
    if isinstance(where, Clause) and where.field.lower() in KEYS and where.operator in ("=", "in"):
        named = (site.find(value) for value in where.values)
        return {issue.id: issue for issue in named if issue is not None}.values()
    return site.issues.values()


def _sorter(site: "JiraSite", name: str) -> Callable[[Issue], Any]:
    low = name.lower()
    if low in ("key", "issuekey"):
        return lambda issue: (issue.project, issue.number)
    if low in ("id", "rank"):
        return lambda issue: issue.id
    if low in DATES:
        field = DATES[low]
        return lambda issue: _moment(issue, field)
    values = _values(site, name)
    return lambda issue: next(iter(values(issue)), "")


def _moment(issue: Issue, field: str) -> int:
    if field == "created":
        return issue.created
    if field == "updated":
        return issue.updated
    text = issue.fields.get(field)
    return milliseconds(text) if text else BEFORE_ALL


def _test(site: "JiraSite", clause: Clause) -> Callable[[Issue], bool]:
    low = clause.field.lower()
    if low in DATES:
        return _date_test(site, clause, DATES[low])
    if low in KEYS:
        return _key_test(site, clause)
    values = _values(site, clause.field)
    wanted = {value.lower() for value in clause.values}
    if low == "project":
        for value in clause.values:
            if not site.project_named(value):
                raise BadQuery(f"The value '{value}' does not exist for the field 'project'.")
    if low == "resolution" and "unresolved" in wanted and clause.operator in ("=", "in"):
        return lambda issue: not values(issue) or not wanted.isdisjoint(values(issue))
    tests: dict[str, Callable[[Issue], bool]] = {
        "=": lambda issue: not wanted.isdisjoint(values(issue)),
        "in": lambda issue: not wanted.isdisjoint(values(issue)),
        # As in Jira, an empty field is not "unlike" anything: it needs its own IS EMPTY.
        "!=": lambda issue: bool(found := values(issue)) and wanted.isdisjoint(found),
        "not in": lambda issue: bool(found := values(issue)) and wanted.isdisjoint(found),
        "is": lambda issue: not values(issue),
        "is not": lambda issue: bool(values(issue)),
        "~": lambda issue: all(any(word in text for text in values(issue)) for word in wanted),
        "!~": lambda issue: not any(word in text for text in values(issue) for word in wanted),
    }
    if clause.operator not in tests:
        raise BadQuery(f"The operator '{clause.operator}' is not supported by the '{clause.field}' field.")
    return tests[clause.operator]


def _key_test(site: "JiraSite", clause: Clause) -> Callable[[Issue], bool]:
    operator = clause.operator
    if operator in ("=", "in", "!=", "not in"):
        wanted = set()
        for value in clause.values:
            issue = site.find(value)
            if issue is None:
                raise BadQuery(f"An issue with key '{value}' does not exist for field '{clause.field}'.")
            wanted.add(issue.id)
        if operator in ("=", "in"):
            return lambda issue: issue.id in wanted
        return lambda issue: issue.id not in wanted
    if operator not in (">", ">=", "<", "<="):
        raise BadQuery(f"The operator '{operator}' is not supported by the '{clause.field}' field.")
    value = clause.values[0]
    if not site.keyset:
        raise BadQuery(f"The operator '{operator}' is not supported by the '{clause.field}' field.")
    other = site.find(value)
    if other is None:
        if site.cloud:
            return lambda issue: False
        raise BadQuery(f"An issue with key '{value}' does not exist for field '{clause.field}'.")
    if value.isdigit():
        return _compare(operator, other.id, lambda issue: issue.id)
    # As it is now: an issue that has moved is compared with those of the project that it has moved to.
    project, number = other.project, other.number
    beyond = _compare(operator, number, lambda issue: issue.number)
    return lambda issue: issue.project == project and beyond(issue)


def _date_test(site: "JiraSite", clause: Clause, field: str) -> Callable[[Issue], bool]:
    if clause.operator in ("is", "is not"):
        wanted = clause.operator == "is not"
        return lambda issue: (_moment(issue, field) != BEFORE_ALL) is wanted
    if clause.operator not in ("=", "!=", ">", ">=", "<", "<="):
        raise BadQuery(f"The operator '{clause.operator}' is not supported by the '{clause.field}' field.")
    # A due date is a day and has no zone.
    zone = "Etc/UTC" if field == "duedate" else site.user_timezone
    bound = _instant(site, clause.field, clause.values[0], ZoneInfo(zone))
    compare = _compare(clause.operator, bound, lambda issue: _moment(issue, field))
    return lambda issue: _moment(issue, field) != BEFORE_ALL and compare(issue)


def _compare(operator: str, bound: int, get: Callable[[Issue], int]) -> Callable[[Issue], bool]:
    tests: dict[str, Callable[[Issue], bool]] = {
        "=": lambda issue: get(issue) == bound,
        "!=": lambda issue: get(issue) != bound,
        ">": lambda issue: get(issue) > bound,
        ">=": lambda issue: get(issue) >= bound,
        "<": lambda issue: get(issue) < bound,
        "<=": lambda issue: get(issue) <= bound,
    }
    return tests[operator]


def _instant(site: "JiraSite", field: str, text: str, zone: ZoneInfo) -> int:
    """Epoch milliseconds of a date literal, which is read in the zone of the asking user's profile."""
    if re.fullmatch(r"-?\d{5,}", text):
        return int(text)
    if shift := re.fullmatch(r"([-+]?)(\d+)([wdhm])", text):
        sign, count, unit = shift.groups()
        length = timedelta(**{{"w": "weeks", "d": "days", "h": "hours", "m": "minutes"}[unit]: int(count)})
        return int((site.now() + (-length if sign == "-" else length)).timestamp() * 1000)
    for form in ("%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M", "%Y-%m-%d", "%Y/%m/%d"):
        try:
            return int(datetime.strptime(text, form).replace(tzinfo=zone).timestamp() * 1000)
        except ValueError:
            continue
    raise BadQuery(
        f"Date value '{text}' for field '{field}' is invalid. Valid formats include: 'yyyy/MM/dd HH:mm', "
        "'yyyy-MM-dd HH:mm', 'yyyy/MM/dd', 'yyyy-MM-dd', or a period format e.g. '-5d', '4w 2d'."
    )


def _values(site: "JiraSite", name: str) -> Callable[[Issue], list[str]]:
    """What a clause on the field compares: names, keys and ids, in lower case."""
    low = name.lower()
    if low in ("project", "labels", "issuetype", "status"):
        return lambda issue: _texts(issue.fields.get(low))
    if low == "statuscategory":
        return lambda issue: _texts((issue.fields.get("status") or {}).get("statusCategory"))
    if low == "parent":
        return lambda issue: _texts(issue.fields.get("parent"))
    if low in ("epic link", "cf[10014]"):
        field = site.field_id("epic")
        return lambda issue: _texts(issue.fields.get(field) or (issue.fields.get("parent") if site.cloud else None))
    field = "fixVersions" if low == "fixversions" else NAMES.get(low, low)
    if field.lower() in SYSTEM:
        return lambda issue: _texts(issue.fields.get(field))
    custom = site.custom_field(name)
    if custom is None:
        raise BadQuery(f"Field '{name}' does not exist or you do not have permission to view it.")
    return lambda issue: _texts(issue.fields.get(custom))


def _texts(value: Any) -> list[str]:
    if value is None:
        return []
    if isinstance(value, list):
        return [text for one in value for text in _texts(one)]
    if isinstance(value, dict):
        return [
            str(value[key]).lower()
            for key in ("name", "key", "id", "value", "accountId", "displayName", "emailAddress")
            if value.get(key) is not None
        ]
    if isinstance(value, str) and value.startswith("com.atlassian.greenhopper.service.sprint.Sprint@"):
        return [
            part.split("=", 1)[1].lower() for part in re.split(r"[\[\],]", value) if part.startswith(("id=", "name="))
        ]
    return [str(value).lower()]
