"""Work that may wait, out of the event loop's way, and never in the way of the program's end."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")


async def in_thread(action: Callable[[], T], within_s: float) -> T:
    """What `action` returns, run in a thread of its own. Raises what it raises.

    TimeoutError after `within_s` seconds: then the thread is left alone with whatever holds it up. The end of the
    program waits for none of these threads.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def settle(give: Callable[[Any], None], value: Any) -> None:
        if not done.done():
            give(value)

    def run() -> None:
        give: Callable[[Any], None]
        try:
            give, value = done.set_result, action()
        except BaseException as error:  # noqa: BLE001 - raised where it is waited for
            give, value = done.set_exception, error
        try:
            loop.call_soon_threadsafe(settle, give, value)
        except RuntimeError:  # the loop has ended: nobody waits any more
            return

    threading.Thread(target=run, name="answer", daemon=True).start()
    return await asyncio.wait_for(done, within_s)
