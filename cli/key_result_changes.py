"""What becomes of key results between two states of the database: links gained and lost, numbers before and after."""

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from cli.bars import counted, percent
from cli.session import Session

if TYPE_CHECKING:
    import sqlalchemy as sa

SHOWN = 20
NUMBERS = """
    SELECT k.key, k.title, m.delivery, m.health, m.work_total FROM key_result k
    LEFT JOIN measure m ON m.key_result_id = k.id WHERE NOT k.archived ORDER BY k.key
"""
LINKED = """
    SELECT k.key AS key_result, i.key FROM link l JOIN key_result k ON k.id = l.key_result_id AND NOT k.archived
    JOIN work_item i ON i.id = l.item_id ORDER BY i.id
"""


def state(conn: "sa.Connection") -> dict[str, dict[str, Any]]:
    """Each key result's numbers and linked items now."""
    import sqlalchemy as sa

    links: dict[str, dict[str, None]] = defaultdict(dict)
    for key_result, key in conn.execute(sa.text(LINKED)):
        links[key_result][key] = None
    rows = conn.execute(sa.text(NUMBERS)).mappings()
    return {row["key"]: {**row, "items": links[row["key"]]} for row in rows}


def changes(before: dict[str, dict[str, Any]], after: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """One row for each key result before or after: change (added, removed, changed, same), gained, lost, numbers."""
    return [_change(key, before.get(key), after.get(key)) for key in sorted(before.keys() | after.keys())]


def show(rows: list[dict[str, Any]], at: Session, *, everything: bool = False) -> None:
    """Prints the key results that change, with all items that come or go (`everything`) or the first few of them."""
    changed = [one for one in rows if one["change"] != "same"]
    for one in changed:
        _show_one(one, at, everything=everything)
    same = len(rows) - len(changed)
    words = "nothing would change" if not changed else f"{counted(same, 'key result')} would stay as they are"
    at.say(f"{words[0].upper()}{words[1:]}." if not changed or same else "")


def _change(key: str, before: dict[str, Any] | None, after: dict[str, Any] | None) -> dict[str, Any]:
    old, new = before or {}, after or {}
    gained = [item for item in new.get("items", {}) if item not in old.get("items", {})]
    lost = [item for item in old.get("items", {}) if item not in new.get("items", {})]
    numbers = {
        f"{name}_{when}": row.get(name)
        for name in ("delivery", "work_total", "health")
        for when, row in (("before", old), ("after", new))
    }
    moved = any(numbers[f"{name}_before"] != numbers[f"{name}_after"] for name in ("delivery", "work_total"))
    change = "added" if not before else "removed" if not after else "changed" if gained or lost or moved else "same"
    title = (after or old)["title"]
    return {"key_result": key, "title": title, "change": change, "gained": gained, "lost": lost, **numbers}


def _show_one(one: dict[str, Any], at: Session, *, everything: bool) -> None:
    words = {"added": " (new)", "removed": " (leaves the configuration)"}.get(one["change"], "")
    numbers = f"delivery {percent(one['delivery_before'])} → {percent(one['delivery_after'])}"
    work = f"{one['work_total_before'] or 0} → {counted(one['work_total_after'] or 0, 'counted item')}"
    at.say(f"{one['key_result']}{words}: {numbers}, {work}")
    for mark, keys in (("+", one["gained"]), ("−", one["lost"])):
        shown = keys if everything else keys[:SHOWN]
        more = f" and {len(keys) - len(shown)} more (--all lists them)" if len(shown) < len(keys) else ""
        if keys:
            at.say(f"  {mark} {', '.join(shown)}{more}")
