"""Rules about errors: each is sorted by what follows from it, none is taken for an answer."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from connectors.base import Reading, Usage
from connectors.errors import Cancelled, Refused, SourceError, TryAgain
from connectors.records import Ref
from tests.connectors.contract.rules_reading import Rule, fill
from tests.connectors.contract.source import PASSING, REFUSED, Mirror, Program, Source, mirror


def _questions(source: Source, kept: Mirror, item: str) -> dict[str, Callable[[], object]]:
    """Every way of asking for what a scope holds."""
    connector, scope, usage = kept.connector, kept.scope, Usage()
    refs = [Ref(external_id=item, key=source.key(item))]
    return {
        "items": lambda: list(connector.items(scope, Reading(), usage)),
        "ids": lambda: list(connector.ids(scope, usage) or connector.items(scope, Reading(), usage)),
        "look": lambda: connector.look(scope, refs, usage),
        "scopes": connector.scopes,
    }


def what_a_person_must_mend_is_refused(source: Source) -> None:
    [item] = fill(source, 1)
    for fault in sorted(source.faults & REFUSED - {"418"}):
        kept = mirror(source)
        for name, ask in _questions(source, kept, item).items():
            # What the tool itself tells to be gone is an answer of `look`, of one item; elsewhere it is a refusal.
            if name == "look" and fault in ("404", "410"):
                continue
            source.fail(fault)
            with pytest.raises(Refused) as raised:
                ask()
            assert raised.value.message, f"{name} tells what happened"
            assert raised.value.advice, f"{name} tells what to do"
            source.fail(fault, times=0)


def no_refusal_is_an_empty_answer(source: Source) -> None:  # bug 19
    [item] = fill(source, 1)
    for fault in sorted(source.faults & {"418"}):
        kept = mirror(source)
        for ask in _questions(source, kept, item).values():
            source.fail(fault)
            with pytest.raises(SourceError):
                ask()
            source.fail(fault, times=0)


def what_may_pass_is_tried_again(source: Source) -> None:  # bug 20
    [item] = fill(source, 1)
    for fault in sorted(source.faults & PASSING):
        kept = mirror(source)
        for name, ask in _questions(source, kept, item).items():
            right = ask()
            source.fail(fault)
            # What is told without the broken part must be true.
            told = _told_or_to_try_again(ask)
            assert told is None or (told == right and name == "scopes")
            source.fail(fault, times=0)


def _told_or_to_try_again(ask: Callable[[], object]) -> object | None:
    try:
        return ask()
    except TryAgain:
        return None


def a_passing_fault_loses_nothing(source: Source) -> None:
    fill(source)
    for fault in sorted(source.faults & PASSING):
        kept = mirror(source)
        kept.read(pages=1)
        source.fail(fault, times=1)
        try:
            kept.read()
        except TryAgain:
            source.fail(fault, times=0)
            kept.read()
        assert kept.shown() == source.truth()


def a_bad_record_is_set_aside_and_the_page_goes_on(source: Source) -> None:
    items = fill(source, 5)
    source.spoil(items[2])
    kept = mirror(source)
    kept.read()
    assert set(kept.items) == set(items) - {items[2]}
    assert [note.whole for note in kept.set_aside] == [True]
    for note in kept.set_aside:
        assert note.external_id in (items[2], None)
        assert note.reason
        assert note.excerpt


def a_stopped_reading_is_no_complete_one(source: Source) -> None:
    [item] = fill(source, 1)
    program = Program()
    kept = mirror(source, program)
    program.stop.set()
    for name, ask in _questions(source, kept, item).items():
        if name != "scopes":
            with pytest.raises(Cancelled):
                ask()


def a_wait_can_be_cancelled(source: Source) -> None:  # bug 16
    [item] = fill(source, 1)
    if "429" not in source.faults:
        return
    program = Program(stops_when_waiting=True)
    kept = mirror(source, program)
    source.fail("429")
    for ask in _questions(source, kept, item).values():
        with pytest.raises(Cancelled):
            ask()


def a_wait_is_as_long_as_told(source: Source) -> None:  # bug 17, 33
    fill(source, 1)
    if "429" not in source.faults:
        return
    program = Program()
    first = mirror(source, program)
    first.read()
    kept, begun = Mirror(first.connector, first.scope), program.at
    source.fail("429", times=1)
    kept.read()
    assert timedelta(seconds=60) <= program.at - begun <= timedelta(seconds=120)
    assert kept.usage.waited_s == pytest.approx(sum(program.waited))
    assert kept.shown() == source.truth()


def doctor_tells_what_is_wrong_instead_of_failing(source: Source) -> None:
    fill(source, 1)
    well = source.connector(Program(at=source.now()).context()).doctor()
    assert [check for check in well if not check.ok] == []
    for fault in sorted(source.faults & {"401", "404"}):
        source.fail(fault)
        failed = [check for check in source.connector(Program(at=source.now()).context()).doctor() if not check.ok]
        assert failed
        assert all(check.name and check.detail for check in failed)
        assert any(check.advice for check in failed)
        source.fail(fault, times=0)


FAULTS: list[Rule] = [
    what_a_person_must_mend_is_refused,
    no_refusal_is_an_empty_answer,
    what_may_pass_is_tried_again,
    a_passing_fault_loses_nothing,
    a_bad_record_is_set_aside_and_the_page_goes_on,
    a_stopped_reading_is_no_complete_one,
    a_wait_can_be_cancelled,
    a_wait_is_as_long_as_told,
    doctor_tells_what_is_wrong_instead_of_failing,
]
