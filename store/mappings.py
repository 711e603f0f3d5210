"""What the configuration looks for among the work: mappings, intentional work, and levers."""

import json
from collections import defaultdict
from typing import Any

import sqlalchemy as sa

from config import Config, Selector
from config.work import CRITERIA
from store.tables import Mapping

_TABLE = Mapping.__table__
_WRITTEN = ("mapping", "intentional", "lever")
_Identity = tuple[str, int | None, int | None, str, float | None, str]


def describe(selector: Selector) -> str:
    """A selector as people read it: `epic SHOP-12, SHOP-40 in jira`."""
    parts = []
    for name in CRITERIA:
        value = getattr(selector, name)
        if value and name != "connection":
            parts.append(f"{name} {value if isinstance(value, str) else ', '.join(value)}")
    text = " and ".join(parts) or "all work"
    if selector.connection:
        text += f" in {', '.join(selector.connection)}"
    if selector.not_:
        text += f" but not {' or '.join(describe(one) for one in selector.not_)}"
    return text if selector.descend else f"{text}, without what lies below"


def apply_mappings(conn: sa.Connection, config: Config, key_results: dict[str, int]) -> bool:
    """Bring the rows of mappings, intentional work and levers up to date; whether one changed.

    A row keeps its id as long as its key result, selector and share stay, wherever it moves in the list.
    `key_results`: ids by key.
    """
    known: dict[_Identity, list[Any]] = defaultdict(list)
    rows = conn.execute(sa.select(_TABLE).where(_TABLE.c.via.in_(_WRITTEN)).order_by(_TABLE.c.position))
    for row in rows:
        known[_identity(row._asdict())].append(row)
    new: list[dict[str, Any]] = []
    moved: list[dict[str, Any]] = []
    for values in _wanted(config, key_results):
        same = known[_identity(values)]
        if not same:
            new.append(values)
            continue
        row = same.pop(0)
        if (row.position, row.text) != (values["position"], values["text"]):
            moved.append({"row_id": row.id, "new_position": values["position"], "new_text": values["text"]})
    gone = [row.id for rest in known.values() for row in rest]
    for row_id in gone:
        conn.execute(sa.delete(_TABLE).where(_TABLE.c.id == row_id))
    if moved:
        change = (
            sa.update(_TABLE)
            .where(_TABLE.c.id == sa.bindparam("row_id"))
            .values(position=sa.bindparam("new_position"), text=sa.bindparam("new_text"))
        )
        conn.execute(change, moved)
    if new:
        conn.execute(sa.insert(_TABLE), new)
    return bool(gone or moved or new)


def _wanted(config: Config, key_results: dict[str, int]) -> list[dict[str, Any]]:
    mappings = [
        _values("mapping", position, mapping.work, key_results[mapping.key_result], mapping.share)
        for position, mapping in enumerate(config.mappings)
    ]
    intentional = [
        {**_values("intentional", position, one.work, None, None), "text": one.reason}
        for position, one in enumerate(config.intentional)
    ]
    levers = [
        {**_values("lever", position, selector, None, None), "lever_of": key_results[one.key]}
        for objective in config.objectives
        for one in objective.key_results
        for position, selector in enumerate(one.levers)
    ]
    return mappings + intentional + levers


def _values(
    via: str, position: int, selector: Selector, key_result_id: int | None, share: float | None
) -> dict[str, Any]:
    return {
        "key_result_id": key_result_id,
        "lever_of": None,
        "via": via,
        "position": position,
        "share": share,
        "text": describe(selector),
        "selector": selector.model_dump(mode="json", by_alias=True, exclude_defaults=True),
        "matched": 0,
    }


def _identity(row: dict[str, Any]) -> _Identity:
    # The reason of intentional work may be shared by several selectors, and two reasons by one.
    reason = row["text"] if row["via"] == "intentional" else ""
    selector = json.dumps(row["selector"], sort_keys=True)
    return row["via"], row["key_result_id"], row["lever_of"], selector, row["share"], reason
