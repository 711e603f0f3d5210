"""Fetching the changelogs of many issues of Jira Cloud at once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from connectors import text
from connectors.answers import ABSENT
from connectors.base import Usage
from connectors.errors import Refused, TryAgain
from connectors.jira.history import History, HistoryReader, IssueLog, Past, with_past
from connectors.jira.values import Id
from connectors.records import Item, SetAside
from connectors.transport import Transport

BULK = "/rest/api/3/changelog/bulkfetch"
ISSUES = 1000
"""How many issues may be asked for at once."""
FIELDS = 10
HISTORIES = 5000
NOT_TOLD = ABSENT | {403}
"""How a site answers that does not tell histories, or not to this account."""


class _Page(msgspec.Struct):
    logs: list[msgspec.Raw] = msgspec.field(default_factory=list, name="issueChangeLogs")
    next_page_token: str | None = msgspec.field(default=None, name="nextPageToken")


class _Handle(msgspec.Struct):
    issue: Id | None = msgspec.field(default=None, name="issueId")


@dataclass
class Pasts:
    """Histories by issue id. An issue that is in neither has none; those of `unreadable` have one that is not known."""

    known: dict[str, Past] = field(default_factory=dict)
    unreadable: dict[str | None, SetAside] = field(default_factory=dict)

    def apply(self, items: list[Item]) -> tuple[list[Item], list[SetAside]]:
        """The items with their histories, and a note on each whose history cannot be read."""
        told = [
            item if item.external_id in self.unreadable else with_past(item, self.known.get(item.external_id, Past()))
            for item in items
        ]
        return told, [note for item in items if (note := self.unreadable.get(item.external_id))]


class Changelogs:
    """Fetches changelogs of one site."""

    def __init__(self, transport: Transport, reader: HistoryReader) -> None:
        self._transport = transport
        self._reader = reader
        self._tells = True
        self._log = msgspec.json.Decoder(IssueLog)
        self._handle = msgspec.json.Decoder(_Handle)

    def fetch(self, ids: Sequence[str], usage: Usage) -> Pasts | None:
        """The whole histories of up to 1,000 issues. None where the site does not tell them, or not to this account.

        Raises TryAgain where they do not come to an end.
        """
        if not self._tells:
            return None
        try:
            try:
                return self._read(ids, usage)
            except _Expired:  # while waiting for a limit, say: what came before is read again
                return self._read(ids, usage)
        except Refused as error:
            if error.status not in NOT_TOLD:
                raise
            self._tells = False
            return None

    def _read(self, ids: Sequence[str], usage: Usage) -> Pasts:
        found, histories = Pasts(), dict[str, dict[str, History]]()
        for page in self._pages(ids, usage):
            for raw in page.logs:
                try:
                    log = self._log.decode(raw)
                except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                    note = SetAside(
                        external_id=self._named(raw),
                        reason=f"Its history cannot be read: {error}",
                        excerpt=text.excerpt(bytes(raw)),
                        whole=False,
                    )
                    found.unreadable[note.external_id] = note
                    continue
                # A page that comes twice adds nothing: each history has a number of its own.
                histories.setdefault(str(log.issue), {}).update((str(one.id), one) for one in log.histories)
        found.known = {issue: self._reader.past(one.values()) for issue, one in histories.items()}
        return found

    def _pages(self, ids: Sequence[str], usage: Usage) -> Iterator[_Page]:
        asked: dict[str, Any] = {
            "issueIdsOrKeys": list(ids),
            "fieldIds": self._reader.field_ids[:FIELDS],
            "maxResults": HISTORIES,
        }
        seen: set[str] = set()

        def goes_on(page: _Page) -> None:
            if page.next_page_token in seen:
                raise TryAgain(f"{BULK} named the same next page twice, and would never end")

        while True:
            try:
                _, page = self._transport.post_json(BULK, asked, into=_Page, usage=usage, check=goes_on)
            except Refused as error:
                if error.status == 400 and "nextPageToken" in asked:
                    raise _Expired(error.message, advice=error.advice, status=400) from error
                raise
            yield page
            token = page.next_page_token
            if not token:
                return
            seen.add(token)
            asked["nextPageToken"] = token

    def _named(self, raw: msgspec.Raw) -> str | None:
        try:
            issue = self._handle.decode(raw).issue
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None
        return None if issue is None else str(issue)


class _Expired(Refused):
    """The token of a next page is not known any more."""
