"""An explanation as text."""

from typing import Any

from cli.bars import HEALTH, STATES, counted, percent
from cli.check import line
from cli.session import Session
from sync.forecast.work import chance_text
from sync.words import shortened

SHOWN = 40
_DAYS = (("P50", "forecast_p50"), ("P85", "forecast_p85"))


def show(found: dict[str, Any], at: Session, *, everything: bool = False) -> None:
    """Prints an explanation. Long lists of items are cut unless `everything`."""
    {"key_result": _key_result, "objective": _objective, "item": _item}[found["kind"]](found, at, everything)


def _key_result(found: dict[str, Any], at: Session, everything: bool) -> None:
    row = found["key_result"]
    at.say(f"{found['key']}  {row['title']}")
    at.say(f"  of {row['objective']} ({row['objective_title']}), cycle {row['cycle']}, as of {found['day']}")
    at.say(f"  {HEALTH[row['health'] or 'unknown'][0]}: {row['health_reason']}")
    at.say()
    for name in ("delivery", "outcome", "expected", "pace"):
        value = found[name]["value"]
        shown = percent(value) if name != "pace" else "–" if value is None else f"{value:.2f}"
        at.say(f"{name:<11}{shown:>5}   {found[name]['formula']}")
    if found["lever_share"]["value"] is not None:
        at.say(f"{'levers':<11}{percent(found['lever_share']['value']):>5}   {found['lever_share']['formula']}")
    if row["chance_by_end"] is not None and row["work_done"] < row["work_total"]:
        days = ", ".join(f"{name} {row[column] or 'later'}" for name, column in _DAYS)
        words = f"to be done by {row['cycle_end']}; {days}; `northing forecast {found['key']}` says why"
        at.say(f"{'chance':<11}{chance_text(row['chance_by_end']):>5}   {words}")
    if row["confidence"] is not None:
        at.say(f"{'confidence':<11}{percent(row['confidence']):>5}   as told in a check-in")
    if found["source"]:
        _source(found["source"], at)
    at.say()
    if not found["mappings"]:
        at.say("No mapping and no convention links work to it.")
    for one in found["mappings"]:
        _mapping(one, at, everything)
    for one in found["levers"]:
        whose = f", work of {', '.join(one['teams']) or 'no team'}" if one["matched"] else ""
        at.say(f"Lever {one['number']}: {one['text']}, matches {counted(one['matched'], 'item')}{whose}")
    if found["left_out"]:
        at.say(f"Left out: {counted(len(found['left_out']), 'item')}")
        _items([(one, f"{one['why']}") for one in found["left_out"]], at, everything)
    _findings(found, at)


def _source(row: dict[str, Any], at: Session) -> None:
    fetched = f"fetched {row['last_ok_at']}" if row["last_ok_at"] else "never fetched"
    at.say(f"value from {row['place']}, {fetched}")
    if row["error"]:
        at.say(f"  failed {row['failed_at']}: {row['error']}")


def _mapping(one: dict[str, Any], at: Session, everything: bool) -> None:
    via = "" if one["via"] == "mapping" else "convention: "
    share = "" if one["share"] is None else f", share {one['share']:g}"
    at.say(f"{one['number']}. {via}{one['text']}{share}")
    words = f"matches {counted(one['matched'], 'item')}, of which {one['counted']} count here"
    if one["counted_at_earlier_mapping"]:
        words += f"; {one['counted_at_earlier_mapping']} belong to an earlier mapping and are shown there"
    at.say(f"   {words}; adds {one['contribution']:.4g} to the delivery")
    rows = []
    for item in one["items"]:
        size = f"size {item['size']:g}{' (estimated from the others)' if item['imputed'] else ''}"
        lost = "" if item["presence"] == "present" else ", no longer visible"
        rows.append((item, f"{size}, {item['why']}{lost}"))
    _items(rows, at, everything)
    at.say()


def _items(rows: list[tuple[dict[str, Any], str]], at: Session, everything: bool) -> None:
    shown = rows if everything else rows[:SHOWN]
    width = max((len(item["key"]) for item, _ in shown), default=0)
    for item, words in shown:
        at.say(f"     {item['key']:<{width}}  {STATES[item['state']]:<11}  {shortened(item['title'])}  [{words}]")
    if len(shown) < len(rows):
        at.say(f"     and {len(rows) - len(shown)} more (--all lists them)")


def _objective(found: dict[str, Any], at: Session, _everything: bool) -> None:
    row = found["objective"]
    at.say(f"{found['key']}  {row['title']}")
    at.say(f"  cycle {row['cycle']}, {HEALTH[row['health'] or 'unknown'][0]}: {found['health']['reason']}")
    if found["supports"]:
        at.say(f"  supports {', '.join(found['supports'])}")
    at.say()
    for name in ("delivery", "outcome"):
        at.say(f"{name:<11}{percent(found[name]['value']):>5}   {found[name]['formula']}")
    at.say()
    for one in found["key_results"]:
        health = HEALTH[one["health"] or "unknown"][0]
        numbers = f"delivery {percent(one['delivery'])}, outcome {percent(one['outcome'])}"
        at.say(f"{one['key_result']}  {one['title']}: weight {one['weight']:g}, {numbers}, {health}")
    for one in found["supported_by"]:
        at.say(f"{one['target_key']} is supported by {one['key']}  {one['title']}")
    _findings(found, at)


def _item(found: dict[str, Any], at: Session, _everything: bool) -> None:
    row = found["item"]
    at.say(f"{found['key']}  {row['title']}")
    kind = f"{row['type']}, " if row["type"] else ""
    at.say(f"  {row['url']}")
    at.say(f"  {kind}{row['level']} in {row['connection']}:{row['scope']}, team {row['team'] or 'none'}")
    at.say(f"  {STATES[row['state']]}: {found['state_reason']}")
    if row["presence"] != "present":
        at.say(f"  {row['presence'].replace('_', ' ')}")
    if row["parent_key"]:
        at.say(f"  below {row['parent_key']}")
    at.say()
    at.say(found["verdict"])
    for link in found["links"]:
        at.say(f"  {link['key_result']}  {link['title']}: {link['why']}")
    for reason in found["intentional"]:
        at.say(f"  named as intentional: {reason}")


def _findings(found: dict[str, Any], at: Session) -> None:
    """The open findings and the standing objections, each with what people said to it."""
    objections = [{**row, "severity": row["state"]} for row in found.get("objections", [])]
    rows = [*found["findings"], *objections]
    if rows:
        at.say()
    for row in rows:
        at.say(line(row))
