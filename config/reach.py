"""Checks of selectors and connections: what can never match, and tokens that would travel or lie in the clear."""

import ipaddress
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from pydantic import BaseModel, SecretStr
from yaml import ScalarNode

from config.cross_checks import Declared
from config.globs import may_meet
from config.models import Config
from config.places import Place, Places
from config.problems import Problem, did_you_mean, shown
from config.settings import ConnectionOptions
from config.values import HttpValue, PrometheusValue, SqlValue
from config.work import Selector


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


def cannot_match(config: Config, declared: Declared, places: Places) -> Iterator[Problem]:
    """Selectors that name an unknown connection or team, or scopes that no connection reads."""
    names, teams = declared.known["connection"], declared.known["team"]
    scopes: dict[tuple[str, str], list[str]] = {}
    whole = set(config.connections) == set(names)
    checked: dict[tuple[str, str, tuple[str, ...]], str | None] = {}
    for place, selector in selectors(config):
        unknown = False
        if declared.complete:
            for number, name in enumerate(selector.connection):
                if not any(may_meet(name, one) for one in names):
                    unknown = True
                    text = f"unknown connection {shown(name)}.{did_you_mean(name, names)}"
                    yield places.problem((*place, "connection", number), text)
            for number, name in enumerate(selector.team):
                if not any(may_meet(name, one) for one in teams):
                    text = f"unknown team {shown(name)}.{did_you_mean(name, teams)}"
                    yield places.problem((*place, "team", number), text)
        if unknown or not whole or not declared.complete or not config.connections:
            continue
        options = {
            name: one
            for name, one in config.connections.items()
            if not selector.connection or any(may_meet(written, name) for written in selector.connection)
        }
        for key, wanted in (("project", selector.project), ("repository", selector.repository)):
            for number, scope in enumerate(wanted):
                question = (key, scope, tuple(options))
                if question not in checked:
                    checked[question] = _out_of_reach(key, scope, options, scopes)
                if (text := checked[question]) is not None:
                    yield places.problem((*place, key, number), text)


def _out_of_reach(
    key: str, scope: str, options: Mapping[str, ConnectionOptions], scopes: dict[tuple[str, str], list[str]]
) -> str | None:
    patterns: list[str] = []
    for name, one in options.items():
        if one.selector_key == key:
            if (name, key) not in scopes:
                scopes[name, key] = one.scope_patterns()
            patterns += scopes[name, key]
    listed = ", ".join(f"`{name}`" for name in options)
    if not patterns:
        return f"{shown(scope)} cannot match: connection {listed} reads no {key}"
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
            value, url = result.value, None
            if isinstance(value, HttpValue) and (value.headers or "@" in value.http):
                url, key = value.http, "http"
            elif isinstance(value, PrometheusValue) and "@" in value.prometheus:
                url, key = value.prometheus, "prometheus"
            if url and _is_clear(url):
                place = ("objectives", at, "key_results", number, "value", key)
                yield places.problem(place, "headers or a password would be sent in clear, expected https://")


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
            if isinstance(result.value, SqlValue) and "@" in result.value.sql.get_secret_value():
                place = ("objectives", at, "key_results", number, "value", "sql")
                secrets.append((place, result.value.sql.get_secret_value()))
    for place, text in secrets:
        found = places.find(place)
        if text and not found.rest and isinstance(found.node, ScalarNode) and "${" not in found.node.value:
            yield places.problem(
                place,
                "a secret stands in the file itself. Write `${VAR}` or `${file:PATH}` in its place.",
                warning=True,
            )


def _secrets(model: BaseModel) -> Iterator[tuple[Place, str]]:
    for name, field in type(model).model_fields.items():
        value = getattr(model, name)
        key = field.validation_alias if isinstance(field.validation_alias, str) else name
        if isinstance(value, SecretStr):
            yield (key,), value.get_secret_value()
        elif isinstance(value, BaseModel):
            for place, text in _secrets(value):
                yield (key, *place), text
