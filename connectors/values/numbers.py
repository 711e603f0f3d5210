"""What counts as a number, wherever it comes from."""

import math
import re
from decimal import Decimal

from connectors.errors import Refused

_NUMBER = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d{1,4})?", re.ASCII)
_COMMA = re.compile(r"[-+]?\d[\d.'\s]*,\d+", re.ASCII)
_SHOWN = 60


def one_number(value: object, where: str) -> float:
    """`value` as a finite number: a number, or a text that is nothing else. `where` begins the message otherwise.

    Raises Refused for all else, booleans among it: what is not a number was not meant, and 0 or 1 would look like one.
    """
    match value:
        case None:
            raise Refused(f"{where} gives nothing (null).", advice="Ask for what always has a number.")
        case bool():
            raise Refused(
                f"{where} gives {str(value).lower()}, expected a number.", advice="Turn it into 0 and 1 there."
            )
        case int() | float() | Decimal():
            return _finite(value, where)
        case str():
            return _finite(_of_text(value, where), where)
        case list() | dict():
            kind = f"a list of {len(value)}" if isinstance(value, list) else f"an object with {len(value)} keys"
            raise Refused(f"{where} gives {kind}, expected one number.", advice="Point to the number inside.")
        case _:
            raise Refused(f"{where} gives {type(value).__name__}, expected a number.", advice="Ask for a number.")


def _of_text(value: str, where: str) -> float:
    text = value.strip()
    if _NUMBER.fullmatch(text):
        return float(text)
    if _COMMA.fullmatch(text):
        raise Refused(
            f"{where} gives {_cut(text)}, with a comma.",
            advice="Numbers are written with a decimal point and without separators of thousands, like 1234.5.",
        )
    if text.lower().lstrip("+-") in ("nan", "inf", "infinity"):
        return float(text)
    raise Refused(f"{where} gives {_cut(text)}, expected a number.", advice="Only a plain number, like 2.4, is taken.")


def _finite(value: float | Decimal, where: str) -> float:
    try:
        found = float(value)
    except OverflowError:
        found = math.inf
    if math.isfinite(found):
        return found
    word = "NaN (not a number)" if math.isnan(found) else "a number beyond all bounds"
    raise Refused(f"{where} gives {word}.", advice="A division by zero, or no data? Ask for what always has a value.")


def _cut(text: str) -> str:
    return repr(text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…")
