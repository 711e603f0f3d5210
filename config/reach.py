"""Checks of selectors and connections: what can never match, and tokens that would travel or lie in the clear."""

import ipaddress
import re
from collections.abc import Collection, Iterator
from urllib.parse import urlsplit

from pydantic import BaseModel, SecretStr
from yaml import ScalarNode

from config.cross_checks import Declared
from config.globs import may_meet
from config.models import Config
from config.places import Place, Places
from config.problems import Problem, did_you_mean, shown
from config.values import HttpValue, PrometheusValue, SqlValue, ValueSource
from config.work import Selector

_SECRET_HEADER = re.compile(r"(?i)auth|token|key|secret|cookie|passw|signature")
_SHORTEST_SECRET = 4
_IN_CLEAR = "headers or a password would be sent in clear, expected https://"


def selectors(config: Config) -> Iterator[tuple[Place, Selector]]:
    """Every selector with its place, those inside `not` as well."""
    for at, team in enumerate(config.teams):
        for number, selector in enumerate(team.owns):
            yield from _nested(("teams", at, "owns", number), selector)
    for at, objective in enumerate(config.objectives):
        for number, result in enumerate(objective.key_results):
            for lever, selector in enumerate(result.levers):
                yield from _nested(("objectives", at, "key_results", number, "levers", lever), selector)
    for section, entries in (("mappings", config.mappings), ("intentional", config.intentional)):
        for at, entry in enumerate(entries):
            yield from _nested((section, at, "work"), entry.work)


def _nested(place: Place, selector: Selector) -> Iterator[tuple[Place, Selector]]:
    yield place, selector
    for number, inner in enumerate(selector.not_):
        yield from _nested((*place, "not", number), inner)


class Reach:
    """Finds selectors that name an unknown connection or team, or a scope that no connection reads."""

    def __init__(self, config: Config, declared: Declared, places: Places) -> None:
        self.config = config
        self.places = places
        self.names = declared.known.get("connection")
        self.teams = declared.known.get("team")
        self.patterns = {name: one.scope_patterns() for name, one in config.connections.items()}
        self._answers: dict[tuple[str, str, tuple[str, ...]], str | None] = {}

    def problems(self) -> Iterator[Problem]:
        """One problem for each value that cannot match."""
        for place, selector in selectors(self.config):
            yield from self._unknown("team", selector.team, self.teams, (*place, "team"))
            if self.names is None:
                continue
            yield from self._unknown("connection", selector.connection, self.names, (*place, "connection"))
            asked = [
                name
                for name in self.names
                if not selector.connection or any(may_meet(written, name) for written in selector.connection)
            ]
            if not asked or any(name not in self.config.connections for name in asked):
                continue  # unknown, or wrong in itself: reported there
            for key, wanted in (("project", selector.project), ("repository", selector.repository)):
                for number, scope in enumerate(wanted):
                    text = self._out_of_reach(key, scope, tuple(asked))
                    if text is not None and not self.places.is_damaged((*place, key, number)):
                        yield self.places.problem((*place, key, number), text)

    def _unknown(
        self, kind: str, wanted: tuple[str, ...], known: Collection[str] | None, place: Place
    ) -> Iterator[Problem]:
        for number, name in enumerate(wanted):
            here = (*place, number)
            if known is None or any(may_meet(name, one) for one in known) or self.places.is_damaged(here):
                continue
            yield self.places.problem(here, f"unknown {kind} {shown(name)}.{did_you_mean(name, known)}")

    def _out_of_reach(self, key: str, scope: str, asked: tuple[str, ...]) -> str | None:
        question = (key, scope, asked)
        if question not in self._answers:
            self._answers[question] = self._why_not(key, scope, asked)
        return self._answers[question]

    def _why_not(self, key: str, scope: str, asked: tuple[str, ...]) -> str | None:
        readers = [name for name in asked if self.config.connections[name].selector_key == key]
        listed = ", ".join(f"`{name}`" for name in asked)
        if not readers:
            return f"{shown(scope)} cannot match: {listed} reads no {key}"
        patterns = [pattern for name in readers for pattern in self.patterns[name]]
        if any(may_meet(scope, pattern) for pattern in patterns):
            return None
        return f"{shown(scope)} cannot match: it is not among what {listed} reads.{did_you_mean(scope, patterns)}"


def clear_tokens(config: Config, places: Places) -> Iterator[Problem]:
    """Addresses to which a token would be sent over plain http."""
    for name, options in config.connections.items():
        for url in options.urls():
            if not options.insecure and _is_clear(url):
                place: Place = ("connections", name)
                at = (*place, "url") if not places.find((*place, "url")).rest else place
                yield places.problem(
                    at,
                    f"the token would be sent in clear to {shown(urlsplit(url).hostname or '')}, expected https:// "
                    "(or `insecure: true` on the connection, if that network is to be trusted)",
                )
    for at, objective in enumerate(config.objectives):
        for number, result in enumerate(objective.key_results):
            place = ("objectives", at, "key_results", number, "value")
            value = result.value
            if isinstance(value, HttpValue) and (value.headers or "@" in value.http) and _is_clear(value.http):
                yield places.problem((*place, "http"), _IN_CLEAR)
            elif (
                isinstance(value, PrometheusValue)
                and (value.headers or "@" in value.prometheus)
                and _is_clear(value.prometheus)
            ):
                yield places.problem((*place, "prometheus"), _IN_CLEAR)


def _is_clear(url: str) -> bool:
    try:
        parts = urlsplit(url.strip())
        host = (parts.hostname or "").rstrip(".")
    except ValueError:
        return url.strip().lower().startswith("http:")
    if parts.scheme != "http":
        return False
    try:
        return not ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host != "localhost" and not host.endswith(".localhost")


def literal_tokens(config: Config, places: Places) -> Iterator[Problem]:
    """Warnings about secrets that stand in the file itself."""
    secrets: list[tuple[Place, str]] = []
    for name, options in config.connections.items():
        secrets += [(("connections", name, *place), text) for place, text in _secrets(options)]
    if "@" in config.database and ":" in config.database.partition("://")[2].rpartition("@")[0]:
        secrets.append((("database",), config.database))
    for at, objective in enumerate(config.objectives):
        for number, result in enumerate(objective.key_results):
            place = ("objectives", at, "key_results", number, "value")
            secrets += [((*place, *below), text) for below, text in _secrets_of_source(result.value)]
    for place, text in secrets:
        found = places.find(place)
        if text and not found.rest and isinstance(found.node, ScalarNode) and "${" not in found.node.value:
            yield places.problem(
                place,
                "a secret stands in the file itself. Write `${VAR}` or `${file:PATH}` in its place.",
                warning=True,
            )


def _secrets_of_source(value: ValueSource) -> Iterator[tuple[Place, str]]:
    """What gives access to a source. Not every header does: `Accept` may well stand in the file."""
    match value:
        case SqlValue(sql=url) if "@" in url.get_secret_value():
            yield ("sql",), url.get_secret_value()
        case HttpValue(http=url) | PrometheusValue(prometheus=url):
            if "@" in urlsplit(url).netloc:
                yield ("http" if isinstance(value, HttpValue) else "prometheus",), url
            for name, header in value.headers.items():
                if _SECRET_HEADER.search(name) and len(header.get_secret_value()) >= _SHORTEST_SECRET:
                    yield ("headers", name), header.get_secret_value()


def _secrets(model: BaseModel) -> Iterator[tuple[Place, str]]:
    for name, field in type(model).model_fields.items():
        value = getattr(model, name)
        key = field.validation_alias if isinstance(field.validation_alias, str) else name
        if isinstance(value, SecretStr):
            yield (key,), value.get_secret_value()
        elif isinstance(value, tuple):
            # One alone may stand in the file without a list around it, and is named by its key in either case.
            yield from (((key,), one.get_secret_value()) for one in value if isinstance(one, SecretStr))
        elif isinstance(value, BaseModel):
            for place, text in _secrets(value):
                yield (key, *place), text
