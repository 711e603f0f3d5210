"""What an objective's numbers are made of, as data."""

from cli.check import FINDINGS, open_findings
from cli.reader import Reader, Row

KEY_RESULTS = """
    SELECT v.*, k.weight FROM northing_key_results v JOIN key_result k ON k.key = v.key_result
    WHERE v.objective = :key ORDER BY k.position, k.id
"""
BELOW = """
    SELECT o.key, o.title, s.target_key FROM support s JOIN objective o ON o.id = s.objective_id AND NOT o.archived
    WHERE s.target_key = :key OR s.target_key IN
        (SELECT k.key FROM key_result k JOIN objective p ON p.id = k.objective_id WHERE p.key = :key)
    ORDER BY o.position
"""


def objective(reader: Reader, key: str) -> Row | None:
    """All that decides the numbers of an objective; None where there is no such."""
    rows = reader.rows("SELECT * FROM northing_objectives WHERE objective = :key", key=key)
    if not rows:
        return None
    key_results = reader.rows(KEY_RESULTS, key=key)
    above = "SELECT s.target_key FROM support s JOIN objective o ON o.id = s.objective_id WHERE o.key = :key ORDER BY 1"
    return {
        "kind": "objective",
        "key": key,
        "objective": rows[0],
        "supports": [row["target_key"] for row in reader.rows(above, key=key)],
        "supported_by": reader.rows(BELOW, key=key),
        "key_results": key_results,
        "outcome": {"value": rows[0]["outcome"], "formula": _mean(key_results, "outcome")},
        "delivery": {"value": rows[0]["delivery"], "formula": _mean(key_results, "delivery")},
        "health": {"value": rows[0]["health"], "reason": "the worst word among its key results"},
        "findings": open_findings(reader.rows(f"{FINDINGS} AND subject = :key", key=key)),
    }


def _mean(key_results: list[Row], name: str) -> str:
    valued = [row for row in key_results if row[name] is not None]
    left_out = [row["key_result"] for row in key_results if row[name] is None]
    weight = sum(row["weight"] for row in valued)
    if not valued or not weight:
        return f"unknown: no key result has {'an' if name == 'outcome' else 'a'} {name}"
    terms = " + ".join(f"{row['weight']:g} · {row[name]:.4g}" for row in valued)
    mean = sum(row["weight"] * row[name] for row in valued) / weight
    text = f"Σ weight · {name} / Σ weight = ({terms}) / {weight:g} = {mean:.4g}"
    return f"{text}; left out, as unknown: {', '.join(left_out)}" if left_out else text
