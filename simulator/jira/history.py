"""The history of issues: kept on edits, shown by `changelog/bulkfetch`, `issue/KEY/changelog`, `expand=changelog`."""

from bisect import bisect_right
from typing import TYPE_CHECKING, Any

from simulator.jira.shapes import user
from simulator.jira.state import Issue, milliseconds, with_origin
from simulator.site import Answer, Call, Handler, Raw, Refusal, encode

if TYPE_CHECKING:
    from simulator.jira.server import JiraSite

MOST_ISSUES, MOST_FIELDS, MOST_ROWS = 1000, 10, 10_000
CLOUD_EXPANDED = 40
"""How many histories Cloud shows inside an issue."""


def entry(field: str, before: Raw, after: Raw, *, field_id: str | None = None, kind: str = "jira") -> Raw:
    """A changed field. `before` and `after` hold `id` and `text`, where there is a value."""
    told: Raw = {"field": field, "fieldtype": kind, "fieldId": field_id or field}
    ends = {"from": before.get("id"), "fromString": before.get("text"), "to": after.get("id")}
    ends["toString"] = after.get("text")
    return told | {name: value for name, value in ends.items() if value is not None}


def record(site: "JiraSite", issue: Issue, items: list[Raw], moment: str) -> None:
    """Add a history of `items` to the issue, at `moment`. Nothing where nothing changed."""
    if not items:
        return
    number = site.next_history()
    author = user("Robin Keller", site.cloud)
    issue.histories.append({"id": str(number), "author": author, "created": moment, "items": items})


def status_entry(before: Raw, after: Raw) -> Raw:
    """A step from one status to another."""
    ends = ({"id": one["id"], "text": one["name"]} for one in (before, after))
    return entry("status", *ends)


def field_entries(site: "JiraSite", before: Raw, after: Raw) -> list[Raw]:
    """What became of estimate and sprint between two states of an issue's fields."""
    found = []
    estimate, sprint = site.field_id("estimate"), site.field_id("sprint")
    if before.get(estimate) != after.get(estimate):
        ends = [{"text": f"{value:g}"} if (value := one.get(estimate)) is not None else {} for one in (before, after)]
        found.append(entry(site.field_name(estimate), *ends, field_id=estimate, kind="custom"))
    was, now = (site.sprints_in(one.get(sprint)) for one in (before, after))
    if was != now:
        ends = [
            {"id": ", ".join(str(one["id"]) for one in some), "text": ", ".join(one["name"] for one in some)}
            for some in (was, now)
        ]
        found.append(entry(site.field_name(sprint), *ends, field_id=sprint, kind="custom"))
    return found


def shown(site: "JiraSite", history: Raw) -> Raw:
    """A history as the flavour tells it: only Cloud names fields by id."""
    if site.cloud:
        return history
    items = [{name: value for name, value in item.items() if name != "fieldId"} for item in history["items"]]
    return history | {"items": items}


def expanded(site: "JiraSite", issue: Issue, *, alone: bool) -> Raw:
    """`changelog` inside an issue: newest first on Cloud, oldest first and cut in searches on Data Center."""
    total = len(issue.histories)
    if site.cloud:
        rows = issue.histories[::-1][:CLOUD_EXPANDED]
    else:
        rows = issue.histories if alone or site.history_cap is None else issue.histories[: site.history_cap]
    told = [shown(site, one) for one in rows]
    return {"startAt": 0, "maxResults": len(told), "total": total, "histories": told}


class HistoryEndpoints:
    """The calls on histories that only Cloud has."""

    def __init__(self, site: "JiraSite") -> None:
        self.site = site

    def routes(self, api: str) -> list[tuple[str, str, Handler]]:
        return [
            ("POST", f"{api}/changelog/bulkfetch", self._bulk),
            ("GET", f"{api}/issue/{{key}}/changelog", self._of_one),
        ]

    def _bulk(self, call: Call) -> Answer:
        asked = call.json()
        names = [str(name) for name in asked.get("issueIdsOrKeys") or []]
        fields = asked.get("fieldIds") or []
        if not names or len(names) > MOST_ISSUES or len(fields) > MOST_FIELDS:
            message = f"Give 1 to {MOST_ISSUES} issues and at most {MOST_FIELDS} fields."
            raise Refusal(400, {"errorMessages": [message], "errors": {}})
        issues = {issue.id: issue for name in names if (issue := self.site.find(name))}
        rows = sorted(
            ((milliseconds(history["created"]), number, int(history["id"]), history))
            for number, issue in issues.items()
            for history in issue.histories
            if not fields or any(item["fieldId"] in fields for item in history["items"])
        )
        places = [row[:3] for row in rows]
        start = bisect_right(places, self._place(asked.get("nextPageToken")))
        size = min(max(int(asked.get("maxResults") or 1000), 1), self.site.history_page)
        page = rows[start : start + size]
        told: dict[int, list[Raw]] = {}
        for _, number, _, history in page:
            items = [item for item in history["items"] if not fields or item["fieldId"] in fields]
            told.setdefault(number, []).append(self._timed(history | {"items": items}))
        body: Raw = {"issueChangeLogs": [{"issueId": str(one), "changeHistories": rows} for one, rows in told.items()]}
        if start + size < len(rows):
            body["nextPageToken"] = ":".join(map(str, (self.site.token_age, *page[-1][:3])))
        return Answer(with_origin(encode(body), self.site.origin))

    def _timed(self, history: Raw) -> Raw:
        """The document says text, and real sites give milliseconds."""
        if not self.site.history_in_milliseconds:
            return history
        return history | {"created": milliseconds(history["created"])}

    def _place(self, token: Any) -> tuple[int, ...]:
        if not token:
            return (-1,)
        age, *place = map(int, str(token).split(":"))
        if age != self.site.token_age:
            raise Refusal(400, {"errorMessages": ["The page token has expired."], "errors": {}})
        return tuple(place)

    def _of_one(self, call: Call) -> Answer:
        issue = self.site.find(call.params["key"])
        if issue is None:
            raise Refusal(404, {"errorMessages": ["Issue does not exist."], "errors": {}})
        start, size = max(call.number("startAt", 0), 0), min(max(call.number("maxResults", 100), 1), 100)
        page: Raw = {
            "self": call.url,
            "maxResults": size,
            "startAt": start,
            "total": len(issue.histories),
            "isLast": start + size >= len(issue.histories),
            "values": issue.histories[start : start + size],
        }
        return Answer(with_origin(encode(page), self.site.origin))
