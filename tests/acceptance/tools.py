"""Tools whose work is deleted, hidden, moved and renamed, as little as the official documents of each promise.

Kept apart from the simulator, like `servers`, and for the same reason: no clock, no ETags, 404 for everything else.
"""

import re
from collections.abc import Callable
from typing import Any

from tests.acceptance.servers import CATEGORIES, FIELDS, Answer, Site, issue, ticket

Fault = Callable[[str, dict[str, Any]], Answer | None]
"""An answer in place of the right one, for the requests that it knows."""

NOT_FOUND: Answer = (404, {"message": "Not Found", "documentation_url": "https://docs.github.com/rest"}, {})


class Hub(Site):
    """A GitHub with several repositories, by name: id, and issues by number.

    `gone`: what the address of a former issue answers instead of 404, as a status, or where it is now.
    """

    def __init__(self, token: str = "right") -> None:
        super().__init__(token)
        self.repositories: dict[str, dict[str, Any]] = {}
        self.issues: dict[str, dict[int, dict[str, Any]]] = {}
        self.gone: dict[str, int | str] = {}
        self.renamed: dict[str, str] = {}
        self.more: dict[str, Any] = {}
        self.fault: Fault | None = None
        self.size = 2

    def add(self, name: str, number: int, issues: list[dict[str, Any]]) -> None:
        """A repository with its issues."""
        self.repositories[name] = {
            "id": number,
            "name": name.partition("/")[2],
            "full_name": name,
            "html_url": f"https://github.example/{name}",
            "archived": False,
            "has_issues": True,
        }
        self.issues[name] = {one["number"]: one for one in issues}

    def answer(self, method: str, path: str, asked: dict[str, Any]) -> Answer:
        wrong = self.fault(path, asked) if self.fault else None
        if wrong is not None:
            return wrong
        if path in self.more:
            return 200, self.more[path], {}
        by_id = re.fullmatch(r"/repositories/(\d+)(/.*)?", path)
        if by_id:
            named = [name for name, one in self.repositories.items() if one["id"] == int(by_id[1])]
            if not named:
                return NOT_FOUND
            return self._of(named[0], by_id[2] or "", path, asked)
        named_so = re.fullmatch(r"/repos/([^/]+/[^/]+)(/.*)?", path)
        if not named_so:
            return NOT_FOUND
        name, rest = named_so[1], named_so[2] or ""
        if name in self.renamed:
            number = self.repositories[self.renamed[name]]["id"]
            return 301, {"message": "Moved Permanently"}, {"Location": f"{self.url}/repositories/{number}{rest}"}
        return self._of(name, rest, path, asked)

    def _of(self, name: str, rest: str, path: str, asked: dict[str, Any]) -> Answer:
        repository = self.repositories.get(name)
        if repository is None:
            return NOT_FOUND
        if rest == "":
            return 200, repository, {}
        if rest == "/milestones":
            return 200, [], {}
        if not repository["has_issues"]:
            return 410, {"message": "Issues are disabled for this repo"}, {}
        if rest == "/issues":
            page, rows = int(asked.get("page") or 1), list(self.issues[name].values())
            start = self.size * (page - 1)
            link = (
                f'<{self.url}/repositories/{repository["id"]}/issues?page={page + 1}&per_page={self.size}>; rel="next"'
            )
            more = {"Link": link} if start + self.size < len(rows) else {}
            return 200, [self._shown(name, one) for one in rows[start : start + self.size]], more
        one = re.fullmatch(r"/issues/(\d+)", rest)
        if one and int(one[1]) in self.issues[name]:
            return 200, self._shown(name, self.issues[name][int(one[1])]), {}
        become = self.gone.get(f"{name}#{one[1]}", 404) if one else 404
        if isinstance(become, str):
            to, _, number = become.partition("#")
            where = f"{self.url}/repositories/{self.repositories[to]['id']}/issues/{number}"
            return 301, {"message": "Moved Permanently"}, {"Location": where}
        return become, {"message": "This issue was deleted" if become == 410 else "Not Found"}, {}

    def _shown(self, name: str, one: dict[str, Any]) -> dict[str, Any]:
        html = f"https://github.example/{name}/issues/{one['number']}"
        return one | {"repository_url": f"{self.url}/repos/{name}", "html_url": html}


class Tracker(Site):
    """A Jira with several projects. Searches heed `project`, `id in`, comparisons with a key, and `ORDER BY`.

    `hidden`: ids that nobody may see. `former`: ids by a key that they had.
    """

    cloud = True

    def __init__(self, issues: list[dict[str, Any]], token: str = "right") -> None:
        super().__init__(token)
        self.issues = {one["id"]: one for one in issues}
        self.projects = {"SHOP": "1", "OPS": "2"}
        self.hidden: set[str] = set()
        self.former: dict[str, str] = {}
        self.histories: dict[str, list[dict[str, Any]]] = {}
        self.counts: dict[str, list[str]] = {}
        self.fault: Fault | None = None
        self.size = 2

    def answer(self, method: str, path: str, asked: dict[str, Any]) -> Answer:
        wrong = self.fault(path, asked) if self.fault else None
        if wrong is not None:
            return wrong
        name = re.sub(r"^/rest/api/[23]/", "", path)
        rows = [{"id": number, "key": key, "name": key.title()} for key, number in self.projects.items()]
        simple: dict[str, Any] = {
            "serverInfo": {"baseUrl": self.url, "deploymentType": "Cloud" if self.cloud else "Server"},
            "myself": {"displayName": "Sync", "timeZone": "Europe/Zurich"},
            "field": FIELDS,
            "status": [
                {"id": f"1{one['id']}", "name": name, "statusCategory": one} for name, one in CATEGORIES.items()
            ],
            "mypermissions": {"permissions": {"BROWSE_PROJECTS": {"key": "BROWSE_PROJECTS", "havePermission": True}}},
            "project": rows,
        }
        if name in simple:
            return 200, simple[name], {}
        if self.cloud and name == "project/search":
            return 200, {"startAt": 0, "maxResults": 50, "total": len(rows), "isLast": True, "values": rows}, {}
        if re.fullmatch(r"project/\w+/versions?", name):
            return 200, {"values": [], "isLast": True, "total": 0} if name.endswith("version") else [], {}
        if name.startswith("project/"):
            found = [row for row in rows if row["key"] == name[8:] or row["id"] == name[8:]]
            return (200, found[0], {}) if found else (404, {"errorMessages": ["No project could be found."]}, {})
        if self.cloud and name == "search/jql":
            found, start = self._found(asked["jql"]), int(asked.get("nextPageToken") or 0)
            page = {"issues": [self._shown(one, asked) for one in found[start : start + self.size]]}
            last = start + self.size >= len(found)
            return 200, page | {"isLast": last} | ({} if last else {"nextPageToken": str(start + self.size)}), {}
        if self.cloud and name == "search/approximate-count":
            return 200, {"count": len(self._found(asked["jql"]))}, {}
        if self.cloud and name == "issue/bulkfetch":
            found = [one for each in asked["issueIdsOrKeys"] if (one := self._one(each))]
            return 200, {"issues": [self._shown(one, asked) for one in found], "issueErrors": []}, {}
        if self.cloud and name == "changelog/bulkfetch":
            ids = [one["id"] for each in asked["issueIdsOrKeys"] if (one := self._one(each))]
            told = [{"issueId": each, "changeHistories": self.histories.get(each, [])} for each in ids]
            return 200, {"issueChangeLogs": told}, {}
        if not self.cloud and name == "search":
            found, start = self._found(asked["jql"]), int(asked.get("startAt") or 0)
            size = min(int(asked.get("maxResults", 50)), self.size + 1)
            shown = [self._shown(one, asked) for one in found[start : start + size]]
            return 200, {"startAt": start, "maxResults": size, "total": len(found), "issues": shown}, {}
        if name.startswith("issue/") and (one := self._one(name[6:])):
            return 200, self._shown(one, asked), {}
        return 404, {"errorMessages": ["Issue does not exist or you do not have permission to see it."]}, {}

    def move(self, one: dict[str, Any], key: str) -> None:
        """Gives an issue another key, in another project perhaps, and keeps the way from the former one."""
        self.former[one["key"]] = one["id"]
        project = key.rpartition("-")[0]
        one["key"], one["fields"]["project"] = key, {"id": self.projects.get(project, "9"), "key": project}

    def _one(self, name: str) -> dict[str, Any] | None:
        keys = {one["key"]: one["id"] for one in self.issues.values()} | self.former
        number = keys.get(name, name)
        return self.issues.get(number) if number not in self.hidden else None

    def _found(self, jql: str) -> list[dict[str, Any]]:
        found = [one for one in self.issues.values() if one["id"] not in self.hidden]
        if jql in self.counts:
            return [one for one in found if one["key"] in self.counts[jql]]
        where = jql.partition("ORDER BY")[0]
        if ids := re.search(r"\bid in \(([^)]*)\)", where):
            found = [one for one in found if one["id"] in re.split(r",\s*", ids[1])]
        if project := re.search(r'\bproject (?:=|in) \(?"?(\w+)"?', where):
            key = {number: key for key, number in self.projects.items()}.get(project[1], project[1])
            found = [one for one in found if one["fields"]["project"]["key"] == key]
        if category := re.search(r'statusCategory (?:=|in) \(?"?([\w ]+?)"?\)?(?: AND|\s*$)', where):
            named = {"new": "To Do", "indeterminate": "In Progress", "done": "Done"}
            wanted = {CATEGORIES.get(category[1], {}).get("name"), named.get(category[1].lower())} | {
                name for name, one in CATEGORIES.items() if str(one["id"]) == category[1]
            }
            found = [one for one in found if one["fields"]["status"]["statusCategory"]["name"] in wanted]
        if behind := re.search(r'\b(?:issue)?key (>=?) "?\w+-(\d+)', where):
            least = int(behind[2]) + (behind[1] == ">")
            found = [one for one in found if int(one["key"].rpartition("-")[2]) >= least]
        return sorted(found, key=lambda one: int(one["key"].rpartition("-")[2]))

    def _shown(self, one: dict[str, Any], asked: dict[str, Any]) -> dict[str, Any]:
        wanted = asked.get("fields") or ["*all"]
        wanted = wanted.split(",") if isinstance(wanted, str) else wanted
        fields = {key: value for key, value in one["fields"].items() if key in wanted or "*all" in wanted}
        shown = {"id": one["id"], "key": one["key"]} | ({"fields": fields} if fields else {})
        if not self.cloud and "changelog" in (asked.get("expand") or ""):
            told = self.histories.get(one["id"], [])
            shown["changelog"] = {"startAt": 0, "maxResults": len(told), "total": len(told), "histories": told}
        return shown


class DataCenter(Tracker):
    """The same on Data Center: three issues a page, pages by offset and by key."""

    cloud = False


__all__ = ["NOT_FOUND", "DataCenter", "Hub", "Tracker", "issue", "ticket"]
