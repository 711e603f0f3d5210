"""Writing to Jira: a property of the issue, which nobody is told of, or one comment that is edited in place."""

import re
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from connectors.answers import ABSENT, Answer
from connectors.base import Check, Usage
from connectors.errors import Refused, SourceError
from connectors.jira.control import Control
from connectors.jira.rules import LacksScope
from connectors.jira.values import Id
from connectors.records import Ref, Scope
from connectors.text import clean
from connectors.transport import Params, Transport
from connectors.writing import KEPT, SERVES_NONE, Put, Standing, Touched, standing_words

PROPERTY = "northing"
MARK = "northing-write-back"
"""Marks each of our comments: an anchor at its beginning that nobody sees, or where a link in its last line leads to.

What people write about it, or quote of it, has it elsewhere.
"""
NEEDED = {"comment": ("ADD_COMMENTS", "EDIT_OWN_COMMENTS"), "property": ("EDIT_ISSUES",)}
"""The permissions that each form takes."""
_WIKI = re.compile(r"([\\{}\[\]*_?+^~|!#@-])")
_COMMENTS_A_PAGE = 100
_INTERNAL = [{"key": "sd.public.comment", "value": {"internal": True}}]
"""Keeps a comment from the customers of a service project. Other projects do not heed it."""


class _Project(msgspec.Struct):
    id: Id


class _Fields(msgspec.Struct):
    updated: str | None = None
    project: _Project | None = None


class _Issue(msgspec.Struct):
    fields: _Fields = msgspec.field(default_factory=_Fields)


class _Comment(msgspec.Struct):
    id: Id
    body: msgspec.Raw = msgspec.Raw(b"null")


class _Comments(msgspec.Struct):
    comments: list[_Comment]
    total: int = 0


class _Property(msgspec.Struct):
    value: msgspec.Raw


class Writer:
    """Writes through a connection's transport. `cloud`: in the newest version of the API, which Data Center has not."""

    def __init__(self, transport: Transport, control: Control, *, cloud: bool) -> None:
        self._transport = transport
        self._control = control
        self._cloud = cloud
        self._api = "/rest/api/3/issue" if cloud else "/rest/api/2/issue"

    def draft(self, form: str, standings: Sequence[Standing]) -> str | None:
        """The property's JSON, None where there is nothing to say; or the comment: JSON on Cloud, else wiki text."""
        if form == "property":
            return _property(standings) if standings else None
        return _document(standings) if self._cloud else _wiki(standings)

    def touched(self, scope: Scope, ref: Ref, usage: Usage) -> Touched | None:
        """When the issue last changed; None where it is gone, or in another project by now, where it keeps its id."""
        try:
            answer, issue = self._transport.get_json(
                f"{self._api}/{ref.external_id}", params={"fields": "updated,project"}, into=_Issue, usage=usage
            )
        except Refused as error:
            if error.status != 404:
                raise
            return None
        home = issue.fields.project
        if home is not None and str(home.id) != scope.external_id:
            return None
        return Touched.told(issue.fields.updated, answer.clock)

    def put(self, form: str, ref: Ref, content: str | None, known: str | None, usage: Usage) -> Put:
        """Writes the property or the comment."""
        if form == "property":
            return self._put_property(ref, content, usage)
        assert content is not None, "a comment is never taken away"
        if known is not None and (edited := self._edited(ref, known, content, usage)) is not None:
            return Put(known, wrote=edited)
        looks: list[_Comment | None] = []

        def before() -> Answer | None:
            answer, found = self._found(ref, usage)
            looks.append(found)
            return answer if found is not None else None

        place = f"{self._api}/{ref.external_id}/comment"
        body = {"body": self._body(content), "properties": _INTERNAL}
        answer = self._send("POST", place, body, usage, before=before)
        if (there := looks[-1]) is None:
            return Put(str(answer.decode(_Comment).id), wrote=True)
        identity = str(there.id)
        edited = self._edited(ref, identity, content, usage)
        # What was not there at the first look was made by an attempt whose answer was lost.
        return Put(identity, wrote=bool(edited) or len(looks) > 1)

    def write_checks(self, form: str, scopes: Sequence[Scope]) -> list[Check]:
        """Whether the account has the permissions that it takes, project by project."""
        lacking: dict[str, list[str]] = {}
        shut: list[Check] = []
        for scope in scopes:
            try:
                missing = self._control.lacks(scope.key, NEEDED[form])
            except SourceError as error:
                shut.append(Check("write-back", ok=False, detail=error.message, advice=error.advice))
                continue
            for name in missing:
                lacking.setdefault(name, []).append(scope.key)
        named = {key for keys in lacking.values() for key in keys}
        fine = len(scopes) - len(shut) - len(named)
        found = list(shut)
        if fine:
            words = "comments" if form == "comment" else "issue properties"
            found.append(
                Check("write-back", ok=True, detail=f"{words} can be written to {fine} of {len(scopes)} projects")
            )
        for name, keys in lacking.items():
            found.append(
                Check(
                    "write-back",
                    ok=False,
                    detail=f"the account has not {name} in {', '.join(keys)}",
                    advice="Grant it in the project's permissions, and a scoped token write:jira-work.",
                )
            )
        return found

    def _put_property(self, ref: Ref, content: str | None, usage: Usage) -> Put:
        place = f"{self._api}/{ref.external_id}/properties/{PROPERTY}"
        there = self._property(place, usage)
        if content is None:
            if there is None:
                return Put(None, wrote=False)
            try:
                self._send("DELETE", place, None, usage)
            except Refused as error:
                if error.status != 404 or self._property(place, usage) is not None:
                    raise
            return Put(None, wrote=True)
        if there == msgspec.json.decode(content):
            return Put(PROPERTY, wrote=False)
        self._send("PUT", place, msgspec.Raw(content.encode()), usage)
        return Put(PROPERTY, wrote=True)

    def _property(self, place: str, usage: Usage) -> Any:
        try:
            return msgspec.json.decode(self._transport.get_json(place, into=_Property, usage=usage)[1].value)
        except Refused as error:
            if error.status != 404:
                raise
            return None

    def _edited(self, ref: Ref, identity: str, content: str, usage: Usage) -> bool | None:
        """Whether the comment was changed; None where it is not there any more, or is not ours."""
        place = f"{self._api}/{ref.external_id}/comment/{identity}"
        try:
            there = self._transport.get_json(place, into=_Comment, usage=usage)[1]
        except Refused as error:
            if error.status not in ABSENT:
                raise
            return None
        if not self._is_ours(there):
            return None
        if self._shown(there) == content:
            return False
        self._edit(place, {"body": self._body(content)}, usage)
        return True

    def _edit(self, place: str, body: object, usage: Usage) -> None:
        """Tells nobody, where the account may keep it quiet. A 403 may also mean that it may not edit: only another
        attempt tells.
        """
        if self._cloud:
            try:
                self._send("PUT", place, body, usage, params={"notifyUsers": "false"})
            except Refused as error:
                if error.status != 403:
                    raise
            else:
                return
        self._send("PUT", place, body, usage)

    def _send(
        self,
        method: str,
        place: str,
        json: object,
        usage: Usage,
        *,
        params: Params | None = None,
        before: Callable[[], Answer | None] = lambda: None,
    ) -> Answer:
        try:
            return self._transport.send(method, place, json, params, usage, before)
        except LacksScope as error:  # the gateway says so by a 401, though it does know the token
            raise Refused(error.message, advice=error.advice, status=403) from error

    def _found(self, ref: Ref, usage: Usage) -> tuple[Answer, _Comment | None]:
        """Our comment among those of the issue."""
        seen = 0
        while True:
            params = {"startAt": seen, "maxResults": _COMMENTS_A_PAGE}
            answer = self._transport.ask(f"{self._api}/{ref.external_id}/comment", params, usage)
            page = answer.decode(_Comments)
            found = next((one for one in page.comments if self._is_ours(one)), None)
            seen += len(page.comments)
            if found is not None or seen >= page.total or not page.comments:
                return answer, found

    def _body(self, content: str) -> object:
        return msgspec.Raw(content.encode()) if self._cloud else content

    def _is_ours(self, one: _Comment) -> bool:
        body = msgspec.json.decode(one.body)
        if not self._cloud:
            return str(body).lstrip().startswith(f"{{anchor:{MARK}}}")
        last = (body.get("content") or [None])[-1] if isinstance(body, dict) else None
        words = (last.get("content") or []) if isinstance(last, dict) else []
        marks = [mark for word in words for mark in word.get("marks") or []]
        return any(str((mark.get("attrs") or {}).get("href", "")).endswith(f"#{MARK}") for mark in marks)

    def _shown(self, one: _Comment) -> str:
        """What stands in a comment, written as a draft is."""
        if not self._cloud:
            return str(msgspec.json.decode(one.body)).replace("\r\n", "\n").strip()
        return _json(_bare(msgspec.json.decode(one.body)))


def _json(value: object) -> str:
    return msgspec.json.encode(value, order="sorted").decode()


def _property(standings: Sequence[Standing]) -> str:
    rows = [
        {
            "key": clean(one.key),
            "title": clean(one.title),
            "health": one.health,
            "delivery": one.delivery,
            "outcome": one.outcome,
            "url": one.url,
        }
        for one in standings
    ]
    return _json({"version": 1, "keyResults": rows})


def _document(standings: Sequence[Standing]) -> str:
    """The comment in Atlassian's document format."""
    blocks: list[object] = []
    if standings:
        blocks.append(_paragraph(_text("Key results that this work serves:")))
        rows = [{"type": "listItem", "content": [_paragraph(*_row(one))]} for one in standings]
        blocks.append({"type": "bulletList", "content": rows})
    else:
        blocks.append(_paragraph(_text(SERVES_NONE)))
    mark = {"type": "link", "attrs": {"href": f"#{MARK}"}}
    blocks.append(_paragraph(_text(KEPT, mark)))
    return _json({"type": "doc", "version": 1, "content": blocks})


def _row(one: Standing) -> list[object]:
    marks: list[object] = [{"type": "strong"}]
    if one.url:
        marks.append({"type": "link", "attrs": {"href": one.url}})
    rest = f" {' '.join(clean(one.title).split())}: {standing_words(one)}"
    return [_text(clean(one.key), *marks), _text(rest)]


def _paragraph(*content: object) -> dict[str, object]:
    return {"type": "paragraph", "content": list(content)}


def _text(words: str, *marks: object) -> dict[str, object]:
    return {"type": "text", "text": words} | ({"marks": list(marks)} if marks else {})


def _bare(node: Any) -> Any:
    """A document as we write it: without the ids and empty attributes that a site adds to its nodes."""
    if isinstance(node, list):
        return [_bare(one) for one in node]
    if not isinstance(node, dict):
        return node
    bare = {name: _bare(value) for name, value in node.items() if name != "attrs"}
    if node.get("type") == "link":
        bare["attrs"] = {"href": node.get("attrs", {}).get("href")}
    return bare


def _wiki(standings: Sequence[Standing]) -> str:
    lines = [f"{{anchor:{MARK}}}" + ("Key results that this work serves:" if standings else SERVES_NONE)]
    for one in standings:
        key = _escaped(one.key)
        name = f"[{key}|{one.url}]" if one.url else f"*{key}*"
        lines.append(f"* {name} {_escaped(' '.join(one.title.split()))}: {standing_words(one)}")
    return "\n".join([*lines, "", f"~{KEPT}~"])


def _escaped(text: str) -> str:
    return _WIKI.sub(r"\\\1", clean(text))
