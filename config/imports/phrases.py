"""The words by which people mark objectives, key results, owners and what came of them."""

import re

_OBJECTIVE = re.compile(
    r"^(?:(?:company |team |our )?objectives?|goal)\s*#?\d*(?:\.\d+)*\s*[:.)–—-]\s*|^O\d+(?:\.\d+)*\s*[:.)–—-]\s*",
    re.IGNORECASE,
)
_KEY_RESULT = re.compile(
    r"^(?P<who>[^:]{0,60}?)\s*(?:\bKR|\bkey result|\bKey Result)s?\s*#?\d*(?:\.\d+)*\s*[:.)–—-]\s*(?=\S)"
)
_PREFIX = re.compile(r"^(?P<who>[A-Z][^:.!?\[\]]{1,40}?):\s+(?=\S)")
_RESULT = re.compile(r"\s*=+>\s*")
_DONE = re.compile(
    r"^[.\s]*(?:100\s?%|done|yes|reached|complete[d]?|achieved|shipped|finished)\b(?!\s+for\b)", re.IGNORECASE
)
_NOT_DONE = re.compile(r"^[.\s]*(?:0\s?%|no\b|not\b|missed|dropped|cancelled)", re.IGNORECASE)
_SCORE = re.compile(
    r"^(?P<share>(?:0(?:[.,]\d+)?|1(?:[.,]0+)?|\.\d+))(?:\s*/\s*1(?:\.0)?)?(?=$|[\s:.,;)])|^(?P<percent>\d{1,3}(?:[.,]\d+)?)\s?%(?=$|:|\.\s|\.$)"
)
_PRIORITY = re.compile(r"\s*\[P[\d?]\]\s*", re.IGNORECASE)
_OWNERS = ("owner", "owners", "dri", "dris", "lead", "leads", "responsible", "accountable", "champion", "assignee")
_ATTRIBUTES = {
    **dict.fromkeys(_OWNERS, "owner"),
    **dict.fromkeys(("team", "teams", "squad", "department"), "team"),
    **dict.fromkeys(("score", "grade", "progress", "achieved", "completion"), "score"),
    **dict.fromkeys(("weight",), "weight"),
    **dict.fromkeys(("confidence",), "confidence"),
    **dict.fromkeys(
        ("why", "rationale", "note", "notes", "details", "detail", "status", "source", "channel", "source page"), "note"
    ),
    **dict.fromkeys(
        ("workgroup", "facilitator", "due", "deadline", "context", "background", "update", "updates"), "note"
    ),
    **dict.fromkeys(
        ("how", "links", "link", "parent objective", "comment", "comments", "initiatives", "initiative"), "note"
    ),
}
_ATTRIBUTE = re.compile(r"^(?P<name>[A-Za-z][A-Za-z ]{1,20}?)\s*[:=]\s*(?P<value>.*)$")
_TRAILING_OWNER = re.compile(
    rf"\s*[\[(](?:{'|'.join(_OWNERS)})s?\s*[:=]?\s*(?P<who>[^\])]+)[\])]\s*$|\s*[\[(](?P<at>@[\w.-]+(?:\s*[,&/]\s*@[\w.-]+|\s+@[\w.-]+)*)[\])]\s*$",
    re.IGNORECASE,
)
_TRAILING_SCORE = re.compile(
    r"\s*[\[(](?:score\s*[:=]?\s*)?(?P<score>0?[.,]\d+|[01][.,]\d+|\d{1,3}\s?%)[\])]\s*$", re.IGNORECASE
)


def objective_in(text: str) -> str | None:
    """The objective behind a mark such as `Objective 1:` or `O2:`; None where there is no mark."""
    match = _OBJECTIVE.match(text)
    return text[match.end() :].strip() or None if match else None


def key_result_in(text: str) -> tuple[str, str] | None:
    """Who is named before a mark such as `KR:` or `Sales KR 2.1:` ("" for nobody) and the key result behind it."""
    match = _KEY_RESULT.match(text)
    return (match["who"].strip(" -–—"), text[match.end() :].strip()) if match else None


def prefix_of(text: str) -> tuple[str, str] | None:
    """`Sales: Reach …` taken apart: who, and the rest."""
    match = _PREFIX.match(text)
    if match is None or attribute(text) is not None:
        return None
    return match["who"].strip(), text[match.end() :].strip()


def result_of(text: str) -> tuple[str, str | None]:
    """`Hire two people => Done` taken apart: what is to be reached, and what came of it."""
    match = _RESULT.search(text)
    return (text[: match.start()].strip(), text[match.end() :].strip()) if match and match.start() else (text, None)


def judged(result: str) -> bool | float | None:
    """What came of a key result, in words: done or not, or a share from 0 to 1. None where the words do not tell."""
    if found := _SCORE.match(result):
        share = score(found[0])
        return share if share not in (0, 1) else bool(share)
    if _NOT_DONE.match(result):
        return False
    return True if _DONE.match(result) else None


def score(text: str) -> float | None:
    """A score as a share from 0 to 1: `0.7`, `70 %`, `7/10`. None where it is none."""
    text = text.strip().rstrip(".:").replace(",", ".")
    if match := re.fullmatch(r"(\d+(?:\.\d+)?)\s*/\s*(\d+(?:\.\d+)?)", text):
        return _share(float(match[1]) / float(match[2])) if float(match[2]) else None
    if match := re.fullmatch(r"(\d+(?:\.\d+)?)\s?%", text):
        return _share(float(match[1]) / 100)
    return _share(float(text)) if re.fullmatch(r"\d*\.\d+|[01]", text) else None


def _share(value: float) -> float | None:
    return round(value, 6) if 0 <= value <= 1 else None


def attribute(text: str) -> tuple[str, str] | None:
    """`Owner: @a, @b` taken apart: owner, team, score, weight, confidence or note, and its value."""
    match = _ATTRIBUTE.match(text)
    kind = _ATTRIBUTES.get(match["name"].casefold()) if match else None
    return (kind, match["value"].strip()) if match and kind else None


def owners(text: str) -> str | None:
    """Names in one text, with commas between: `@a, @b`, `Ann & Bob`, `ann/bob` are lists."""
    names = [name.strip(" .").removeprefix("@") for name in re.split(r"\s*(?:,|;|/|&|\band\b|\s(?=@))\s*", text)]
    return ", ".join(name for name in names if name) or None


def trailing(text: str) -> tuple[str, str | None, float | None]:
    """A title without `(Owner: …)`, `(@a)` and `(0.7)` at its end, with the owners and the score that were there."""
    who, reached = None, None
    for _ in range(2):
        if (match := _TRAILING_OWNER.search(text)) and who is None and match.start():
            who, text = owners(match["who"] or match["at"]), text[: match.start()]
        elif (match := _TRAILING_SCORE.search(text)) and reached is None and match.start():
            found = score(match["score"])
            if found is None:
                break
            reached, text = found, text[: match.start()]
    return text.strip(), who, reached


def without_priority(text: str) -> str:
    """A title without `[P0]`."""
    return _PRIORITY.sub(" ", text).strip()
