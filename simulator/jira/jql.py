"""The part of JQL that clients of Northing may send: parsed by hand into a predicate and a sort order."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

TOKEN = re.compile(
    r"""\s*(?:(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?P<sign>>=|<=|!=|!~|=|<|>|~|\(|\)|,)|(?P<word>[^\s()=!<>~,"']+))"""
)
RESERVED = {
    "and",
    "or",
    "not",
    "in",
    "is",
    "order",
    "by",
    "asc",
    "desc",
    "empty",
    "null",
    "was",
    "changed",
    "on",
    "before",
    "after",
}


class BadQuery(Exception):
    """The query cannot be run; the text is what Jira puts into `errorMessages`."""


@dataclass(frozen=True)
class Clause:
    """`field operator values`: operators `= != > >= < <= ~ !~ in`, `not in`, `is`, `is not`."""

    field: str
    operator: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Both:
    parts: tuple["Node", ...]


@dataclass(frozen=True)
class Either:
    parts: tuple["Node", ...]


@dataclass(frozen=True)
class Not:
    part: "Node"


Node: TypeAlias = Clause | Both | Either | Not


@dataclass(frozen=True)
class Query:
    """`where` is None where the query restricts nothing. `order` holds (field, descending)."""

    where: Node | None
    order: tuple[tuple[str, bool], ...]


def parse(text: str) -> Query:
    """Read a query. Raises `BadQuery` on anything that is no JQL."""
    return _Parser(_tokens(text)).query()


def predicate(node: Node, test: Callable[[Clause], Callable[[Any], bool]]) -> Callable[[Any], bool]:
    """The condition as one function over issues; `test` makes the function of a single clause."""
    if isinstance(node, Clause):
        return test(node)
    if isinstance(node, Not):
        inner = predicate(node.part, test)
        return lambda issue: not inner(issue)
    parts = [predicate(part, test) for part in node.parts]
    if isinstance(node, Both):
        return lambda issue: all(part(issue) for part in parts)
    return lambda issue: any(part(issue) for part in parts)


def _tokens(text: str) -> list[tuple[str, str]]:
    tokens, at = [], 0
    while text[at:].strip():
        found = TOKEN.match(text, at)
        if not found:
            raise BadQuery(
                f"Error in the JQL Query: The character '{text[at:].strip()[0]}' is a reserved JQL character. "
                f"You must enclose it in a string or use the escape '\\\\u0000' instead. (line 1, character {at + 1})"
            )
        kind = found.lastgroup or ""
        value = found.group(kind)
        tokens.append((kind, re.sub(r"\\(.)", r"\1", value[1:-1]) if kind == "text" else value))
        at = found.end()
    return tokens


class _Parser:
    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self._tokens = tokens
        self._at = 0

    def query(self) -> Query:
        where = None
        if self._tokens and not self._is("order"):
            where = self._either()
        order: list[tuple[str, bool]] = []
        if self._take("order"):
            self._need("by")
            while True:
                name = self._name()
                descending = self._take("desc")
                if not descending:
                    self._take("asc")
                order.append((name, descending))
                if not self._take(","):
                    break
        if self._at < len(self._tokens):
            raise self._error("Expecting either 'OR' or 'AND'")
        if len(order) > 7:
            raise BadQuery("The ORDER BY clause may hold at most 7 fields.")
        return Query(where, tuple(order))

    def _either(self) -> Node:
        parts = [self._both()]
        while self._take("or"):
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def _both(self) -> Node:
        parts = [self._single()]
        while self._take("and"):
            parts.append(self._single())
        return parts[0] if len(parts) == 1 else Both(tuple(parts))

    def _single(self) -> Node:
        if self._take("not"):
            return Not(self._single())
        if self._take("("):
            inner = self._either()
            self._need(")")
            return inner
        return self._clause()

    def _clause(self) -> Clause:
        field = self._name()
        if self._take("is"):
            operator = "is not" if self._take("not") else "is"
            if not (self._take("empty") or self._take("null")):
                raise self._error("Expecting 'EMPTY' or 'NULL'")
            return Clause(field, operator, ())
        negated = self._take("not")
        if self._take("in"):
            self._need("(")
            values = [self._value()]
            while self._take(","):
                values.append(self._value())
            self._need(")")
            return Clause(field, "not in" if negated else "in", tuple(values))
        kind, sign = self._peek()
        if negated or kind != "sign" or sign in "(),":
            raise self._error("Expecting operator but got")
        self._at += 1
        if self._take("empty") or self._take("null"):
            return Clause(field, "is not" if sign == "!=" else "is", ())
        return Clause(field, sign, (self._value(),))

    def _name(self) -> str:
        kind, value = self._peek()
        if kind == "text" or (kind == "word" and value.lower() not in RESERVED):
            self._at += 1
            return value
        raise self._error("Expecting a field name but got")

    def _value(self) -> str:
        kind, value = self._peek()
        if (kind == "word" and value.lower() in RESERVED) or kind not in ("word", "text"):
            raise self._error("Expecting a value, list or function but got")
        self._at += 1
        if kind == "word" and self._is("("):
            raise BadQuery(f"Unable to find JQL function '{value}()'.")
        return value

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._at] if self._at < len(self._tokens) else ("end", "")

    def _is(self, word: str) -> bool:
        kind, value = self._peek()
        return kind in ("word", "sign") and value.lower() == word

    def _take(self, word: str) -> bool:
        if self._is(word):
            self._at += 1
            return True
        return False

    def _need(self, word: str) -> None:
        if not self._take(word):
            raise self._error(f"Expecting '{word}' but got")

    def _error(self, expected: str) -> BadQuery:
        kind, value = self._peek()
        found = "the end of the query" if kind == "end" else f"'{value}'"
        return BadQuery(f"Error in the JQL Query: {expected} {found}. (line 1, token {self._at + 1})")
