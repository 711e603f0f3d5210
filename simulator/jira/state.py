"""What the simulated Jira keeps of an issue, and how it is written out."""

from datetime import UTC, datetime
from typing import Any

from simulator.site import Raw, encode

LINKED = ("inwardIssue", "outwardIssue")
KEPT_RENDERINGS = 6


def milliseconds(text: str) -> int:
    """Epoch milliseconds of a Jira date or instant."""
    moment = datetime.fromisoformat(text)
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)


def stamp(moment: datetime) -> str:
    """An instant as Jira writes it: milliseconds, offset without a colon."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}+0000"


def key_number(key: str) -> tuple[str, int]:
    """`SHOP-12` as ("SHOP", 12)."""
    project, _, number = key.rpartition("-")
    return project, int(number)


class Issue:
    """An issue: raw JSON, the values that queries sort by, and renderings that are thrown away when it changes.

    URLs in `raw` are paths: the origin is put in when bytes are written.
    """

    __slots__ = (
        "_rendered", "comments", "created", "hidden", "histories", "id", "number", "project", "properties", "raw",
        "refs", "updated",
    )  # fmt: skip

    def __init__(self, raw: Raw) -> None:
        self.raw = raw
        self.id = int(raw["id"])
        self.histories: list[Raw] = (raw.pop("changelog", None) or {}).get("histories", [])
        self.hidden = False
        self.comments: list[Raw] = []
        self.properties: dict[str, Any] = {}
        self._rendered: dict[object, bytes] = {}
        self.project, self.number, self.created, self.updated = "", 0, 0, 0
        self.refs: frozenset[str] = frozenset()
        self.changed()

    @property
    def key(self) -> str:
        return self.raw["key"]

    @property
    def fields(self) -> Raw:
        return self.raw["fields"]

    def changed(self) -> None:
        """To be called after every change of `raw`."""
        self.project, self.number = key_number(self.raw["key"])
        self.created = milliseconds(self.fields["created"]) if self.fields.get("created") else 0
        self.updated = milliseconds(self.fields["updated"]) if self.fields.get("updated") else self.created
        self.refs = frozenset(one["id"] for one in embedded(self.fields))
        self._rendered.clear()

    def rendered(self, how: object, make: Any) -> bytes:
        """The bytes for `how` (a cache key), made by `make(issue)` where they are not at hand."""
        found = self._rendered.get(how)
        if found is None:
            if len(self._rendered) >= KEPT_RENDERINGS:
                self._rendered.pop(next(iter(self._rendered)))
            found = self._rendered[how] = encode(make(self))
        return found


def embedded(fields: Raw) -> list[Raw]:
    """The short forms of other issues inside an issue: parent, sub-tasks, linked issues."""
    found = [fields["parent"]] if fields.get("parent") else []
    found += fields.get("subtasks") or []
    found += [link[side] for link in fields.get("issuelinks") or [] for side in LINKED if side in link]
    return found


def short_form(issue: Issue) -> Raw:
    """An issue as it is embedded in others."""
    kept = ("summary", "status", "priority", "issuetype")
    return {
        "id": issue.raw["id"],
        "key": issue.key,
        "self": issue.raw["self"],
        "fields": {name: issue.fields[name] for name in kept if name in issue.fields},
    }


def with_origin(body: bytes, origin: str) -> bytes:
    """Put the origin before every `self` that is a path.

    Exact on bytes: inside JSON text a quote is escaped, so `"self":"/` can only be the key.
    """
    return body.replace(b'"self":"/', b'"self":"' + origin.encode() + b"/")


def selected(issue: Issue, wanted: tuple[str, ...], version: str) -> Raw:
    """An issue with the fields asked for, as API `version` 2 or 3 shows it."""
    fields = issue.fields
    if wanted and not {"*all", "*navigable"} & set(wanted):
        fields = {name: fields[name] for name in wanted if name in fields}
    dropped = {name[1:] for name in wanted if name.startswith("-")}
    fields = {name: value for name, value in fields.items() if name not in dropped}
    for name in ("description", "environment"):
        if name in fields:
            fields[name] = document(fields[name]) if version == "3" else plain(fields[name])
    raw = {"expand": "renderedFields,names,schema,operations,editmeta,changelog,versionedRepresentations", **issue.raw}
    return {**raw, "self": f"/rest/api/{version}/issue/{issue.id}", "fields": fields}


def document(text: object) -> object:
    """Plain text in the Atlassian Document Format: a paragraph for each block, hard breaks between lines."""
    if not isinstance(text, str):
        return text
    blocks = []
    for block in text.replace("\r\n", "\n").split("\n\n"):
        content: list[Raw] = []
        for line in block.split("\n"):
            if content:
                content.append({"type": "hardBreak"})
            if line:
                content.append({"type": "text", "text": line})
        if content:
            blocks.append({"type": "paragraph", "content": content})
    return {"type": "doc", "version": 1, "content": blocks}


def plain(value: object) -> object:
    """The other way round, for API version 2."""
    if not isinstance(value, dict):
        return value
    return "\n\n".join(_text_of(block) for block in value.get("content", []))


def _text_of(node: Raw) -> str:
    if node.get("type") == "hardBreak":
        return "\n"
    return node.get("text", "") + "".join(_text_of(child) for child in node.get("content", []))
