"""Reading ahead: several pages under way, handed out in order, a few in memory."""

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
