"""From changes to a message: what, since when, why, what would end it, and where to look."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, tzinfo
from functools import cache
from pathlib import Path
from typing import Any

from alerts.changes import GRAVEST_FIRST, OBJECTION, Change
from alerts.channel import Message
from alerts.group import CAUSE, Entry, entries
from alerts.plain import Ready, address, clean, for_slack, for_teams, for_text
from config.codes import CODES

SHOWN = 10
"""Entries of a message, all further ones are counted."""
IN_FULL = 3
"""Of them, how many say why it matters and what would end it."""
NAMED = 5
"""Subjects named of those that are told together."""
TITLE, SUMMARY, KEY, WHY = 120, 280, 80, 240
"""Letters at most."""
LONGEST = 20_000
"""Bytes of a message for a chat: Teams refuses cards of more than 28 KB. Of a longer one fewer entries are shown."""
LONGEST_LINK = 500

KINDS = {
    "opened": "opened",
    "escalated": "escalated",
    "resolved": "resolved",
    "decided": "decided",
    "objected": "raised",
    "withdrawn": "withdrawn",
    "passed": "began and ended meanwhile",
}
MARKS = {"critical": "🔴", "warning": "🟠", "info": "🔵"}
OVER = {"resolved", "withdrawn", "passed"}


@dataclass(frozen=True)
class Words:
    """What a rule says of its findings: why they matter, what makes them go away, and its reasons by their codes."""

    why: str
    ends: str
    reasons: Mapping[str, str] = field(default_factory=dict)


OBJECTED = Words(
    why="A team says that it cannot reach this key result, or should not: cheap to hear now, and dear at the end.",
    ends="The team withdraws it: `northing finding withdraw`. A decision answers it: `northing finding decide`.",
)


@dataclass(frozen=True)
class Setting:
    """What messages need to know besides the changes. `base`: the address of the pages, None where there are none."""

    words: Callable[[str], Words]
    zone: tzinfo
    base: str | None = None


@dataclass(frozen=True)
class Line:
    """An entry as templates write it, of texts that are cleaned and cut, but not escaped.

    `head`: whether its first line is shown, where the title does not say the same.
    """

    mark: str
    state: str
    subject: str
    code: str
    title: str
    summary: str
    since: str
    said: str | None = None
    alike: str | None = None
    effects: str | None = None
    why: str | None = None
    ends: str | None = None
    url: Ready | None = None
    head: bool = True


def compose(
    changes: Sequence[Change],
    setting: Setting,
    *,
    number: str,
    greeting: bool = False,
    repetition: bool = False,
    note: str | None = None,
) -> Message | None:
    """The message about these changes; None where there is nothing to tell of them.

    `number` is its visible id. `greeting`: it is the first one of its channel and says how things stand. `repetition`:
    it may have been sent before. `note` stands above all.
    """
    found = entries(changes, standing=greeting)
    if not found:
        return None
    notes = [
        *([note] if note else []),
        *([f"This may be a repetition: message {number} was perhaps sent before."] if repetition else []),
    ]
    lines = [_line(entry, setting, full=at < IN_FULL, standing=greeting) for at, entry in enumerate(found[:SHOWN])]
    title = _greeting(found) if greeting else _title(found)
    if _alone(found) and not greeting:
        lines[0] = replace(lines[0], head=False)
    url = address(setting.base, "findings") if setting.base else None
    data = {
        "id": number,
        "repetition": repetition,
        "greeting": greeting,
        "url": url,
        "alerts": _data(changes, found, setting),
    }
    while True:
        more = sum(entry.count for entry in found[len(lines) :])
        content = {"notes": notes, "lines": lines, "more": more, "url": url, "number": number}
        written = _written(title, content, data, _tone(found))
        if len(lines) == 1 or max(len(one.encode()) for one in (written.slack, written.teams)) <= LONGEST:
            return written
        lines = lines[:-1]


def plain(title: str, text: str, number: str, data: dict[str, Any]) -> Message:
    """A message that is about no change: a test."""
    return _written(title, {"notes": [text], "lines": [], "more": 0, "url": None, "number": number}, data, "info")


def _tone(found: Iterable[Entry]) -> Any:
    present = {entry.change.severity for entry in found if entry.kind not in OVER and entry.kind != "decided"}
    return next((one for one in GRAVEST_FIRST if one in present), "good")


def _greeting(found: list[Entry]) -> str:
    number = sum(entry.count for entry in found)
    return f"Northing is watching: {number:,} {'finding is' if number == 1 else 'findings are'} open"


def _alone(found: list[Entry]) -> bool:
    """Whether the title says which finding it is about, as there is but one."""
    return len(found) == 1 and not found[0].alike


def _title(found: list[Entry]) -> str:
    if _alone(found):
        change, kind = found[0].change, found[0].kind
        state = KINDS[kind]
        if kind in ("opened", "objected", "escalated"):
            state = f"{change.severity}, escalated" if kind == "escalated" else change.severity
        return clean(f"{state.capitalize()}: {clean(change.subject, KEY)}, {_name(change.code)}", TITLE)
    counts: Counter[tuple[str, str]] = Counter()
    for entry in found:
        kind = "opened" if entry.kind == "objected" else entry.kind
        for change in (entry.change, *entry.alike, *entry.effects):
            counts[kind, change.severity if kind in ("opened", "escalated") else ""] += 1
    parts = [
        _joined([_counted(counts[kind, one], one) for one in (*GRAVEST_FIRST, "") if counts[kind, one]], said)
        for kind, said in KINDS.items()
    ]
    text = ", ".join(filter(None, parts))
    return text[:1].upper() + text[1:]


def _counted(number: int, severity: str) -> str:
    return f"{number:,} {severity}{'s' if severity == 'warning' and number > 1 else ''}"


def _joined(parts: list[str], said: str) -> str:
    """`3 critical, 2 warnings and 1 info opened`, `4 resolved`; nothing of nothing."""
    if not parts:
        return ""
    first, last = ", ".join(parts[:-1]), parts[-1].strip()
    return f"{first} and {last} {said}" if first else f"{last} {said}"


def _name(code: str) -> str:
    return "objection" if code == OBJECTION else f"{CODES.get(code, 'finding')} ({code})"


def _line(entry: Entry, setting: Setting, *, full: bool, standing: bool) -> Line:
    change, over = entry.change, entry.kind in OVER
    words, begun = _words(change.code, setting), _moment(change.since, setting.zone)
    state = (
        KINDS[entry.kind]
        if over or entry.kind == "decided"
        else f"{change.severity}, {'open' if standing else KINDS[entry.kind]}"
    )
    open_ = full and not over and entry.kind != "decided"
    said = ": ".join(clean(one, SUMMARY) for one in (change.who, change.words) if one)
    return Line(
        mark="✅" if over else "⚖️" if entry.kind == "decided" else MARKS[change.severity],
        state=state[0].upper() + state[1:],
        subject=clean(change.subject, KEY),
        code="" if change.code == OBJECTION else change.code,
        title="objection" if change.code == OBJECTION else CODES.get(change.code, ""),
        summary=clean(change.summary, SUMMARY),
        since=f"From {begun} to {_moment(change.at, setting.zone)}" if over else f"Since {begun}",
        said=said or None if entry.kind in ("decided", "withdrawn") else None,
        alike=f"and {len(entry.alike):,} more: {_named(entry.alike)}" if entry.alike else None,
        effects=_effects(entry.effects) if entry.effects else None,
        why=_sentence(words.reasons.get(change.reason or "", words.why)) if open_ else None,
        ends=_sentence(words.ends) if open_ else None,
        url=_page(change, setting.base),
    )


def _words(code: str, setting: Setting) -> Words:
    return OBJECTED if code == OBJECTION else setting.words(code)


def _sentence(text: str) -> str:
    """The first sentences, as many as fit."""
    text = re.sub(r"`([^`]*)`", r"“\1”", clean(text, 2000))
    if len(text) <= WHY:
        return text
    end = text.rfind(". ", 0, WHY)
    return text[: end + 1] if end > 0 else clean(text, WHY)


def _named(changes: Sequence[Change]) -> str:
    keys = list(dict.fromkeys(clean(change.subject, KEY) for change in changes))
    more = f" and {len(keys) - NAMED:,} more" if len(keys) > NAMED else ""
    return ", ".join(keys[:NAMED]) + more


def _effects(changes: Sequence[Change]) -> str:
    by_code: dict[str, list[Change]] = {}
    for change in changes:
        by_code.setdefault(change.code, []).append(change)
    return "; ".join(f"{len(some):,} × {_name(code)}: {_named(some)}" for code, some in by_code.items())


def _moment(at: datetime, zone: tzinfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M %Z}"


def _page(change: Change, base: str | None) -> Ready | None:
    if base is None:
        return None
    steps = ("key-results", change.subject) if change.code == OBJECTION else ("findings", change.code, change.subject)
    found = address(base, *steps)
    return found if len(found) <= LONGEST_LINK else None


def _data(changes: Sequence[Change], found: list[Entry], setting: Setting) -> list[dict[str, Any]]:
    """All changes for programs, those first that entries are about. `told`: whether an entry tells of it."""
    heads = {one.id: entry.kind for entry in found for one in (entry.change, *entry.alike, *entry.effects)}
    causes = {one.id: entry.change.subject for entry in found for one in entry.effects}
    ordered = sorted(changes, key=lambda one: (one.id not in heads, one.id))
    return [
        {
            "id": change.id,
            "code": change.code,
            "subject_kind": "key_result" if change.code == OBJECTION else change.subject_kind,
            "subject": clean(change.subject, WHY),
            "severity": change.severity,
            "change": change.kind,
            "told": heads.get(change.id),
            "summary": clean(change.summary, 1000),
            "reason": change.reason,
            "teams": sorted(change.teams),
            "at": _instant(change.at),
            "since": _instant(change.since),
            "who": change.who and clean(change.who, KEY),
            "words": change.words and clean(change.words, 1000),
            "ends": _words(change.code, setting).ends,
            "caused_by": {"code": CAUSE, "subject": causes[change.id]} if change.id in causes else None,
            "url": _page(change, setting.base),
        }
        for change in ordered
    ]


def _instant(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


@cache
def _template(name: str) -> Any:
    import jinja2

    # What is shown in HTML is escaped by Jinja itself, and all other formats have signs of their own.
    escapes = {"slack": for_slack, "teams": for_teams, "text": for_text}

    def finalize(value: Any) -> Any:
        return value if isinstance(value, Ready) or not isinstance(value, str) else escapes[name](value)

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=name == "html",  # noqa: S701 - as said above
        finalize=finalize if name in escapes else None,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    return environment.get_template(f"alert.{name}")


def _written(title: str, content: dict[str, Any], data: dict[str, Any], tone: Any) -> Message:
    forms = {
        name: _template(name).render(title=title, **content).strip() for name in ("text", "slack", "teams", "html")
    }
    return Message(title=title, data=data, tone=tone, **forms)
