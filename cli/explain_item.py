"""Where an item counts and why not, as data."""

from cli.explain_key_result import WHY_NOT
from cli.reader import Reader, Row

FOUND = """
    SELECT i.id, w.connection, w.scope, w.key, w.url, w.type, w.level, w.title, w.state, w.status, w.team, w.parent_key,
        w.estimate, w.presence, w.share_unaligned, i.category, i.resolution, i.parent_id
    FROM work_item i JOIN connection c ON c.id = i.connection_id
    JOIN northing_work w ON w.connection = c.name AND w.key = i.key
    WHERE i.id IN (SELECT id FROM work_item WHERE key_folded = :key
        UNION SELECT item_id FROM work_alias WHERE key_folded = :key)
    ORDER BY w.connection
"""
LINKS = """
    SELECT k.key AS key_result, k.title, l.direct, l.role, l.counted, l.size, l.imputed, m.text AS mapping, m.via,
        m.id AS mapping_id
    FROM link l JOIN key_result k ON k.id = l.key_result_id AND NOT k.archived
    LEFT JOIN mapping m ON m.id = l.mapping_id
    WHERE l.item_id = :id ORDER BY k.key
"""
INTENTIONAL = """
    SELECT m.text FROM match x JOIN mapping m ON m.id = x.mapping_id AND m.via = 'intentional'
    WHERE x.item_id = :id ORDER BY m.position
"""
ROUTE = """
    WITH RECURSIVE up(id, distance) AS (
        SELECT i.parent_id, 1 FROM work_item i WHERE i.id = :id AND i.parent_id IS NOT NULL
        UNION SELECT p.parent_id, up.distance + 1 FROM up JOIN work_item p ON p.id = up.id
        WHERE p.parent_id IS NOT NULL AND up.distance < 50)
    SELECT p.key FROM up JOIN work_item p ON p.id = up.id JOIN match x ON x.item_id = p.id
    WHERE x.mapping_id = :mapping AND x.direct ORDER BY up.distance LIMIT 1
"""
CHILDREN = "SELECT count(*) AS items FROM work_item WHERE parent_id = :id"


def items(reader: Reader, key: str) -> list[Row]:
    """The stored items with this key, in any letters and of any connection; a former key finds them too."""
    # As `store.fold`, which takes half a second to import.
    return [_item(reader, row) for row in reader.rows(FOUND, key=key.strip().casefold())]


def _item(reader: Reader, row: Row) -> Row:
    links = [_link(reader, row, link) for link in reader.rows(LINKS, id=row["id"])]
    intentional = [one["text"] for one in reader.rows(INTENTIONAL, id=row["id"])]
    [children] = reader.rows(CHILDREN, id=row["id"])
    shown = {name: value for name, value in row.items() if name not in ("id", "parent_id")}
    return {
        "kind": "item",
        "key": row["key"],
        "item": shown,
        "state_reason": _state_reason(row),
        "children": children["items"],
        "links": links,
        "intentional": intentional,
        "verdict": _verdict(row, links, intentional),
    }


def _state_reason(row: Row) -> str:
    words = f"the tool's category is {row['category']}"
    if row["status"]:
        words += f", its status {row['status']!r}"
    if row["resolution"]:
        words += f", its resolution {row['resolution']!r}"
    return words


def _link(reader: Reader, row: Row, link: Row) -> Row:
    mapping = link.pop("mapping_id")
    if link["direct"]:
        how = f"matched by {link['mapping']}"
    else:
        above = reader.rows(ROUTE, id=row["id"], mapping=mapping)
        through = above[0]["key"] if above else row["parent_key"]
        how = f"lies below {through}, which is matched by {link['mapping']}"
    if link["counted"]:
        counts = f"counts with size {link['size']:g}{' (estimated from the others)' if link['imputed'] else ''}"
    elif row["presence"] == "deleted" or row["state"] == "cancelled":
        word = "deleted" if row["presence"] == "deleted" else "cancelled"
        counts = f"does not count: {word}, {WHY_NOT[link['role']]}"
    else:
        counts = f"does not count: {WHY_NOT[link['role']]}"
    return {**link, "direct": bool(link["direct"]), "counted": bool(link["counted"]), "why": f"{how}; it {counts}"}


def _verdict(row: Row, links: list[Row], intentional: list[str]) -> str:
    counted = [link["key_result"] for link in links if link["counted"]]
    if counted:
        return f"It counts for {', '.join(counted)}."
    if links:
        return f"It is linked to {', '.join(link['key_result'] for link in links)}, and counts for none itself."
    if intentional:
        return f"It serves no key result on purpose: {intentional[0]}."
    if row["state"] != "in_progress":
        return "It serves no key result. As it is not in progress, it is no unaligned work."
    return "It serves no key result: no mapping and no convention reaches it, and it is not named as intentional."
