"""Queries that no sync has asked yet: what they match is not known, and a plan cannot be judged by it."""

from collections import defaultdict
from collections.abc import Iterable

import sqlalchemy as sa

from config import Config, Selector
from store.tables import Mapping, Membership


def waiting_for_answers(conn: sa.Connection, config: Config) -> frozenset[str]:
    """Keys of the key results with a mapping or lever whose `jql` was not asked yet, as `config` is not applied yet.

    A query that was asked and matches nothing leaves no trace but the selector that was applied with it.
    """
    wanted: dict[str, set[str]] = defaultdict(set)
    for mapping in config.mappings:
        wanted[mapping.key_result].update(_queries([mapping.work]))
    for objective in config.objectives:
        for one in objective.key_results:
            wanted[one.key].update(_queries(one.levers))
    if not any(wanted.values()):
        return frozenset()
    stored = conn.execute(sa.select(Mapping.__table__.c.selector)).scalars()
    known = _queries(Selector.model_validate(selector) for selector in stored if selector)
    known |= set(conn.execute(sa.select(Membership.__table__.c.query).distinct()).scalars())
    return frozenset(key for key, queries in wanted.items() if not queries <= known)


def _queries(selectors: Iterable[Selector]) -> set[str]:
    found: set[str] = set()
    for selector in selectors:
        found |= _queries(selector.not_)
        if selector.jql is not None:
            found.add(selector.jql)
    return found
