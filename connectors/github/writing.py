"""Writing to GitHub: one comment at an issue that is edited in place, or a label for each key result."""

import hashlib
import re
from collections.abc import Callable, Sequence
from urllib.parse import quote

import msgspec

from config.write_back import OWN_LABEL, is_own
from connectors.answers import Answer
from connectors.base import Check, Usage
from connectors.errors import Refused, SourceError
from connectors.github.refusals import Missing
from connectors.records import Ref, Scope
from connectors.text import clean
from connectors.transport import Transport
from connectors.writing import KEPT, SERVES_NONE, Put, Standing, Touched, standing_words

MARK = "<!-- northing:write-back -->"
"""Begins our comment: invisible in GitHub's pages, and in no text that people write."""
LABEL_LENGTH = 50
DESCRIPTION_LENGTH = 100
COLOURS = {"on_track": "1a7f37", "behind": "d29922", "at_risk": "cf222e", "closed": "8250df"}
OTHER_COLOUR = "6e7781"
_SPECIAL = re.compile(r"([\\`*_{}\[\]()<>#+!|~&-])")
_CALLS = re.compile(r"([@#]|\bGH\\-|https?:/)(?=\w|/)", re.IGNORECASE)
"""What GitHub takes for a mention or a reference, in text whose markup is escaped."""
_INVISIBLE = "\u2060"
_CONFLICT = 422
GONE = {404, 410}


class _Issue(msgspec.Struct):
    id: int
    updated_at: str | None = None


class _Comment(msgspec.Struct):
    id: int
    body: str | None = None


class _Label(msgspec.Struct):
    name: str
    color: str = ""
    description: str | None = None


class _Permissions(msgspec.Struct):
    pull: bool = False
    triage: bool = False
    push: bool = False


class _Repository(msgspec.Struct):
    permissions: _Permissions | None = None


def draft(form: str, standings: Sequence[Standing]) -> str | None:
    """The comment's text, or the labels' names with a line end between them."""
    if form == "label":
        return "\n".join(sorted(_labels(standings))) or None
    lines = [MARK, ""]
    if standings:
        lines += ["Key results that this work serves:", "", *(_line(one) for one in standings)]
    else:
        lines.append(SERVES_NONE)
    return "\n".join([*lines, "", f"<sub>{KEPT}</sub>"])


def shared(form: str, standings: Sequence[Standing]) -> dict[str, str]:
    """A label's colour and description by its name: how its key result stands, which so needs no touching of issues."""
    if form != "label":
        return {}
    return {name: _definition(one) for name, one in _labels(standings).items()}


def _labels(standings: Sequence[Standing]) -> dict[str, Standing]:
    """The key results by label. GitHub tells labels that differ by case alone not apart: the first one has it."""
    by_name: dict[str, tuple[str, Standing]] = {}
    for one in standings:
        name = label_of(one.key)
        by_name.setdefault(name.casefold(), (name, one))
    return dict(by_name.values())


def label_of(key: str) -> str:
    """The label of a key result. A key that is too long for a label is cut, and stays one of a kind."""
    name = f"{OWN_LABEL}{' '.join(clean(key).split())}"
    if len(name) <= LABEL_LENGTH:
        return name
    return f"{name[: LABEL_LENGTH - 9]}~{hashlib.sha256(key.encode()).hexdigest()[:8]}"


def _definition(one: Standing) -> str:
    title = "".join(letter for letter in one.title if letter <= "\uffff")  # others are refused here
    words = f"{standing_words(one)}: {' '.join(title.split())}"
    said = words if len(words) <= DESCRIPTION_LENGTH else f"{words[: DESCRIPTION_LENGTH - 1]}…"
    return f"#{COLOURS.get(one.health, OTHER_COLOUR)} {said}"


def _line(one: Standing) -> str:
    name = f"[**{_plain(one.key)}**]({quote(one.url, safe=':/?&=%')})" if one.url else f"**{_plain(one.key)}**"
    return f"- {name} {_plain(one.title)}: {standing_words(one)}"


def _plain(text: str) -> str:
    """`text` as it stands: no markup, and nobody is mentioned and nothing referred to."""
    escaped = _SPECIAL.sub(r"\\\1", " ".join(clean(text).split()))
    return _CALLS.sub(rf"\1{_INVISIBLE}", escaped)


class Writer:
    """Writes through a connection's transport."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def touched(self, scope: Scope, ref: Ref, usage: Usage) -> Touched | None:
        """When the issue last changed; None where it is gone, or another one stands there.

        That of another repository answers, too, where it was moved: GitHub leads there, and gives it another id.
        """
        try:
            answer, issue = self._transport.get_json(self._issue(scope, ref), into=_Issue, usage=usage)
        except Missing:
            return None
        if str(issue.id) != ref.external_id:
            return None
        return Touched.told(issue.updated_at, answer.clock)

    def put(self, form: str, scope: Scope, ref: Ref, content: str | None, known: str | None, usage: Usage) -> Put:
        """Writes the comment, or puts labels on and takes ours off that do not belong there any more."""
        if form == "label":
            return self._labels(scope, ref, content, usage)
        assert content is not None, "a comment is never taken away"
        if known is not None and (edited := self._edited(scope, known, content, usage)) is not None:
            return Put(known, wrote=edited)
        looks: list[_Comment | None] = []

        def before() -> Answer | None:
            answer, found = self._found(scope, ref, usage)
            looks.append(found)
            return answer if found is not None else None

        answer = self._send("POST", f"{self._issue(scope, ref)}/comments", {"body": content}, usage, before)
        if (there := looks[-1]) is None:
            return Put(str(answer.decode(_Comment).id), wrote=True)
        identity = str(there.id)
        edited = self._edited(scope, identity, content, usage)
        # What was not there at the first look was made by an attempt whose answer was lost.
        return Put(identity, wrote=bool(edited) or len(looks) > 1)

    def put_shared(self, scope: Scope, name: str, content: str | None, usage: Usage) -> bool:
        """Makes, changes or deletes a label of the repository."""
        place = f"{_repository(scope)}/labels"
        one = f"{place}/{quote(name, safe='')}"
        there = self._label(one, usage)
        if content is None:
            if there is not None:
                self._delete(one, lambda: self._label(one, usage) is not None, usage)
            return there is not None
        color, _, description = content.removeprefix("#").partition(" ")
        wanted = {"color": color, "description": description}
        if there is None:
            try:
                self._send("POST", place, {"name": name, **wanted}, usage)
            except Refused as error:
                if error.status != _CONFLICT:  # made by an attempt whose answer was lost
                    raise
        elif (there.color.casefold(), there.description or "") != (color, description):
            self._send("PATCH", one, wanted, usage)
        else:
            return False
        return True

    def write_checks(self, form: str, scopes: Sequence[Scope], usage: Usage) -> list[Check]:
        """What the account's role in each repository allows. What the token itself may is not told before it writes."""
        lacking, shut = [], []
        for scope in scopes:
            try:
                role = self._transport.get_json(_repository(scope), into=_Repository, usage=usage)[1].permissions
            except SourceError as error:
                shut.append(Check("write-back", ok=False, detail=error.message, advice=error.advice))
                continue
            if role is not None and not (role.pull if form == "comment" else role.triage or role.push):
                lacking.append(scope.key)
        fine = len(scopes) - len(shut) - len(lacking)
        found = list(shut)
        if fine:
            words = f"{form}s can be written to {fine} of {len(scopes)} repositories, by the account's role; what the"
            found.append(Check("write-back", ok=True, detail=f"{words} token may shows only when it writes"))
        if lacking:
            detail = f"the account may not write to {', '.join(lacking)}"
            advice = "Give the account the role Triage there, and the token the permission “Issues: write”."
            found.append(Check("write-back", ok=False, detail=detail, advice=advice))
        return found

    def _edited(self, scope: Scope, identity: str, content: str, usage: Usage) -> bool | None:
        """Whether the comment was changed; None where it is not there any more, or is not ours."""
        place = f"{_repository(scope)}/issues/comments/{identity}"
        try:
            there = self._transport.get_json(place, into=_Comment, usage=usage)[1]
        except Missing:
            return None
        if not _is_ours(there):
            return None
        if _same(there.body, content):
            return False
        self._send("PATCH", place, {"body": content}, usage)
        return True

    def _found(self, scope: Scope, ref: Ref, usage: Usage) -> tuple[Answer, _Comment | None]:
        """Our comment among those of the issue."""
        url: str | None = f"{self._issue(scope, ref)}/comments?per_page=100"
        while True:
            answer = self._transport.ask(url, usage=usage)
            found = next((one for one in answer.decode(list[_Comment]) if _is_ours(one)), None)
            url = answer.next_url
            if found is not None or url is None:
                return answer, found

    def _labels(self, scope: Scope, ref: Ref, content: str | None, usage: Usage) -> Put:
        place = f"{self._issue(scope, ref)}/labels"
        wanted = {name.casefold(): name for name in (content or "").split("\n") if name}
        answer, there = self._transport.get_json(f"{place}?per_page=100", into=list[_Label], usage=usage)
        while answer.next_url:
            answer, more = self._transport.get_json(answer.next_url, into=list[_Label], usage=usage)
            there += more
        ours = {one.name.casefold(): one.name for one in there if is_own(one.name)}
        missing = [name for folded, name in wanted.items() if folded not in ours]
        if missing:
            self._send("POST", place, {"labels": missing}, usage)
        superfluous = [name for folded, name in ours.items() if folded not in wanted]
        for name in superfluous:

            def there_still(name: str = name) -> bool:
                rows = self._transport.get_json(f"{place}?per_page=100", into=list[_Label], usage=usage)[1]
                return any(one.name == name for one in rows)

            self._delete(f"{place}/{quote(name, safe='')}", there_still, usage)
        return Put("labels" if wanted else None, wrote=bool(missing or superfluous))

    def _label(self, place: str, usage: Usage) -> _Label | None:
        try:
            return self._transport.get_json(place, into=_Label, usage=usage)[1]
        except Missing:
            return None

    def _delete(self, place: str, there_still: Callable[[], bool], usage: Usage) -> None:
        """Deletes what was seen there. A 404 stands for a lost answer to an earlier attempt, or for a refusal."""
        try:
            self._send("DELETE", place, None, usage)
        except Refused as error:
            if error.status not in GONE or there_still():
                raise

    def _send(
        self,
        method: str,
        place: str,
        json: object,
        usage: Usage,
        before: Callable[[], Answer | None] = lambda: None,
    ) -> Answer:
        try:
            return self._transport.send(method, place, json, usage=usage, before=before)
        except Missing as error:  # GitHub hides what a token may not do
            raise Refused(
                f"{error.place} is not to be written to: it is gone, or the token may only read it.",
                advice="Give the token the permission “Issues: write” (a classic one the scope `repo`), and the "
                "account the role Triage.",
                status=error.status,
            ) from error

    def _issue(self, scope: Scope, ref: Ref) -> str:
        return f"{_repository(scope)}/issues/{ref.key.rpartition('#')[2]}"


def _repository(scope: Scope) -> str:
    return f"/repos/{scope.key}"


def _is_ours(one: _Comment) -> bool:
    return (one.body or "").lstrip().startswith(MARK)


def _same(there: str | None, wanted: str) -> bool:
    """GitHub gives line ends back as they came, or as CR and LF."""
    return (there or "").replace("\r\n", "\n").strip() == wanted.strip()
