"""More connectors with one mistake each: about ids, about what became of items, and about errors."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import msgspec

from connectors.base import Check, Context, Reading, Usage
from connectors.errors import Cancelled, Refused, TryAgain
from connectors.records import Category, Looked, Page, Ref, Scope
from tests.connectors.contract.broken import Broken
from tests.connectors.contract.source import Source


class MatchesNothingWhenRefused(Broken):
    def matching(self, query: str, usage: Usage) -> set[str]:
        try:
            return self.right.matching(query, usage)
        except Refused:
            return set()


class CutsTheIdsShort(Broken):
    def ids(self, scope: Scope, usage: Usage) -> Iterator[dict[str, Category]] | None:
        for part in self.right.ids(scope, usage) or ():
            yield dict(list(part.items())[:100])


class ListsIdsOfTheDeparted(Broken):
    def ids(self, scope: Scope, usage: Usage) -> Iterator[dict[str, Category]] | None:
        yield from self.right.ids(scope, usage) or ()
        yield {"1": "todo"}


class CallsHiddenDeleted(Broken):
    def look(self, scope: Scope, refs: Sequence[Ref], usage: Usage) -> Looked:
        found = self.right.look(scope, refs, usage)
        return msgspec.structs.replace(found, gone=dict.fromkeys(found.gone, "deleted"))


class CallsDeletedHidden(Broken):
    def look(self, scope: Scope, refs: Sequence[Ref], usage: Usage) -> Looked:
        found = self.right.look(scope, refs, usage)
        return msgspec.structs.replace(found, gone=dict.fromkeys(found.gone, "not_visible"))


class ForgetsSomeWhenLooking(Broken):
    def look(self, scope: Scope, refs: Sequence[Ref], usage: Usage) -> Looked:
        return self.right.look(scope, refs[:-1], usage)


class LooksInTheOldPlaceOnly(Broken):
    def look(self, scope: Scope, refs: Sequence[Ref], usage: Usage) -> Looked:
        found = self.right.look(scope, refs, usage)
        found.items = [msgspec.structs.replace(item, scope=scope.external_id) for item in found.items]
        return found


class TakesATransferForALoss(Broken):
    def look(self, scope: Scope, refs: Sequence[Ref], usage: Usage) -> Looked:
        found = self.right.look(scope, refs, usage)
        new = set(found.moved.values())
        items = [item for item in found.items if item.external_id not in new]
        gone = {**found.gone, **dict.fromkeys(found.moved, "not_visible")}
        return msgspec.structs.replace(found, items=items, gone=gone, moved={})


class LosesAllWithTheScope(Broken):
    def look(self, scope: Scope, refs: Sequence[Ref], usage: Usage) -> Looked:
        try:
            return self.right.look(scope, refs, usage)
        except Refused:
            return Looked(gone={ref.external_id: "not_visible" for ref in refs})


class TakesARefusalForEmpty(Broken):
    def items(self, scope: Scope, reading: Reading, usage: Usage) -> Iterator[Page]:
        try:
            yield from self.right.items(scope, reading, usage)
        except Refused:
            yield Page(items=[], clock=self.context.now())


class GivesUpAtOnce(Broken):
    def items(self, scope: Scope, reading: Reading, usage: Usage) -> Iterator[Page]:
        try:
            yield from self.right.items(scope, reading, usage)
        except TryAgain as error:
            raise Refused(error.message, advice="Call somebody.") from error


class EndsQuietlyWhenItBreaks(Broken):
    def items(self, scope: Scope, reading: Reading, usage: Usage) -> Iterator[Page]:
        try:
            yield from self.right.items(scope, reading, usage)
        except TryAgain:
            yield Page(items=[])


class DropsWhatCameLate(Broken):
    def __init__(self, source: Source, context: Context, *scopes: str) -> None:
        self.late = False
        super().__init__(source, replace(context, sleep=self._sleep), *scopes)
        self.sleep = context.sleep

    def _sleep(self, seconds: float) -> None:
        self.late = True
        self.sleep(seconds)

    def items(self, scope: Scope, reading: Reading, usage: Usage) -> Iterator[Page]:
        for page in self.right.items(scope, reading, usage):
            page.items = [] if self.late else page.items
            yield page


class RefusesWithoutAdvice(Broken):
    def items(self, scope: Scope, reading: Reading, usage: Usage) -> Iterator[Page]:
        try:
            yield from self.right.items(scope, reading, usage)
        except Refused as error:
            raise Refused(error.message, status=error.status) from error


class DropsBadRecords(Broken):
    def items(self, scope: Scope, reading: Reading, usage: Usage) -> Iterator[Page]:
        for page in self.right.items(scope, reading, usage):
            page.set_aside = []
            yield page


class LosesThePageOfABadRecord(Broken):
    def items(self, scope: Scope, reading: Reading, usage: Usage) -> Iterator[Page]:
        for page in self.right.items(scope, reading, usage):
            page.items = [] if page.set_aside else page.items
            yield page


class TakesAStopForTheEnd(Broken):
    def items(self, scope: Scope, reading: Reading, usage: Usage) -> Iterator[Page]:
        try:
            yield from self.right.items(scope, reading, usage)
        except Cancelled:
            return


class WaitsLessThanTold(Broken):
    """As libraries do: waits of a minute and more are cut to some seconds."""

    def __init__(self, source: Source, context: Context, *scopes: str) -> None:
        sleep = context.sleep
        super().__init__(source, replace(context, sleep=lambda seconds: sleep(min(seconds, 20))), *scopes)


class FallsOverInDoctor(Broken):
    def doctor(self) -> list[Check]:
        checks = self.right.doctor()
        if not all(check.ok for check in checks):
            raise Refused("Something is wrong.", advice="Mend it.")
        return checks
