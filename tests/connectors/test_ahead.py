"""Several pages under way, in order, a few at a time."""

import threading
from collections.abc import Generator
from typing import cast

import pytest

from connectors.ahead import in_order, one_ahead


def test_results_come_in_order_and_a_few_at_a_time() -> None:
    lock, under_way, most = threading.Lock(), 0, 0
    gate = threading.Barrier(3)

    def work(number: int) -> int:
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        gate.wait(5)
        with lock:
            under_way -= 1
        return number * number

    assert list(in_order(work, range(9), 3)) == [number * number for number in range(9)]
    assert most == 3


def test_an_error_comes_in_its_place() -> None:
    def work(number: int) -> int:
        if number == 2:
            raise ValueError("two")
        return number

    results = in_order(work, range(5), 2)
    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(ValueError, match="two"):
        next(results)


def test_closing_starts_nothing_more() -> None:
    started: list[int] = []
    results = cast("Generator[int]", in_order(lambda number: started.append(number) or number, range(100), 2))
    next(results)
    results.close()
    assert len(started) <= 3


def test_the_next_of_a_chain_is_asked_for_while_one_is_handed_out() -> None:
    asked = threading.Event()

    def ask(number: int) -> int:
        asked.set()
        return number

    chain = one_ahead(1, lambda number: number + 1 if number < 4 else None, ask)
    assert next(chain) == 1
    assert asked.wait(5)
    assert list(chain) == [2, 3, 4]


def test_an_error_in_a_chain_comes_in_its_place() -> None:
    def ask(number: int) -> int:
        if number == 3:
            raise ValueError("three")
        return number

    chain = one_ahead(1, lambda number: number + 1, ask)
    assert [next(chain), next(chain)] == [1, 2]
    with pytest.raises(ValueError, match="three"):
        next(chain)
