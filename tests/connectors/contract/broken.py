"""Connectors with one mistake each, made out of right ones: what the contract suite must not let pass."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from connectors.base import Check, Connector, Context, Listing, Reading, Usage
from connectors.errors import Cancelled, Refused, TryAgain
from connectors.records import Category, Containers, Item, Looked, Page, Ref, Scope


class Broken:
    """Hands everything on to a right connector. Each mistake overrides one method."""

    def __init__(self, right: Connector, context: Context) -> None:
        self.right, self.context = right, context
        self.kind, self.conditional, self.options_model = right.kind, right.conditional, right.options_model

    @property
    def overlap(self) -> timedelta:
        return self.right.overlap

    def doctor(self) -> list[Check]:
        return self.right.doctor()

    def scopes(self) -> Listing:
        return self.right.scopes()

    def containers(self, scope: Scope, validators: dict[str, str], usage: Usage) -> Containers | None:
        return self.right.containers(scope, validators, usage)

    def items(self, scope: Scope, reading: Reading, usage: Usage) -> Iterator[Page]:
        yield from self.right.items(scope, reading, usage)

    def ids(self, scope: Scope, usage: Usage) -> Iterator[dict[str, Category]] | None:
        return self.right.ids(scope, usage)

    def look(self, scope: Scope, refs: Sequence[Ref], usage: Usage) -> Looked:
        return self.right.look(scope, refs, usage)

    def matching(self, query: str, usage: Usage) -> set[str]:
        return self.right.matching(query, usage)

    def close(self) -> None:
        self.right.close()

    def _changed(self, pages: Iterator[Page], change: Callable[[Item], Item]) -> Iterator[Page]:
        for page in pages:
            page.items = [change(item) for item in page.items]
            yield page


class HidesRefusedScopes(Broken):
    def scopes(self) -> Listing:
        return replace(self.right.scopes(), refused=[])


class OneRefusedScopeStopsAll(Broken):
    def scopes(self) -> Listing:
        listing = self.right.scopes()
        if listing.refused:
            raise listing.refused[0][1]
        return listing


class ListsNothingInsteadOfRefusing(Broken):
    def scopes(self) -> Listing:
        try:
            return self.right.scopes()
        except Refused:
            return Listing([])


class StopsBeforeTheLastPage(Broken):
    def items(self, scope: Scope, reading: Reading, usage: Usage) -> Iterator[Page]:
        pages = list(self.right.items(scope, reading, usage))
        for page in pages[: max(len(pages) - 1, 1)]:
            page.resume = None if page is pages[max(len(pages) - 2, 0)] else page.resume
            yield page


class HoldsEverythingInMemory(Broken):
    def items(self, scope: Scope, reading: Reading, usage: Usage) -> Iterator[Page]:
        pages = list(self.right.items(scope, reading, usage))
        if pages:
            yield Page(items=[item for page in pages for item in page.items], clock=pages[0].clock)


class CountsPagesInOrderOfChange(Broken):
    """Offset and `ORDER BY updated`: an edit takes a row to the end, and the next page begins one row too far."""

    def items(self, scope: Scope, reading: Reading, usage: Usage) -> Iterator[Page]:
        at = int(reading.resume or 0)
        while True:
            pages = list(self.right.items(scope, Reading(reading.since), usage))
            rows = [item for page in pages for item in page.items]
            rows.sort(key=lambda item: (item.updated_at or datetime.min.replace(tzinfo=UTC), item.external_id))
            part, clock = rows[at : at + 50], pages[0].clock if at == 0 and pages else None
            at += 50
            yield Page(items=part, clock=clock, resume=str(at) if at < len(rows) else None)
            if at >= len(rows):
                return


class ResumesAPageTooFar(Broken):
    def items(self, scope: Scope, reading: Reading, usage: Usage) -> Iterator[Page]:
        pages = list(self.right.items(scope, reading, usage))
        for page, following in zip(pages, [*pages[1:], None], strict=True):
            if page.resume and following and following.resume:
                page.resume = following.resume
            yield page


class NeverResumes(Broken):
    def items(self, scope: Scope, reading: Reading, usage: Usage) -> Iterator[Page]:
        for page in self.right.items(scope, reading, usage):
            page.resume = None
            yield page


class TakesOurClock(Broken):
    def items(self, scope: Scope, reading: Reading, usage: Usage) -> Iterator[Page]:
        for page in self.right.items(scope, reading, usage):
            page.clock = page.clock and self.context.now()
            yield page


class TakesTheLargestUpdate(Broken):
    def items(self, scope: Scope, reading: Reading, usage: Usage) -> Iterator[Page]:
        for page in self.right.items(scope, reading, usage):
            times = [item.updated_at for item in page.items if item.updated_at]
            page.clock = max(times) if times else page.clock
            yield page


class LeavesTheBoundaryOut(Broken):
    def items(self, scope: Scope, reading: Reading, usage: Usage) -> Iterator[Page]:
        for page in self.right.items(scope, reading, usage):
            since = reading.since
            page.items = [one for one in page.items if not (since and one.updated_at and one.updated_at <= since)]
            yield page


class HasACeiling(Broken):
    def items(self, scope: Scope, reading: Reading, usage: Usage) -> Iterator[Page]:
        now = self.context.now()
        for page in self.right.items(scope, reading, usage):
            page.items = [one for one in page.items if not (reading.since and one.updated_at and one.updated_at > now)]
            yield page


class ReadsOnlyWhatIsNew(Broken):
    def items(self, scope: Scope, reading: Reading, usage: Usage) -> Iterator[Page]:
        for page in self.right.items(scope, reading, usage):
            since = reading.since
            page.items = [one for one in page.items if not (since and one.created_at and one.created_at < since)]
            yield page


class ReadsEverythingEachTime(Broken):
    def items(self, scope: Scope, reading: Reading, usage: Usage) -> Iterator[Page]:
        yield from self.right.items(scope, replace(reading, since=None), usage)


class IgnoresValidators(Broken):
    def items(self, scope: Scope, reading: Reading, usage: Usage) -> Iterator[Page]:
        yield from self.right.items(scope, replace(reading, validators={}), usage)


class OnlyAddsLabels(Broken):
    def __init__(self, right: Connector, context: Context) -> None:
        super().__init__(right, context)
        self.seen: dict[str, set[str]] = {}

    def items(self, scope: Scope, reading: Reading, usage: Usage) -> Iterator[Page]:
        def change(item: Item) -> Item:
            seen = self.seen.setdefault(item.external_id, set())
            seen.update(item.labels)
            return msgspec.structs.replace(item, labels=tuple(sorted(seen)))

        yield from self._changed(self.right.items(scope, reading, usage), change)


class GivesOneContainerOnly(Broken):
    def containers(self, scope: Scope, validators: dict[str, str], usage: Usage) -> Containers | None:
        found = self.right.containers(scope, validators, usage)
        return found and Containers(containers=found.containers[-1:], validators=found.validators)


class CallsContainersUnchanged(Broken):
    def containers(self, scope: Scope, validators: dict[str, str], usage: Usage) -> Containers | None:
        return None if validators else self.right.containers(scope, validators, usage)


class CountsNoRequests(Broken):
    def items(self, scope: Scope, reading: Reading, usage: Usage) -> Iterator[Page]:
        yield from self.right.items(scope, reading, Usage())


class LeavesTextsAsTheyCome(Broken):
    def items(self, scope: Scope, reading: Reading, usage: Usage) -> Iterator[Page]:
        yield from self._changed(
            self.right.items(scope, reading, usage),
            lambda item: msgspec.structs.replace(item, title=item.title.replace("Nothing", "No\x00thing")),
        )


class ForgetsTheZone(Broken):
    def items(self, scope: Scope, reading: Reading, usage: Usage) -> Iterator[Page]:
        yield from self._changed(
            self.right.items(scope, reading, usage),
            lambda item: msgspec.structs.replace(
                item, created_at=item.created_at and item.created_at.replace(tzinfo=None)
            ),
        )


class RepeatsLabels(Broken):
    def items(self, scope: Scope, reading: Reading, usage: Usage) -> Iterator[Page]:
        yield from self._changed(
            self.right.items(scope, reading, usage),
            lambda item: msgspec.structs.replace(item, labels=(*item.labels, *item.labels)),
        )


class KeepsOneScopeForAllThreads(Broken):
    def items(self, scope: Scope, reading: Reading, usage: Usage) -> Iterator[Page]:
        self.scope = scope
        return self._read(reading, usage)

    def _read(self, reading: Reading, usage: Usage) -> Iterator[Page]:
        yield from self.right.items(self.scope, reading, usage)


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
        return Looked(found.items, dict.fromkeys(found.gone, "deleted"), found.moved, found.set_aside)


class CallsDeletedHidden(Broken):
    def look(self, scope: Scope, refs: Sequence[Ref], usage: Usage) -> Looked:
        found = self.right.look(scope, refs, usage)
        return Looked(found.items, dict.fromkeys(found.gone, "not_visible"), found.moved, found.set_aside)


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
        gone: Any = {**found.gone, **dict.fromkeys(found.moved, "not_visible")}
        return Looked([item for item in found.items if item.external_id not in new], gone, {}, found.set_aside)


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

    def __init__(self, right: Connector, context: Context) -> None:
        super().__init__(right, context)
        sleep = context.sleep
        context.sleep = lambda seconds: sleep(min(seconds, 20))


class FallsOverInDoctor(Broken):
    def doctor(self) -> list[Check]:
        checks = self.right.doctor()
        if not all(check.ok for check in checks):
            raise Refused("Something is wrong.", advice="Mend it.")
        return checks


@dataclass(frozen=True)
class Case:
    """A mistake, the rule that must catch it, and the tool at which it shows."""

    mistake: type[Broken]
    rule: str
    at: str
