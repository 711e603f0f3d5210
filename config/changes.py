"""What differs between two configurations, in words that hold no values."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from config.models import Config


def changes(before: Config, after: Config) -> list[str]:
    """`added: teams.shop`, `changed: schedule.sync`, `removed: objectives.GROW`, `mappings: 2 added, 1 removed`."""
    return list(_between("", before.model_dump(by_alias=True), after.model_dump(by_alias=True)))


def _between(path: str, before: Any, after: Any) -> Iterator[str]:
    if before == after:
        return
    if isinstance(before, list | tuple) and isinstance(after, list | tuple):
        if _keyed(before) and _keyed(after):
            before, after = ({one["key"]: one for one in each} for each in (before, after))
        elif any(isinstance(one, dict) for one in (*before, *after)):
            yield from _counted(path, before, after)
            return
    if not (isinstance(before, dict) and isinstance(after, dict)):
        yield f"changed: {path}"
        return
    for key in dict.fromkeys([*before, *after]):
        below = f"{path}.{key}" if path else str(key)
        if before.get(key) is None and after.get(key) is not None:
            yield f"added: {below}"
        elif before.get(key) is not None and after.get(key) is None:
            yield f"removed: {below}"
        else:
            yield from _between(below, before.get(key), after.get(key))


def _keyed(values: Any) -> bool:
    return all(isinstance(one, dict) and "key" in one for one in values)


def _counted(path: str, before: Any, after: Any) -> Iterator[str]:
    old, new = (Counter(repr(one) for one in each) for each in (before, after))
    added, removed = (new - old).total(), (old - new).total()
    words = [f"{number} {word}" for number, word in ((added, "added"), (removed, "removed")) if number]
    if words:
        yield f"{path}: {', '.join(words)}"
    else:
        yield f"changed: {path} (their order)"
