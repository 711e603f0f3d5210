"""Spoiling JSON: values of the wrong type, odd texts and dates, nulls, missing and doubled keys, cuts, broken bytes."""

import json
from random import Random
from typing import Any

ODD_TEXTS = (
    "",
    " ",
    "\x00",
    "a\x00b",
    "\ud800",
    "x\udfffy",
    "\u202eRTL\u202c",
    "<script>alert(1)</script>",
    "=cmd|' /C calc'!A0",
    "'; DROP TABLE work_item; --",
    "é" * 300,
    "𝕏" * 5,
    "0000-01-01",
    "0000-01-01T00:00:00Z",
    "51502-07-21T00:00:00Z",
    "9999-12-31T23:59:59.999999Z",
    "9999-12-31T23:59:59-14:00",
    "0001-01-01T00:00:00+14:00",
    "2026-02-30T00:00:00Z",
    "2026-11-24T10:00:00.000+0530",
    "2026-11-24",
    "2026-11-24T25:61:61Z",
    "1e999",
    "NaN",
    "0.0",
    "9223372036854775807",
    "ghost",
    "com.atlassian.greenhopper.service.sprint.Sprint@1bf75fd[id=,rapidViewId=1,state=,name=a,b=[c],startDate=<null>]",
    "https://api.github.com/repos/a/b/issues/1",
    "http://[::1",
    "KEY-1",
)
ODD_VALUES: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    0.5,
    2**31,
    2**63,
    -(2**63) - 1,
    10**400,
    1e308,
    [],
    {},
    [None],
    [[]],
    {"": None},
    {"id": None},
    {"id": 1, "key": 1, "name": 1},
)
LONG = "x" * 1_000_000


def mutated(body: bytes, chance: Random) -> bytes:
    """`body` after one to four changes that a broken tool, proxy or database could make of it."""
    try:
        value: Any = json.loads(body)
    except ValueError:
        return _cut(body, chance)
    for _ in range(chance.randint(1, 4)):
        value = _changed(value, chance)
    # What `json` writes for a lone surrogate and NaN is what other programs write, too.
    made = json.dumps(value, ensure_ascii=chance.random() < 0.7).encode("utf-8", "surrogatepass")
    return _cut(made, chance) if chance.random() < 0.05 else made


def _changed(value: Any, chance: Random) -> Any:
    """`value` with one place in it changed, anywhere."""
    if isinstance(value, dict) and value and chance.random() < 0.93:
        key = chance.choice(list(value))
        if chance.random() < 0.85:
            return {**value, key: _changed(value[key], chance)}
        if chance.random() < 0.5:
            return {name: inner for name, inner in value.items() if name != key}
        return {**value, chance.choice(ODD_TEXTS): value[key]}
    if isinstance(value, list) and value and chance.random() < 0.93:
        at = chance.randrange(len(value))
        if chance.random() < 0.85:
            return [*value[:at], _changed(value[at], chance), *value[at + 1 :]]
        return chance.choice((value[:at], value + value[:1], [*value, None], value[::-1]))
    return _odd(chance)


def _odd(chance: Random) -> Any:
    draw = chance.random()
    if draw < 0.002:
        return LONG
    if draw < 0.004:
        return _nested(chance.choice((50, 2_000)))
    return chance.choice(ODD_TEXTS) if draw < 0.55 else chance.choice(ODD_VALUES)


def _nested(depth: int) -> Any:
    """Lists in lists, as text: too deep for Python to build by recursion, and cheap to write out."""
    return json.loads("[" * min(depth, 500) + "]" * min(depth, 500))


def _cut(body: bytes, chance: Random) -> bytes:
    """`body` cut off, or with a byte that is none of its own."""
    at = chance.randrange(len(body) + 1)
    if chance.random() < 0.5:
        return body[:at]
    return body[:at] + bytes([chance.choice((0, 10, 34, 92, 123, 128, 255))]) + body[at + 1 :]
