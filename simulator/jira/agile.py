"""Boards and sprints: `/rest/agile/1.0`."""

from typing import TYPE_CHECKING

from simulator.jira.state import with_origin
from simulator.site import Answer, Call, Handler, Raw, Refusal, encode

if TYPE_CHECKING:
    from simulator.jira.server import JiraSite

BASE = "/rest/agile/1.0"


class AgileEndpoints:
    """The calls on boards and sprints."""

    def __init__(self, site: "JiraSite") -> None:
        self.site = site

    def routes(self) -> list[tuple[str, str, Handler]]:
        return [
            ("GET", f"{BASE}/board", self._boards),
            ("GET", f"{BASE}/board/{{board}}/sprint", self._sprints),
            ("GET", f"{BASE}/board/{{board}}/configuration", self._configuration),
            ("GET", f"{BASE}/board/{{board}}", lambda call: self._send(self._board(call))),
            ("GET", f"{BASE}/sprint/{{sprint}}", self._sprint),
        ]

    def _send(self, value: object) -> Answer:
        return Answer(with_origin(encode(value), self.site.origin))

    def _values(self, call: Call, rows: list[Raw]) -> Answer:
        start, size = max(call.number("startAt", 0), 0), min(max(call.number("maxResults", 50), 1), 50)
        page = {"maxResults": size, "startAt": start, "total": len(rows), "isLast": start + size >= len(rows)}
        return self._send({**page, "values": rows[start : start + size]})

    def _boards(self, call: Call) -> Answer:
        site = self.site
        rows = [
            board for board in site.boards if board.get("location", {}).get("projectKey") not in site.hidden_projects
        ]
        if wanted := call.query.get("projectKeyOrId"):
            if not site.project_named(wanted):
                raise Refusal(
                    400, {"errorMessages": [f"No project could be found with key or id '{wanted}'"], "errors": {}}
                )
            places = (str(wanted), wanted.upper())
            rows = [
                b for b in rows if b["location"]["projectKey"] in places or str(b["location"]["projectId"]) in places
            ]
        if kind := call.query.get("type"):
            rows = [board for board in rows if board["type"] == kind]
        if name := call.query.get("name"):
            rows = [board for board in rows if name.lower() in board["name"].lower()]
        return self._values(call, rows)

    def _board(self, call: Call) -> Raw:
        for board in self.site.boards:
            if str(board["id"]) == call.params["board"]:
                return board
        message = "The requested board cannot be viewed because it either does not exist or you may not see it."
        raise Refusal(404, {"errorMessages": [message], "errors": {}})

    def _sprints(self, call: Call) -> Answer:
        board, site = self._board(call), self.site
        if board["type"] != "scrum":
            raise Refusal(400, {"errorMessages": ["The board does not support sprints"], "errors": {}})
        states = [state for state in call.query.get("state", "").split(",") if state]
        rows = [sprint for sprint in site.sprints.values() if sprint.get("originBoardId") == board["id"]]
        return self._values(call, [sprint for sprint in rows if not states or sprint["state"] in states])

    def _sprint(self, call: Call) -> Answer:
        sprint = self.site.sprints.get(int(call.params["sprint"]) if call.params["sprint"].isdigit() else 0)
        if sprint is None:
            raise Refusal(404, {"errorMessages": ["Sprint does not exist."], "errors": {}})
        return self._send(sprint)

    def _configuration(self, call: Call) -> Answer:
        board, site = self._board(call), self.site
        columns = {"To Do": ["10000"], "In Progress": ["3", "10001"], "Done": ["10002"]}
        configuration = {
            "id": board["id"],
            "name": board["name"],
            "type": board["type"],
            "location": {"type": "project", "projectKeyOrId": board["location"]["projectKey"]},
            "self": f"{BASE}/board/{board['id']}/configuration",
            "filter": {"id": str(10200 + board["id"]), "self": f"/rest/api/2/filter/{10200 + board['id']}"},
            "columnConfig": {
                "columns": [
                    {"name": name, "statuses": [{"id": one, "self": f"/rest/api/2/status/{one}"} for one in numbers]}
                    for name, numbers in columns.items()
                ],
                "constraintType": "none",
            },
            "ranking": {"rankCustomFieldId": 10019},
        }
        if board["type"] == "scrum":
            estimate = site.field_id("estimate")
            configuration["estimation"] = {
                "type": "field",
                "field": {"fieldId": estimate, "displayName": "Story Points"},
            }
        return self._send(configuration)
