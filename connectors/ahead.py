"""Reading ahead: several pages under way, handed out in order, a few in memory."""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

A = TypeVar("A")
R = TypeVar("R")


def in_order(work: Callable[[A], R], inputs: Iterable[A], width: int) -> Iterator[R]:
    """`work` on each input, at most `width` at a time and in memory; results come in the order of the inputs.

    The first error ends it, and nothing more is started. Closing the iterator waits for what is under way.
    """
    left = iter(inputs)
    under_way: deque[Future[R]] = deque()
    pool = ThreadPoolExecutor(width, thread_name_prefix="ahead")
    try:
        for one in left:
            under_way.append(pool.submit(work, one))
            if len(under_way) >= width:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def one_ahead(first: R, following: Callable[[R], A | None], ask: Callable[[A], R]) -> Iterator[R]:
    """A chain in which each answer tells what to ask next: `first`, and `ask` of what `following` finds in each.

    The next answer is under way while one is handed out. An error comes in its place. Closing the iterator leaves what
    is under way to end by itself.
    """
    here = first
    while True:
        wanted = following(here)
        if wanted is None:
            yield here
            return
        coming: Future[R] = Future()
        threading.Thread(target=_fill, args=(coming, ask, wanted), name="ahead", daemon=True).start()
        yield here
        here = coming.result()


def _fill(coming: Future[R], ask: Callable[[A], R], wanted: A) -> None:
    try:
        coming.set_result(ask(wanted))
    except BaseException as error:  # noqa: BLE001 - raised again by the thread that waits for the result
        coming.set_exception(error)
