"""Globs with `*` and `?`: whether some text could match two of them at once."""


def may_meet(first: str, second: str) -> bool:
    """Whether some text matches both globs, without case. A text without `*` and `?` is a glob that matches itself."""
    first, second = first.casefold(), second.casefold()
    reachable = {0}  # how much of `second` may be used up so far
    reachable = _closed(reachable, second)
    for letter in first:
        after: set[int] = set()
        for at in reachable:
            if letter == "*":
                after.update(range(at, len(second) + 1))
            elif at < len(second):
                other = second[at]
                if other == "*":
                    after.add(at)
                elif letter == "?" or other in ("?", letter):
                    after.add(at + 1)
        reachable = _closed(after, second)
    return len(second) in reachable


def _closed(places: set[int], glob: str) -> set[int]:
    """With every place that a `*` matching nothing leads to."""
    closed = set(places)
    for at in range(len(glob)):
        if at in closed and glob[at] == "*":
            closed.add(at + 1)
    return closed
