"""Reads single values of Jira's JSON: the shapes that versions, apps and both flavours give to the same thing."""

import math
import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, TypeVar

import msgspec

Id = str | int
T = TypeVar("T")

_E_MAIL = re.compile(r"\S+@\S+\.\S+")
_SPRINT_TEXT = re.compile(r"\[(.*)\]\s*$", re.DOTALL)
_SPRINT_PARTS = re.compile(
    r",(?=(?:id|rapidViewId|state|name|goal|startDate|endDate|completeDate|activatedDate|sequence|autoStartStop)=)"
)
_BLOCKED = "is blocked by"


class Reference(msgspec.Struct, gc=False):
    """Another issue or a project, as far as it is told: some shapes lack the id, some the key."""

    id: Id | None = None
    key: str | None = None


class User(msgspec.Struct, gc=False):
    account_id: str | None = msgspec.field(default=None, name="accountId")
    name: str | None = None
    key: str | None = None
    display_name: str | None = msgspec.field(default=None, name="displayName")


class LinkType(msgspec.Struct, gc=False):
    name: str | None = None
    inward: str | None = None
    outward: str | None = None


class Link(msgspec.Struct, gc=False):
    type: LinkType | None = None
    inward: Reference | None = msgspec.field(default=None, name="inwardIssue")
    outward: Reference | None = msgspec.field(default=None, name="outwardIssue")


def first(read: Callable[[Any], T | None], row: Any, names: tuple[str, ...]) -> T | None:
    """The first of the attributes `names` of `row` that `read` finds something in."""
    for name in names:
        found = read(getattr(row, name))
        if found is not None:
            return found
    return None


def number(value: Any) -> float | None:
    """A finite number. Text that looks like one ("0.0") is none, nor is a boolean."""
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        return float(value)
    return None


def word(value: Any) -> str | None:
    """A text that is not blank, trimmed."""
    return value.strip() or None if isinstance(value, str) else None


def words(value: Any) -> list[str]:
    """All texts of a field: plain text, an option's value, something named, a list of these, or a rich text."""
    match value:
        case str():
            return [value.strip()] if value.strip() else []
        case list() | tuple():
            return [one for part in value for one in words(part)]
        case {"type": "doc"}:
            return words(plain(value))
        case dict():
            own = value.get("value") or value.get("name") or value.get("key")
            return words(own) + words(value.get("child"))
        case msgspec.Struct():
            return words(getattr(value, "name", None) or getattr(value, "key", None))
    return []


def team(value: Any) -> str | None:
    """A team's name: an object with `name` or `title`, or text."""
    if isinstance(value, dict):
        return word(value.get("name")) or word(value.get("title"))
    return word(value)


def distinct(names: Iterable[str | None]) -> tuple[str, ...]:
    """The names that are there, each once."""
    return tuple(dict.fromkeys(one for one in names if one))


def people(user: User) -> tuple[str, ...]:
    """The words that a person may be called by, without e-mail addresses: those are not kept."""
    return _words_for(user.account_id, user.name, user.key, user.display_name)


@lru_cache(10_000)
def _words_for(*names: str | None) -> tuple[str, ...]:
    """People are few, and come again and again."""
    return distinct([one for one in names if one and not _E_MAIL.fullmatch(one.strip())])


def blockers(links: list[Link]) -> tuple[str, ...]:
    """Keys of the issues that links of type Blocks (by name or wording) say to block this one."""
    found = []
    for link in links:
        kind = link.type
        if kind is None:
            continue
        if link.inward is not None:
            if (kind.inward or "").casefold() == _BLOCKED or (kind.name or "").casefold() == "blocks":
                found.append(link.inward.key)
        elif link.outward is not None and (kind.outward or "").casefold() == _BLOCKED:
            found.append(link.outward.key)
    return distinct(found)


def reference(value: Any) -> tuple[Id | None, str | None] | None:
    """(id, key) of an issue in an epic or parent link: a key, an object, or an object around one."""
    if isinstance(value, str):
        return (None, value.strip()) if value.strip() else None
    if not isinstance(value, dict):
        return None
    if isinstance(inner := value.get("data"), dict):
        return reference(inner)
    found, key = value.get("id"), value.get("key")
    found = found if isinstance(found, str | int) and not isinstance(found, bool) else None
    return (found, key) if found is not None or key else None


def sprints(value: Any) -> list[tuple[str, str]]:
    """(id, name) of each sprint in a field: one or a list of objects, or of the texts that Data Center writes."""
    if value is None:
        return []
    if isinstance(value, list):
        return [one for part in value for one in sprints(part)]
    if isinstance(value, str):
        value = _sprint_in(value)
    if not isinstance(value, dict) or value.get("id") in (None, ""):
        return []
    found = str(value["id"])
    return [(found, str(value.get("name") or found))]


@lru_cache(1_000)
def _sprint_in(written: str) -> dict[str, str | None]:
    """What the text of a sprint says. Sprints are few, and each stands in many issues."""
    inside = _SPRINT_TEXT.search(written)
    found: dict[str, str | None] = {}
    for part in _SPRINT_PARTS.split(inside[1]) if inside else ():
        name, _, said = part.partition("=")
        found.setdefault(name, None if said == "<null>" else said)
    return found


def plain(body: Any) -> str:
    """The text of a description: wiki markup as it is (Data Center), or a document (Cloud) in lines."""
    if isinstance(body, str):
        return body
    parts: list[str] = []
    left = [body]
    while left:
        node = left.pop()
        if isinstance(node, list):
            left.extend(reversed(node))
        elif isinstance(node, str):
            parts.append(node)
        elif isinstance(node, dict):
            kind = node.get("type")
            if kind == "text":
                parts.append(str(node.get("text") or ""))
            elif kind == "hardBreak":
                parts.append("\n")
            elif "content" in node:
                parts.append("\n")
                left.extend(("\n", node["content"]))
            elif isinstance(attributes := node.get("attrs"), dict):
                parts.append(str(attributes.get("text") or ""))
    return "".join(parts)
