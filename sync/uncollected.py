"""Counting without the garbage collector looking on."""

import gc
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

Given = ParamSpec("Given")
Result = TypeVar("Result")


def uncollected(function: Callable[Given, Result]) -> Callable[Given, Result]:
    """The function, in which Python looks for no cycles of garbage.

    It makes hundreds of thousands of values that stay. To look through them again and again takes a fifth of its time,
    and finds nothing: what is no longer used is freed all the same.
    """

    @wraps(function)
    def quietly(*args: Given.args, **kwargs: Given.kwargs) -> Result:
        was_on = gc.isenabled()
        gc.disable()
        try:
            return function(*args, **kwargs)
        finally:
            if was_on:
                gc.enable()

    return quietly
