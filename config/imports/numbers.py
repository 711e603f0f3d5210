"""The metric in a key result's title, where it is told beyond doubt; else why it is not."""

import re
from dataclasses import dataclass
from typing import Any

_NUMBER = (
    r"(?P<cur{0}>[$€£])?\s?(?P<num{0}>\d[\d.,'’]*)"
    r"(?:\s?(?P<size{0}>k|m|mio|bn|b|thousand|million|billion)\b)?\s?(?P<pct{0}>%|percent\b|ms\b|€)?"
    r"(?![\w/]|[.,]\d)"
)
_FREE = r"(?<![\w.,$€£#])"


def _with(pattern: str) -> re.Pattern[str]:
    text = pattern.replace("<A>", _FREE + _NUMBER.replace("{0}", "a")).replace(
        "<B>", _FREE + _NUMBER.replace("{0}", "b")
    )
    return re.compile(text, re.IGNORECASE)


# In the order in which they are tried: (what it is, the pattern).
_PATTERNS = (
    ("change", _with(r"\bfrom\s+<A>[^.;]{0,40}?\bto\s+(?:at least\s+|under\s+|over\s+)?<B>")),
    ("change", _with(r"<A>\s*(?:→|->|=>|⇒)\s*<B>\s*(?=$|[.,;)])")),
    (
        "back",
        _with(
            r"<A>[^;]{0,60}?\b(?:instead of|(?:up|down),? from|compared (?:to|with)|(?<=[,(] )from|(?<=[,(])from)\s+<B>"
        ),
    ),
    ("min", _with(r"(?:≥|>=)\s*<A>")),
    ("max", _with(r"(?:≤|<=)\s*<A>")),
    ("min", _with(r"\b(?:keep|maintain|stay|remain)\w*\b[^.;]{0,40}?\b(?:above|over|at least)\s+<A>")),
    ("max", _with(r"\b(?:keep|maintain|stay|remain)\w*\b[^.;]{0,40}?\b(?:below|under|at most|within)\s+<A>")),
    (
        "up",
        _with(
            r"\b(?:increase|grow|raise|improve|reach|lift|boost|achieve|hit)\w*\b(?![^.;]*\bby\s)[^.;]{0,60}?\b(?:to|of)\s+"
            r"(?:at least\s+|over\s+)?<A>"
        ),
    ),
    ("up", _with(r"\b(?:reach|achieve|hit)\w*\s+(?:at least\s+|over\s+|>\s?)?<A>")),
    ("down", _with(r"\b(?:reduce|lower|decrease|cut|bring|shorten|drop)\w*\b[^.;]{0,60}?\bto\s+(?:under\s+)?<A>")),
    ("leading", _with(r"^<A>\+?(?=\s+[^\W\d])")),
)
_LARGEST = 1e15
"""A larger number is none that people count: infinite, not a number at all, or an identifier."""
_SIZES = {"k": 1e3, "M": 1e6, "bn": 1e9}
_SHORT = {"thousand": "k", "million": "M", "mio": "M", "billion": "bn", "m": "M", "k": "k", "b": "bn", "bn": "bn"}
_CELL = re.compile(r"(?P<sign>[-−]?)\s?" + _NUMBER.replace("{0}", "a") + r"\s*(?P<word>[^\d]{0,20})", re.IGNORECASE)
_ANY_NUMBER = re.compile(r"(?<![\w#])(?<!\d[.,'’])[$€£]?\d")


@dataclass(frozen=True)
class _Amount:
    value: float
    size: str
    unit: str

    @property
    def shown(self) -> str:
        """The unit with the size in it: $M, k, %."""
        return f"{self.unit}{self.size}" if self.unit in ("$", "€", "£") else self.size or self.unit


def number(text: str) -> float | None:
    """A number as people write it: 1,500 or 1'500 or 2,5 or 99.9. None where it can be read in two ways (1.500)."""
    text = text.strip().rstrip(".,'’")
    if re.fullmatch(r"\d{1,3}([,'’]\d{3})+(\.\d+)?", text):
        return float(re.sub(r"[,'’]", "", text))
    if re.fullmatch(r"\d+,\d{1,2}", text):
        return float(text.replace(",", "."))
    if re.fullmatch(r"\d{1,3}(\.\d{3}){2,}(,\d+)?", text):
        return float(text.replace(".", "").replace(",", "."))
    if re.fullmatch(r"[1-9]\d{0,2}\.\d{3}", text):
        return None
    return float(text) if re.fullmatch(r"\d+(\.\d+)?", text) and len(text) < 16 else None


def amount(text: Any) -> tuple[float, str] | None:
    """A cell's number and its unit: `$10M` is 10 in $M, `65 %` is 65 in %. Numbers of a sheet are taken as they are."""
    if isinstance(text, bool):
        return None
    if isinstance(text, int | float):
        return (float(text), "") if abs(text) <= _LARGEST else None
    match = _CELL.fullmatch(str(text).strip())
    found = _amount(match, "a") if match else None
    if found is None or match is None:
        return None
    value = -found.value if match["sign"] else found.value
    return value, found.shown or match["word"].strip()


def metric_in(title: str) -> tuple[dict[str, Any] | None, str | None]:
    """The metric that a title tells, or None and why there is none though there are numbers (None: no numbers).

    A start that is not told is left out: the language takes 0. Falling targets without a start tell no metric, nor do
    changes by some percent, nor titles in which a pattern stands twice.
    """
    for kind, pattern in _PATTERNS:
        matches = list(pattern.finditer(title))
        if not matches:
            continue
        if len(matches) > 1:
            return None, "more than one number to reach: no metric was made of it"
        numbers = len(_ANY_NUMBER.findall(title))
        counts = kind in ("up", "leading") and not matches[0]["pcta"] and not matches[0]["cura"]
        if numbers > (1 if counts else 2) and kind not in ("change", "back"):
            return None, "more than one number to reach: no metric was made of it"
        return _metric(kind, matches[0])
    if not _ANY_NUMBER.search(title):
        return None, None
    return None, "what its number means is not certain: no metric was made of it"


def _metric(kind: str, match: re.Match[str]) -> tuple[dict[str, Any] | None, str | None]:
    one = _amount(match, "a")
    other = _amount(match, "b") if "numb" in match.groupdict() else None
    if one is None or ("numb" in match.groupdict() and other is None):
        return None, "its number can be read in two ways: no metric was made of it"
    if kind == "down":
        return None, "where it starts is not told: no metric was made of it"
    if kind in ("min", "max"):
        return _made({"type": "keep", kind: one.value}, one.shown)
    if other is None:
        if kind == "leading" and not one.shown and 1900 <= one.value <= 2100:
            return None, "its number may be a year: no metric was made of it"
        if one.value == 0:
            return None, "a target of 0 needs a start: no metric was made of it"
        return _made({"target": one.value}, one.shown)
    start, target = (one, other) if kind == "change" else (other, one)
    if start.size != target.size:
        if not (start.size and target.size):
            return None, "its numbers can be read in two ways: no metric was made of it"
        start, target = (_Amount(each.value * _SIZES[each.size], "", each.unit) for each in (start, target))
    if start.value == target.value:
        return None, "it starts where it ends: no metric was made of it"
    return _made({"start": start.value, "target": target.value}, target.shown or start.shown)


def _made(metric: dict[str, Any], unit: str) -> tuple[dict[str, Any], None]:
    return ({**metric, "unit": unit} if unit else metric), None


def _amount(match: re.Match[str], which: str) -> _Amount | None:
    value = number(match[f"num{which}"])
    if value is None:
        return None
    size = _SHORT.get((match[f"size{which}"] or "").lower(), "")
    unit = match[f"cur{which}"] or (match[f"pct{which}"] or "").replace("percent", "%")
    return _Amount(value, size, unit)
