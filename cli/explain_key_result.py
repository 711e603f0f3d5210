"""Why a key result has its numbers: mappings, items, formulas with their values, as data."""

from collections.abc import Callable
from datetime import date
from math import fsum

from cli.bars import by_number
from cli.check import FINDINGS, open_findings
from cli.explain_levers import lever_share, levers
from cli.reader import Reader, Row, from_json

LINKS = """
    SELECT i.key, i.title, i.url, i.state, i.status, i.resolution, i.level, i.presence, i.estimate,
        c.name AS connection, l.mapping_id, l.direct, l.role, l.counted, l.size, l.imputed
    FROM link l JOIN work_item i ON i.id = l.item_id JOIN connection c ON c.id = i.connection_id
    WHERE l.key_result_id = :id
"""
ALSO = """
    SELECT x.mapping_id, count(*) AS items FROM match x JOIN link l ON l.item_id = x.item_id
    WHERE l.key_result_id = :id AND l.mapping_id <> x.mapping_id
        AND x.mapping_id IN (SELECT id FROM mapping WHERE key_result_id = :id) GROUP BY x.mapping_id
"""
CHECK_INS = """
    SELECT day, value, confidence, note, origin FROM check_in WHERE key_result_id = :id
    ORDER BY day, CASE origin WHEN 'file' THEN 0 WHEN 'source' THEN 2 ELSE 1 END, position, id
"""
SOURCE = "SELECT place, last_ok_at, failed_at, error FROM value_source WHERE key_result_id = :id"
OBJECTIONS = """
    SELECT * FROM northing_barriers WHERE code = 'objection' AND subject = :key AND ended_at IS NULL
    ORDER BY team, reason, raised_at
"""
WHY_NOT = {
    "container": "container: its linked children count in its place",
    "descoped": "left out of the sum",
    "dropped": "left out of the sum, like what lies below",
    "subtask": "sub-task: `counting.subtasks` is `ignore`",
}


def key_result(reader: Reader, key: str, credit: Callable[[], float]) -> Row | None:
    """All that decides the numbers of a key result; None where there is no such.

    `credit` is what work in progress adds, asked for only where there is a key result. The `contribution` of all
    counted items sums to the delivery.
    """
    rows = reader.rows("SELECT * FROM northing_key_results WHERE key_result = :key", key=key)
    if not rows:
        return None
    row = rows[0]
    [own] = reader.rows("SELECT id, definition FROM key_result WHERE key = :key", key=key)
    definition = from_json(own["definition"])
    links = sorted(reader.rows(LINKS, id=own["id"]), key=lambda one: (one["connection"], by_number(one["key"])))
    mappings = _mappings(reader, own["id"], links, credit())
    check_ins = reader.rows(CHECK_INS, id=own["id"])
    [day] = reader.rows("SELECT value FROM meta WHERE key = 'active_day'")
    return {
        "kind": "key_result",
        "key": key,
        "key_result": row,
        "day": day["value"],
        "mappings": mappings,
        "left_out": [_left_out(link) for link in links if not link["counted"]],
        "delivery": _delivery(row, mappings),
        "source": next(iter(reader.rows(SOURCE, id=own["id"])), None) if _has_source(definition) else None,
        "outcome": _outcome(row, definition, check_ins, day["value"]),
        "expected": _expected(row, definition, day["value"]),
        "pace": _pace(row, definition),
        "lever_share": lever_share(reader, own["id"], row),
        "levers": levers(reader, own["id"]),
        "health": {"value": row["health"], "reason": row["health_reason"]},
        "check_ins": check_ins,
        "findings": open_findings(reader.rows(f"{FINDINGS} AND subject = :key", key=key)),
        "objections": reader.rows(OBJECTIONS, key=key),
    }


def _mappings(reader: Reader, identity: int, links: list[Row], credit: float) -> list[Row]:
    rows = reader.rows("SELECT * FROM mapping WHERE key_result_id = :id ORDER BY position", id=identity)
    also = {row["mapping_id"]: row["items"] for row in reader.rows(ALSO, id=identity)}
    counted = [link for link in links if link["counted"]]
    weights = _weights(rows, counted)
    size = fsum(link["size"] for link in counted)
    found = []
    for number, row in enumerate(rows, start=1):
        own = [link for link in counted if link["mapping_id"] == row["id"]]
        weight, of = weights.get(row["id"], (1.0, size))
        items = [_item(link, row["via"], credit, weight / of if of else 0.0) for link in own]
        found.append(
            {
                "number": number,
                "via": row["via"],
                "text": row["text"],
                "share": row["share"],
                "matched": sum(link["mapping_id"] == row["id"] for link in links) + also.get(row["id"], 0),
                "counted": len(items),
                "counted_at_earlier_mapping": also.get(row["id"], 0),
                "size_total": fsum(item["size"] for item in items),
                "size_done": fsum(item["size"] * item["credit"] for item in items),
                "weight": weight if weights else None,
                "contribution": fsum(item["contribution"] for item in items),
                "items": items,
            }
        )
    return found


def _weights(rows: list[Row], counted: list[Row]) -> dict[int, tuple[float, float]]:
    """By mapping, its weight in the mean of a key result with shares, and the size over which it is spread.

    All that conventions link is one part with the mean of the given shares. Empty where no mapping has a share.
    """
    given = [row["share"] for row in rows if row["share"] is not None]
    if not given:
        return {}
    sizes: dict[int, float] = {row["id"]: 0.0 for row in rows}
    for link in counted:
        sizes[link["mapping_id"]] += link["size"]
    conventions = [row["id"] for row in rows if row["via"] != "mapping"]
    together = fsum(sizes[identity] for identity in conventions)
    spread = {row["id"]: together if row["id"] in conventions else sizes[row["id"]] for row in rows}
    mean = fsum(given) / len(given)
    shares = {row["id"]: mean if row["share"] is None else row["share"] for row in rows}
    parts = {row["id"]: shares[row["id"]] for row in rows if row["id"] not in conventions and spread[row["id"]] > 0}
    weight = fsum(parts.values()) + (mean if together > 0 else 0.0)
    return {row["id"]: (shares[row["id"]] / weight if weight > 0 else 0.0, spread[row["id"]]) for row in rows}


def _item(link: Row, via: str, credit: float, factor: float) -> Row:
    """A counted item. `contribution` is what it adds to the delivery."""
    earned = {"done": 1.0, "in_progress": credit}.get(link["state"], 0.0)
    return {
        "key": link["key"],
        "connection": link["connection"],
        "title": link["title"],
        "url": link["url"],
        "state": link["state"],
        "status": link["status"],
        "presence": link["presence"],
        "size": link["size"],
        "imputed": bool(link["imputed"]),
        "credit": earned,
        "contribution": factor * link["size"] * earned,
        "why": _why(link, via),
    }


def _why(link: Row, via: str) -> str:
    how = "direct" if link["direct"] else "inherited"
    return how if via == "mapping" else f"convention, {how}"


def _left_out(link: Row) -> Row:
    why = WHY_NOT[link["role"]]
    if link["presence"] == "deleted":
        why = f"deleted: {why}"
    elif link["state"] == "cancelled":
        word = link["resolution"] or link["status"]
        why = f"cancelled{f' ({word})' if word else ''}: {why}"
    keys = ("key", "connection", "title", "url", "state", "status", "presence", "role")
    return {**{name: link[name] for name in keys}, "why": why}


def _delivery(row: Row, mappings: list[Row]) -> Row:
    parts = [one for one in mappings if one["counted"]]
    value, computed = row["delivery"], fsum(one["contribution"] for one in parts)
    if not parts:
        formula = "unknown: no work counts for it"
    elif value is None:
        formula = "unknown: all its work has size or share 0"
    elif any(one["weight"] is not None for one in parts):
        terms = " + ".join(f"{one['contribution']:.4g}" for one in parts)
        formula = f"Σ share · delivery of the mapping / Σ share = {terms} = {computed:.4g}"
    else:
        done, total = fsum(one["size_done"] for one in parts), fsum(one["size_total"] for one in parts)
        formula = f"Σ size · credit / Σ size = {done:g} / {total:g} = {computed:.4g}"
    if value is not None and abs(value - computed) > 1e-9:
        formula += f"; stored is {value:.4g}: the configuration was edited since, `northing sync` counts anew"
    return {"value": value, "formula": formula}


def _outcome(row: Row, definition: Row, check_ins: list[Row], day: str) -> Row:
    metric, value, current = definition.get("metric"), row["outcome"], row["outcome_value"]
    given = definition.get("value")
    known = [one for one in check_ins if one["day"] <= day and one["value"] is not None]
    if _has_source(definition):
        known = [one for one in known if one["origin"] == "source"] or known
    last = known[-1] if known else None
    if isinstance(given, dict) and given.get("from") == "delivery":
        formula = "equals delivery" if value is not None else "equals delivery, which is unknown"
    elif metric is None:
        formula = "unknown: no metric is defined"
    elif current is None:
        formula = "unknown: no value is recorded yet"
    elif metric.get("type", "number") == "number":
        start, target = metric.get("start") or 0, metric["target"]
        formula = (
            f"(current − start) / (target − start) = ({current:g} − {start:g}) / ({target:g} − {start:g}) = {value:.4g}"
        )
        raw = (current - start) / (target - start)
        if raw != value and not 0 <= raw <= 1:
            formula += f" (held to 0..1, was {raw:.4g})"
    elif metric["type"] == "keep":
        bounds = [f"at least {metric['min']:g}"] if metric.get("min") is not None else []
        bounds += [f"at most {metric['max']:g}"] if metric.get("max") is not None else []
        formula = f"{current:g} {'is' if value else 'is not'} {' and '.join(bounds)}: {value:g}"
    else:
        formula = f"{current:g} is {'done' if value else 'not done'}: {value:g}"
    if last is not None and "equals" not in formula:
        formula += f"; {'fetched' if last['origin'] == 'source' else 'recorded'} for {last['day']}"
    return {"value": value, "current": current, "formula": formula}


def _has_source(definition: Row) -> bool:
    given = definition.get("value", "manual")
    return isinstance(given, dict) and given.get("from") != "delivery"


def _expected(row: Row, definition: Row, day: str) -> Row:
    start, end, today = (date.fromisoformat(text) for text in (row["cycle_start"], row["cycle_end"], day))
    curve = definition.get("expected")
    value = row["expected"]
    if isinstance(curve, list):
        points = ", ".join(f"{point[0]}: {point[1]:g}" for point in curve)
        formula = f"phased curve from {start} to {end} ({points}), on {today} = {value:.4g}"
    else:
        passed, length = (today - start).days + 1, (end - start).days + 1
        formula = f"elapsed days / days of the cycle = {max(passed, 0)} / {length} = {value:.4g}"
    return {"value": value, "formula": formula}


def _pace(row: Row, definition: Row) -> Row:
    given = definition.get("value")
    by_outcome = definition.get("metric") is not None or (isinstance(given, dict) and given.get("from") == "delivery")
    name = "outcome" if by_outcome else "delivery"
    reached, expected, value = row[name], row["expected"], row["pace"]
    if value is None:
        formula = f"unknown: {name} is unknown" if reached is None else "unknown: nothing is expected yet"
    else:
        formula = f"{name} / expected = {reached:.4g} / {expected:.4g} = {value:.4g}"
    return {"value": value, "formula": formula}
