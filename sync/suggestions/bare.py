"""The running key results that no work is linked to."""

from datetime import date

import sqlalchemy as sa

from config import Config

_WITHOUT = """
    SELECT k.key FROM key_result k JOIN objective o ON o.id = k.objective_id
    JOIN cycle y ON y.id = o.cycle_id AND :day BETWEEN y.starts_on AND y.ends_on
    WHERE NOT k.archived AND NOT EXISTS (SELECT 1 FROM link l WHERE l.key_result_id = k.id)
    ORDER BY o.position, k.position, k.id
"""


def bare_key_results(conn: sa.Connection, config: Config, day: date) -> dict[str, str]:
    """Why the key results without any linked work have none, by key: `no_mapping` or `matches_nothing`.

    Those that need no work (`delivery: {none: …}`) are left out.
    """
    quiet = {one.key for objective in config.objectives for one in objective.key_results if not one.delivery.expected}
    mapped = {mapping.key_result for mapping in config.mappings}
    keys = conn.execute(sa.text(_WITHOUT).bindparams(sa.bindparam("day", day, sa.Date))).scalars()
    return {key: "matches_nothing" if key in mapped else "no_mapping" for key in keys if key not in quiet}
