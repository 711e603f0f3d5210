"""Looking after single issues: there, moved to another repository, deleted, or out of sight."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from connectors.ahead import in_order
from connectors.base import Usage
from connectors.errors import Refused
from connectors.github import parse
from connectors.github.reading import Reader
from connectors.github.refusals import Missing
from connectors.records import Absence, Item, Looked, Ref, Scope, SetAside

PLACE = re.compile(r"/(?:repos/([^/]+/[^/]+)|repositories/(\d+))/issues/(\d+)/?$")


class Repository(msgspec.Struct):
    """As much of a repository as tells which one it is, and whether it has issues."""

    id: int
    full_name: str
    name: str = ""
    html_url: str = ""
    has_issues: bool = True
    archived: bool = False


class Placed(msgspec.Struct):
    """As much of an issue as tells which one it is, and where."""

    id: int
    number: int
    repository_url: str = ""
    pull_request: parse.PullRequest | None = None
    parent_issue_url: str | msgspec.UnsetType | None = msgspec.UNSET


@dataclass(frozen=True)
class _Gone:
    """An issue is not there any more. `absence` None: by a 404 or 410, which its repository has to confirm."""

    absence: Absence | None


@dataclass(frozen=True)
class _Found:
    item: Item | None
    set_aside: list[SetAside]


@dataclass(frozen=True)
class Looker:
    """Asks for issues one by one, through the transport of `reader`, several at a time."""

    reader: Reader

    def look(self, scope: Scope, refs: Sequence[Ref], usage: Usage) -> Looked:
        """What became of issues that were in the repository. Raises where the repository itself cannot be read."""
        looked, unproved = Looked(), []
        answers = in_order(
            lambda ref: self._one(scope, ref, usage), refs, width=max(1, self.reader.transport.in_flight)
        )
        for ref, answer in zip(refs, answers, strict=True):
            if isinstance(answer, _Gone):
                if answer.absence is None:
                    unproved.append(ref)
                else:
                    looked.gone[ref.external_id] = answer.absence
                continue
            looked.set_aside += answer.set_aside
            item = answer.item
            if item is None:  # it is there and cannot be read: its note stands for it
                continue
            looked.items.append(item)
            if item.external_id != ref.external_id:
                looked.moved[ref.external_id] = item.external_id
        if unproved:
            # Out of sight may be the repository as a whole, which proves nothing of its issues.
            self._readable(scope, usage)
            looked.gone |= {ref.external_id: "deleted" for ref in unproved}
        return looked

    def _one(self, scope: Scope, ref: Ref, usage: Usage) -> "_Found | _Gone":
        url = f"{self.reader.address(scope)}/issues/{ref.key.rpartition('#')[2]}"
        try:
            answer, body = self.reader.transport.get_json(url, into=msgspec.Raw, usage=usage)
        except Missing as error:
            return self._missing(scope, error, usage)
        place = PLACE.search(answer.place)
        if place is None:  # turned into a discussion, which is no work
            return _Gone("not_visible")
        page = _placed(bytes(body))
        if page is None:
            notes = parse.issue_page(b"[" + bytes(body) + b"]", scope, None).set_aside
            return _Found(None, [msgspec.structs.replace(note, external_id=ref.external_id) for note in notes])
        if (
            page.pull_request is not None
        ):  # an issue made into a pull request keeps its number, and is no issue for good
            return _Gone("deleted")
        if str(page.id) != ref.external_id and answer.place == url:
            # Another issue under the number of this one: its repository was replaced by one of the same name.
            return _Gone("not_visible")
        home = self._home(scope, page, place[2], usage)
        return self._item(home, page, bytes(body), usage)

    def _missing(self, scope: Scope, error: Missing, usage: Usage) -> _Gone:
        place = PLACE.search(error.place)
        if place is None or place[2] == scope.external_id or (place[1] or "").casefold() == scope.key.casefold():
            return _Gone(None)
        # Moved to another repository, of which the token may see nothing.
        address = error.place[: place.start(3) - len("/issues/")]
        return _Gone("deleted" if error.status == 410 and self._has_issues(address, usage) else "not_visible")

    def _has_issues(self, address: str, usage: Usage) -> bool:
        try:
            return self.reader.transport.get_json(address, into=Repository, usage=usage)[1].has_issues
        except Missing:
            return False

    def _home(self, scope: Scope, issue: Placed, repository_id: str | None, usage: Usage) -> Scope:
        """The repository where the issue is now: the one that was asked, or another one."""
        name = "/".join(issue.repository_url.rstrip("/").split("/")[-2:])
        if repository_id == scope.external_id or name.casefold() == scope.key.casefold():
            return scope
        address = f"/repositories/{repository_id}" if repository_id else f"/repos/{name}"
        _, found = self.reader.transport.get_json(address, into=Repository, usage=usage)
        return Scope(
            external_id=str(found.id),
            key=found.full_name,
            name=found.name,
            kind="repository",
            url=found.html_url,
            archived=found.archived,
        )

    def _item(self, home: Scope, issue: Placed, body: bytes, usage: Usage) -> _Found:
        parent = None
        if issue.parent_issue_url is msgspec.UNSET:
            parent = self.reader.parent(home, issue.number, usage)
        page = parse.issue_page(b"[" + body + b"]", home, self.reader.trailer, parent)
        items = self.reader.completed(home, page, usage)
        return _Found(items[0] if items else None, page.set_aside)

    def _readable(self, scope: Scope, usage: Usage) -> None:
        """Raises Refused where the repository is out of sight, is another one now, or has no issues any more."""
        _, found = self.reader.transport.get_json(f"/repos/{scope.key}", into=Repository, usage=usage)
        if str(found.id) != scope.external_id:
            raise Refused(
                f"{scope.key} is another repository now.",
                advice="Sync again: repositories are found anew by each sync.",
            )
        if not found.has_issues:
            raise Refused(
                f"{scope.key}: issues are disabled in this repository.",
                advice="Enable them in the repository's settings, or take it out of `repositories`.",
                status=410,
            )


def _placed(body: bytes) -> Placed | None:
    try:
        return msgspec.json.decode(body, type=Placed)
    except msgspec.ValidationError:
        return None
