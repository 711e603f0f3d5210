"""The changelogs inside issues, as Data Center gives them: whole, or cut in a search."""

import msgspec

from connectors import text
from connectors.answers import ABSENT
from connectors.base import Usage
from connectors.errors import Refused, TryAgain
from connectors.jira.history import Changelog, History, HistoryReader, Past, with_past
from connectors.jira.parse import Read
from connectors.records import Item, SetAside
from connectors.transport import Transport

HISTORIES_A_PAGE = 100


class _Alone(msgspec.Struct):
    changelog: Changelog | None = None


class _Histories(msgspec.Struct):
    values: list[History]
    total: int


class InsideIssues:
    """Puts the histories that came with issues into the items."""

    def __init__(self, transport: Transport, reader: HistoryReader) -> None:
        self._transport = transport
        self._reader = reader
        self._decoder = msgspec.json.Decoder(Changelog)

    def apply(self, read: Read, usage: Usage) -> Read:
        """The same with whole histories. Items keep none where the site tells none; a note says where one cannot be
        had whole.
        """
        items = [
            self._told(item, raw, read.set_aside, usage) if bytes(raw) else item
            for item, raw in zip(read.items, read.changelogs, strict=True)
        ]
        return Read(items, read.set_aside, read.ids)

    def _told(self, item: Item, raw: msgspec.Raw, notes: list[SetAside], usage: Usage) -> Item:
        try:
            log = self._decoder.decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            reason = f"Its history cannot be read: {error}"
            notes.append(
                SetAside(external_id=item.external_id, reason=reason, excerpt=text.excerpt(bytes(raw)), whole=False)
            )
            return item
        past = self._whole(item.external_id, log, usage)
        if past is None:
            reason = f"Its history is cut: {len(log.histories)} of {log.total} changes are told"
            notes.append(SetAside(external_id=item.external_id, reason=reason, excerpt="", whole=False))
            return item
        return with_past(item, past)

    def _whole(self, issue: str, log: Changelog, usage: Usage) -> Past | None:
        if _is_cut(log):
            path = f"/rest/api/2/issue/{issue}"
            params = {"fields": "status", "expand": "changelog"}
            alone = self._transport.get_json(path, params=params, into=_Alone, usage=usage)[1].changelog
            if alone is not None and not _is_cut(alone):
                log = alone
            elif (rows := self._paged(f"{path}/changelog", usage)) is not None:
                log = Changelog(rows)
            else:
                return None
        return self._reader.past(log.histories)

    def _paged(self, path: str, usage: Usage) -> list[History] | None:
        """All histories by pages. None where the site has no such call, as before its version 10."""
        found: list[History] = []
        while True:
            params = {"startAt": len(found), "maxResults": HISTORIES_A_PAGE}
            try:
                _, page = self._transport.get_json(path, params=params, into=_Histories, usage=usage)
            except Refused as error:
                if error.status not in ABSENT:
                    raise
                return None
            found += page.values
            if len(found) >= page.total:
                return found
            if not page.values:
                raise TryAgain(f"{path} gave no rows from {len(found)} on, of {page.total}")


def _is_cut(log: Changelog) -> bool:
    return log.total is not None and log.total > len(log.histories)
