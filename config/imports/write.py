"""From what was read to YAML for review: keys, teams, cycles, metrics, check-ins, and the list of what was left out."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from config.imports.cycles import Span, find_cycle, find_days, quarter_of
from config.imports.model import Document, KeyResultDraft, ObjectiveDraft, Unread
from config.imports.numbers import metric_in
from config.yaml_text import flow, one_line, scalar

_ARTICLES = "a an and are as at by for from in into is it of on or our that the their this to we with your"
_SMALL = frozenset(_ARTICLES.split())
_LONGEST_KEY = 32


@dataclass(frozen=True)
class Note:
    """What was left out or guessed, with the file that it stands in."""

    file: str
    line: int
    text: str
    why: str


@dataclass
class Imported:
    """The YAML, and what a person should look at. The counts are of what the YAML holds."""

    yaml: str
    notes: list[Note]
    objectives: int
    key_results: int
    check_ins: int


def write(
    documents: Sequence[Document], *, today: date, fiscal_start: int | None = None, cycle: str | None = None
) -> Imported:
    """Makes YAML of documents. `fiscal_start`: the month in which fiscal years begin, None where nobody said; `cycle`:
    the cycle of what names none, the quarter of `today` by default.
    """
    return _Writing(today, fiscal_start, cycle).write(documents)


@dataclass
class _Writing:
    today: date
    fiscal_start: int | None
    cycle: str | None
    keys: set[str] = field(default_factory=set)
    spans: dict[str, Span] = field(default_factory=dict)
    teams: dict[tuple[str, ...], str] = field(default_factory=dict)
    check_ins: list[dict[str, Any]] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)

    def write(self, documents: Sequence[Document]) -> Imported:
        """All documents as one text."""
        lines: list[str] = []
        objectives = [(document, one) for document in documents for one in document.objectives if one_line(one.title)]
        for document in documents:
            for unread in document.unread:
                self._note(document, unread)
            for one in document.objectives:
                for draft in [one, *one.key_results]:
                    if not one_line(draft.title):
                        self._note(document, Unread(draft.line, "", "a title without a letter"))
        named = {id(one): self._key(one.key, self._slug(one.title)) for _, one in objectives}
        count = 0
        for document, objective in objectives:
            lines += self._objective(document, objective, named)
            count += sum(bool(one_line(draft.title)) for draft in objective.key_results)
        self.notes.sort(key=lambda note: (note.file, note.line))
        text = "\n".join([*self._head(documents), *(["objectives:", *lines] if lines else []), *self._tail()]) + "\n"
        return Imported(text, self.notes, len(objectives), count, len(self.check_ins))

    # --- parts of the text -------------------------------------------------------------------------------------------

    def _head(self, documents: Sequence[Document]) -> list[str]:
        names = ", ".join(one_line(document.name) for document in documents)
        lines = [f"# Imported from {names}. Read it through before you use it: what was left out stands at the end."]
        if self.spans:
            lines.append("cycles:")
            lines += [
                f"  - {flow({'key': span.key, 'start': span.start, 'end': span.end})}" for span in self.spans.values()
            ]
        if self.teams:
            lines.append("teams:")
        for path, key in self.teams.items():
            above = {"parent": self.teams[path[:-1]]} if path[:-1] in self.teams else {}
            lines.append(f"  - {flow({'key': key, 'name': path[-1], **above})}")
        return lines

    def _tail(self) -> list[str]:
        lines = ["checkins:", *(f"  - {flow(one)}" for one in self.check_ins)] if self.check_ins else []
        if self.notes:
            lines += ["", "# Left out or guessed:"]
            lines += [f"#   {note.file}:{note.line}: {one_line(note.text)} ({note.why})" for note in self.notes]
        return lines

    def _objective(self, document: Document, one: ObjectiveDraft, named: dict[int, str]) -> list[str]:
        key, span = named[id(one)], self._span(document, one)
        lines = [f"  - key: {scalar(key)}", f"    title: {scalar(one.title)}", f"    cycle: {scalar(span.key)}"]
        if team := self._team(one.team):
            lines.append(f"    team: {scalar(team)}")
        if one.owner and one_line(one.owner):
            lines.append(f"    owner: {scalar(one.owner)}")
        if one.parent is not None and id(one.parent) in named:
            lines.append(f"    supports: {flow([named[id(one.parent)]])}")
        found = [draft for draft in one.key_results if one_line(draft.title)]
        if found:
            lines.append("    key_results:")
        for number, draft in enumerate(found, 1):
            lines += self._key_result(document, draft, self._key(draft.key, f"{key}.{number}"), span, one.team)
        return lines

    def _key_result(
        self, document: Document, draft: KeyResultDraft, key: str, span: Span, of: tuple[str, ...]
    ) -> list[str]:
        lines = [f"      - key: {scalar(key)}", f"        title: {scalar(draft.title)}"]
        if draft.weight is not None:
            lines.append(f"        weight: {scalar(draft.weight)}")
        if draft.owner and one_line(draft.owner):
            lines.append(f"        owner: {scalar(draft.owner)}")
        if draft.team and (draft.team,) != of[-1:] and (team := self._team((draft.team,))):
            lines.append(f"        team: {scalar(team)}")
        metric, value = self._metric(document, draft)
        if metric:
            lines.append(f"        metric: {flow(metric)}")
        if value is not None or draft.confidence is not None:
            self._check_in(document, draft, key, span, value)
        return lines

    # --- decisions ---------------------------------------------------------------------------------------------------

    def _metric(self, document: Document, draft: KeyResultDraft) -> tuple[dict[str, Any] | None, bool | float | None]:
        """The metric and its value: a table's, else done or not, else what the title tells, else the score."""
        if draft.metric is not None:
            if draft.value is None and draft.score is not None:
                self._left_out_score(document, draft)
            return draft.metric, draft.value
        if draft.done is not None:
            return {"type": "done"}, draft.done
        metric, why = metric_in(draft.title)
        if metric is not None:
            if draft.score is not None:
                self._left_out_score(document, draft)
            return metric, None
        if draft.score is not None:
            return {"unit": "score", "start": 0, "target": 1}, draft.score
        if why is not None:
            self._note(document, Unread(draft.line, draft.title, why))
        return None, None

    def _left_out_score(self, document: Document, draft: KeyResultDraft) -> None:
        why = "a score of a key result whose metric has a unit of its own: the value behind it is not told"
        self._note(document, Unread(draft.line, f"{draft.score:g} of {draft.title!r}", why))

    def _check_in(
        self, document: Document, draft: KeyResultDraft, key: str, span: Span, value: bool | float | None
    ) -> None:
        """A value is of the day that is told, else of the cycle's last day, else of today where the cycle runs."""
        day = min(draft.day or span.end, self.today)
        if draft.day is None and self.today < span.start:
            self._note(
                document, Unread(draft.line, draft.title, "a value before its cycle begins: its day is not told")
            )
            return
        said = {"value": value, "confidence": draft.confidence}
        self.check_ins.append(
            {"key_result": key, "date": day, **{name: one for name, one in said.items() if one is not None}}
        )

    def _span(self, document: Document, one: ObjectiveDraft) -> Span:
        fiscal_start = self.fiscal_start or 1
        text = one.cycle or document.cycle
        span = find_cycle(text, fiscal_start=fiscal_start, bare_year=True) if text else None
        if one.cycle is None and document.starts_on and document.ends_on:
            named = span.key if span else f"{document.starts_on} to {document.ends_on}"
            span = Span(named, document.starts_on, document.ends_on)
        elif span is None and text and (days := find_days(text)):
            span = _quarter_or_days(*days)
        elif span is not None and span.fiscal and self.fiscal_start is None:
            self._once(document, Unread(1, str(text), "a fiscal year: taken as the calendar's, see --fiscal-start"))
        if span is None:
            if text:
                self._once(document, Unread(one.line, text, "a cycle that is not understood"))
            asked = find_cycle(self.cycle, fiscal_start=fiscal_start, bare_year=True) if self.cycle else None
            span = asked or quarter_of(self.today)
            if asked is None:
                self._once(
                    document, Unread(1, span.key, "no cycle is named: the running quarter was taken, see --cycle")
                )
        return self.spans.setdefault(span.key, span)

    def _team(self, path: tuple[str, ...]) -> str | None:
        path = tuple(name for name in (one_line(name) for name in path) if name)
        if not path:
            return None
        for end in range(1, len(path) + 1):
            if path[:end] not in self.teams:
                short = re.sub(r"[^\w]+", "-", path[end - 1].casefold()).strip("-")[:_LONGEST_KEY] or "team"
                self.teams[path[:end]] = _unused(short, set(self.teams.values()))
        return self.teams[path]

    def _key(self, given: str | None, made: str) -> str:
        given = one_line(given or "")
        key = given if given and given not in self.keys else _unused(made, self.keys)
        self.keys.add(key)
        return key

    @staticmethod
    def _slug(title: str) -> str:
        """The first telling words of a title, in capitals: `Make checkout faster` is MAKE-CHECKOUT-FASTER."""
        found = [word for word in re.findall(r"[^\W_]+", title) if word.casefold() not in _SMALL] or ["OBJECTIVE"]
        key = found[0].upper()[:_LONGEST_KEY]
        for word in found[1:3]:
            if len(key) + len(word) < _LONGEST_KEY:
                key = f"{key}-{word.upper()}"
        return key

    def _note(self, document: Document, unread: Unread) -> None:
        self.notes.append(Note(document.name, unread.line, unread.text, unread.why))

    def _once(self, document: Document, unread: Unread) -> None:
        note = Note(document.name, unread.line, unread.text, unread.why)
        if all((one.file, one.text, one.why) != (note.file, note.text, note.why) for one in self.notes):
            self.notes.append(note)


def _quarter_or_days(start: date, end: date) -> Span:
    quarter = quarter_of(start)
    return (
        quarter
        if (quarter.start, quarter.end) == (start, end)
        else replace(quarter, key=f"{start} to {end}", start=start, end=end)
    )


def _unused(key: str, taken: set[str]) -> str:
    number, made = 1, key
    while made in taken:
        number += 1
        made = f"{key}-{number}"
    return made
