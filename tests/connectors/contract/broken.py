"""Connectors with one mistake each, made out of right ones: what the contract suite must not let pass."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import msgspec

from connectors.base import Check, Context, Listing, Reading, Usage
from connectors.errors import Refused
from connectors.records import Category, Containers, Item, Looked, Page, Ref, Scope
from tests.connectors.contract.source import Source


class Broken:
    """Hands everything on to a right connector. Each mistake overrides one method."""

    def __init__(self, source: Source, context: Context, *scopes: str) -> None:
        self.context, self.right = context, source.connector(context, *scopes)
        self.kind, self.conditional = self.right.kind, self.right.conditional
        self.options_model = self.right.options_model

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


class ListsAScopeTwice(Broken):
    def scopes(self) -> Listing:
        listing = self.right.scopes()
        return replace(listing, scopes=[*listing.scopes, listing.scopes[0]])


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


class RefusesAnEmptyScope(Broken):
    def items(self, scope: Scope, reading: Reading, usage: Usage) -> Iterator[Page]:
        pages = list(self.right.items(scope, reading, usage))
        if not any(page.items for page in pages):
            raise Refused("There is nothing.", advice="Add something.")
        yield from pages


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


class StallsInATie(Broken):
    """Goes on behind the time of the last row: what else changed at that moment is passed over."""

    def items(self, scope: Scope, reading: Reading, usage: Usage) -> Iterator[Page]:
        seen = None
        for page in self.right.items(scope, reading, usage):
            page.items = [one for one in page.items if reading.since is None or one.updated_at != seen]
            seen = max((one.updated_at for one in page.items if one.updated_at), default=seen)
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


class LeavesFinishedItemsAlone(Broken):
    """Reads what is open, and each item once more when it is closed."""

    def __init__(self, source: Source, context: Context, *scopes: str) -> None:
        super().__init__(source, context, *scopes)
        self.closed: set[str] = set()

    def items(self, scope: Scope, reading: Reading, usage: Usage) -> Iterator[Page]:
        for page in self.right.items(scope, reading, usage):
            page.items = [one for one in page.items if one.external_id not in self.closed]
            self.closed |= {one.external_id for one in page.items if one.category == "done"}
            yield page


class ReadsEverythingEachTime(Broken):
    def items(self, scope: Scope, reading: Reading, usage: Usage) -> Iterator[Page]:
        yield from self.right.items(scope, replace(reading, since=None), usage)


class IgnoresValidators(Broken):
    def items(self, scope: Scope, reading: Reading, usage: Usage) -> Iterator[Page]:
        yield from self.right.items(scope, replace(reading, validators={}), usage)


class OnlyAddsLabels(Broken):
    def __init__(self, source: Source, context: Context, *scopes: str) -> None:
        super().__init__(source, context, *scopes)
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
