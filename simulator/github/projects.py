"""Projects (v2) of the simulated GitHub: their state, the REST calls, and the part of GraphQL that reads them."""

import base64
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from simulator.github import shapes
from simulator.github.state import Issue
from simulator.site import Answer, Call, Handler, Raw, Refusal, encode

if TYPE_CHECKING:
    from simulator.github.server import GitHubSite

DOCS = "https://docs.github.com/rest"
MOST = 100


@dataclass(eq=False)
class Card:
    """An issue in a project, with its values by the name of their field."""

    id: int
    issue: Issue
    created_at: str
    updated_at: str
    values: dict[str, Any] = field(default_factory=dict)


@dataclass(eq=False)
class Project:
    """A project of an organisation, or of a person. `fields` are raw fields of the REST API, by name."""

    owner: str
    number: int
    person: bool
    fields: dict[str, Raw] = field(default_factory=dict)
    cards: list[Card] = field(default_factory=list)
    hidden: bool = False

    @property
    def name(self) -> str:
        return f"{self.owner}/{self.number}"

    @property
    def path(self) -> str:
        return f"/{'users' if self.person else 'orgs'}/{self.owner}/projectsV2/{self.number}"

    def add_field(self, identity: int, name: str, kind: str, now: str, **more: Any) -> None:
        """A field; `more` are the keys that its kind has."""
        self.fields[name] = {
            "id": identity,
            "node_id": shapes.node_id("PVTF", identity),
            "name": name,
            "data_type": kind,
            "project_url": self.path,
            **more,
            "created_at": now,
            "updated_at": now,
        }

    def value(self, name: str, value: Any) -> Any:
        """What a field holds where it is set to `value`: an option's or iteration's name, a number, a day."""
        one = self.fields[name]
        match one["data_type"]:
            case "single_select":
                return next(option for option in one["options"] if option["name"]["raw"] == value)
            case "iteration":
                return next(it for it in one["configuration"]["iterations"] if it["title"]["raw"] == value)
            case "date":
                return value.isoformat() if isinstance(value, date) else value
            case _:
                return value


def words(text: str) -> Raw:
    return {"raw": text, "html": text}


def option(number: int, name: str) -> Raw:
    return {"id": f"{number:08x}", "name": words(name), "description": words(""), "color": "GRAY"}


def iteration(number: int, title: str, start: date, days: int, *, completed: bool) -> Raw:
    return {
        "id": f"{number:08x}",
        "title": words(title),
        "start_date": start.isoformat(),
        "duration": days,
        "completed": completed,
    }


class ProjectEndpoints:
    """Answers what is asked about projects. `written(call, issue)` gives an issue as JSON."""

    def __init__(self, site: "GitHubSite", written: Callable[[Call, Issue], bytes]) -> None:
        self._site = site
        self._written = written

    def routes(self) -> list[tuple[str, str, Handler]]:
        """The REST calls, and the address of GraphQL."""
        routes: list[tuple[str, str, Handler]] = [("POST", "/graphql", self._graphql)]
        for kind in ("orgs", "users"):
            place = f"/{kind}/{{owner}}/projectsV2/{{project}}"
            routes += [("GET", f"{place}/fields", self._fields), ("GET", f"{place}/items", self._items)]
        return routes

    def _project(self, call: Call) -> Project:
        person = "/users/" in call.path
        found = self._site.projects.get(f"{call.params['owner']}/{call.params['project']}".lower())
        if "projects" in self._site.without or found is None or found.hidden or found.person is not person:
            raise Refusal(404, {"message": "Not Found", "documentation_url": DOCS, "status": "404"})
        return found

    def _fields(self, call: Call) -> Answer:
        return self._page(call, list(self._project(call).fields.values()), encode)

    def _items(self, call: Call) -> Answer:
        project = self._project(call)
        wanted = {int(one) for one in call.query.get("fields", "").split(",") if one.isdigit()}
        cards = [card for card in project.cards if not card.issue.hidden]
        return self._page(call, cards, lambda card: self._card(call, project, card, wanted))

    def _card(self, call: Call, project: Project, card: Card, wanted: set[int]) -> bytes:
        mark = b'"content":null'
        shown = {
            "id": card.id,
            "node_id": shapes.node_id("PVTI", card.id),
            "project_url": self._url(project.path),
            "content": None,
            "content_type": "PullRequest" if "pull_request" in card.issue.raw else "Issue",
            "created_at": card.created_at,
            "updated_at": card.updated_at,
            "archived_at": None,
            "item_url": self._url(f"{project.path}/items/{card.id}"),
            "fields": [
                {"id": one["id"], "name": name, "data_type": one["data_type"], "value": card.values.get(name)}
                for name, one in project.fields.items()
                if one["id"] in wanted
            ],
        }
        return encode(shown).replace(mark, b'"content":' + self._written(call, card.issue), 1)

    def _page(self, call: Call, rows: list[Any], shown: Callable[[Any], bytes]) -> Answer:
        size = min(max(call.number("per_page", 30), 1), MOST)
        start = _place(call.query.get("after"))
        part, headers = rows[start : start + size], {}
        if start + size < len(rows):
            asked = [(name, value) for name, value in call.query.multi_items() if name != "after"]
            path = call.path[len(self._site.prefix) :]
            url = self._url(f"{path}?{urlencode([*asked, ('after', _cursor(start + size))])}")
            headers["Link"] = f'<{url}>; rel="next"'
        return Answer(b"[" + b",".join(shown(one) for one in part) + b"]", headers=headers)

    def _url(self, path: str) -> str:
        return self._site.origin + self._site.prefix + path

    # GraphQL

    def _graphql(self, call: Call) -> Answer:
        asked = call.json()
        query, given = str(asked.get("query")), asked.get("variables") or {}
        if self._site.graphql_faults:
            fault = self._site.graphql_faults.pop(0)
            return Answer(encode(fault))
        project = self._site.projects.get(f"{given.get('owner')}/{given.get('number')}".lower())
        if project is None or project.hidden:
            words_ = f"Could not resolve to a ProjectV2 with the number {given.get('number')}."
            problem = {"type": "NOT_FOUND", "path": ["repositoryOwner", "projectV2"], "message": words_}
            return Answer(encode({"data": {"repositoryOwner": {"projectV2": None}}, "errors": [problem]}))
        found = self._items_page(project, query, given) if "items(" in query else _fields(project)
        return Answer(encode({"data": {"repositoryOwner": {"projectV2": found}}}))

    def _items_page(self, project: Project, query: str, given: Raw) -> Raw:
        size, start = min(int(given["first"]), MOST), _place(given.get("after"))
        cards = [card for card in project.cards if not card.issue.hidden]
        aliases = dict(re.findall(r"(\w+): fieldValueByName\(name: \$(\w+)\)", query))
        nodes = [
            {
                "updatedAt": card.updated_at,
                "content": {}
                if "pull_request" in card.issue.raw
                else {
                    "number": card.issue.number,
                    "repository": {"nameWithOwner": card.issue.repository.full_name},
                },
                **{alias: _node(project, card, given[variable]) for alias, variable in aliases.items()},
            }
            for card in cards[start : start + size]
        ]
        more = start + size < len(cards)
        page = {"hasNextPage": more, "endCursor": _cursor(start + size) if nodes else None}
        return {"items": {"pageInfo": page, "nodes": nodes}}


def _fields(project: Project) -> Raw:
    nodes = []
    for one in project.fields.values():
        node: Raw = {"name": one["name"], "dataType": one["data_type"].upper()}
        if "options" in one:
            node["options"] = [{"name": option["name"]["raw"]} for option in one["options"]]
        if "configuration" in one:
            iterations = one["configuration"]["iterations"]
            node["configuration"] = {
                "iterations": [_iteration(each) for each in iterations if not each["completed"]],
                "completedIterations": [_iteration(each) for each in iterations if each["completed"]],
            }
        nodes.append(node)
    return {"fields": {"nodes": nodes}}


def _iteration(raw: Raw) -> Raw:
    return {
        "id": raw["id"],
        "title": raw["title"]["raw"],
        "startDate": raw["start_date"],
        "duration": raw["duration"],
    }


def _node(project: Project, card: Card, name: str) -> Raw | None:
    value = card.values.get(name)
    if value is None:
        return None
    match project.fields[name]["data_type"]:
        case "single_select":
            return {"name": value["name"]["raw"]}
        case "iteration":
            shown = _iteration(value)
            return {"iterationId": shown.pop("id"), **shown}
        case "number":
            return {"number": value}
        case _:
            return {"date": value}


def _cursor(place: int) -> str:
    return base64.urlsafe_b64encode(f"v2:{place}".encode()).decode().rstrip("=")


def _place(cursor: object) -> int:
    if not cursor:
        return 0
    text = str(cursor)
    return int(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode().removeprefix("v2:"))
