"""What a selector matches in the stored work."""

from typing import TYPE_CHECKING, Any

from cli.bars import STATES, by_number, counted
from cli.session import Failure, Session

if TYPE_CHECKING:
    import sqlalchemy as sa

    from config import Selector

SHOWN = 100
ITEMS = """
    SELECT i.key, c.name AS connection, s.key AS scope, i.level, i.type, i.title, i.state, i.url, i.presence, r.direct
    FROM reach r JOIN work_item i ON i.id = r.item_id JOIN connection c ON c.id = i.connection_id
    JOIN scope s ON s.id = i.scope_id
"""


def parse(text: str) -> "Selector":
    """Reads a selector written as YAML, usually on one line. Raises Failure where it is none."""
    import yaml
    from pydantic import ValidationError
    from yaml.cyaml import CBaseLoader

    from config import Selector
    from config.problems import did_you_mean
    from config.work import CRITERIA

    advice = "Write it as in a mapping: '{project: SHOP, label: latency}'."
    try:
        data = yaml.load(text, Loader=CBaseLoader)  # noqa: S506 - knows texts, lists and mappings only
    except yaml.YAMLError as error:
        words = getattr(error, "problem", None) or str(error)
        raise Failure(f"The selector {text!r} is not valid YAML: {words}.", advice) from None
    if not isinstance(data, dict):
        raise Failure(f"{text!r} is no selector: it has no keys.", advice)
    try:
        return Selector.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        if first["type"] == "extra_forbidden":
            near = did_you_mean(str(first["loc"][-1]), [*CRITERIA, "not", "descend"])
            raise Failure(f"A selector has no key `{where}`.{near}", advice) from None
        raise Failure(f"The selector cannot be read: {f'{where}: ' if where else ''}{first['msg']}.", advice) from None


def run(at: Session, selector: "Selector", *, everything: bool) -> None:
    """Prints what a selector matches."""
    from cli.quick import database_url
    from cli.wiring import database

    with database(database_url(at)) as engine, engine.connect() as conn:
        # Temporary tables need no write lock: a sync that runs meanwhile is not waited for.
        conn = conn.execution_options(northing_read_only=True)
        transaction = conn.begin()
        rows = matched(conn, selector)
        hints = [] if rows else _hints(conn, selector)
        transaction.rollback()
    if at.json:
        at.data(rows)
        return
    direct = sum(row["direct"] for row in rows)
    if rows:
        at.say(f"{counted(len(rows), 'item')}: {direct} by the selector itself, {len(rows) - direct} below these.")
    else:
        at.say("No item.")
    for hint in hints:
        at.say(f"  {hint}")
    if at.quiet:
        return
    shown = rows if everything else rows[:SHOWN]
    width = max((len(row["key"]) for row in shown), default=0)
    for row in shown:
        how = "direct" if row["direct"] else "inherited"
        at.say(f"{row['key']:<{width}}  {how:<9}  {STATES[row['state']]:<11}  {row['title']}")
    if len(shown) < len(rows):
        at.say(f"and {len(rows) - len(shown)} more (--all lists them)")


def matched(conn: "sa.Connection", selector: "Selector") -> list[dict[str, Any]]:
    """The items that a selector matches, descendants included. Writes temporary tables only."""
    import sqlalchemy as sa

    from mapping.resolve import compile_all, resolve

    resolve(conn, compile_all(conn, {1: selector}))
    rows = [dict(row) for row in conn.execute(sa.text(ITEMS)).mappings()]
    rows.sort(key=lambda row: (row["connection"], row["scope"], by_number(row["key"])))
    return [{**row, "direct": bool(row["direct"])} for row in rows]


def _hints(conn: "sa.Connection", selector: "Selector") -> list[str]:
    """Why nothing matches: what each key matches alone."""
    import sqlalchemy as sa

    from config import Selector
    from config.work import CRITERIA

    if conn.execute(sa.text("SELECT 1 FROM work_item LIMIT 1")).first() is None:
        return ["No work is stored yet. Run `northing sync` first."]
    hints = []
    for name in CRITERIA:
        if value := getattr(selector, name):
            count = len(matched(conn, Selector.model_validate({name: value, "descend": selector.descend})))
            shown = value if isinstance(value, str) else ", ".join(value)
            more = " (a query is asked at a sync, once a mapping has it)" if name == "jql" and not count else ""
            hints.append(f"{name} {shown} alone matches {counted(count, 'item')}{more}")
    return hints
