"""OKRs out of rows: sheets, CSV exports, lists of JSON objects, tables of Markdown.

Two shapes are known: a row for each key result, with its objective in a column; and a row for each item, with a column
that says what it is. Columns are known by many names, those of the usual OKR tools among them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from config.imports import phrases
from config.imports.model import Document, ImportRefused, KeyResultDraft, ObjectiveDraft
from config.imports.numbers import amount

_NAMES = {
    "objective": "objective|objectives|objective title|objective name|objective description|goal|goals|goal name|o",
    "key_result": "key result|key results|key result title|key result name|keyresult|kr|krs|kr title|kr name|"
    "metric name|measure|key result description|results",
    "title": "title|name|description title|item|item name|okr|okr title|okr name|objective/key result|"
    "objective or key result",
    "type": "type|okr type|item type|kind|level type|goal type|objective type",
    "key": "key|id|code|okr id|item id|number|ref|reference|#",
    "owner": "owner|owners|owner name|responsible|assignee|dri|lead|accountable|person|owner(s)|assigned to|owned by",
    "team": "team|teams|team name|group|department|squad|owner team|business unit|owning team|workspace",
    "cycle": "cycle|period|time period|timeframe|quarter|session|planning session|interval|time frame|okr cycle",
    "start": "start|start value|starting value|baseline|initial|initial value|from|base|metric start",
    "target": "target|target value|goal value|to|desired value|end value|metric target|target number",
    "value": "current|current value|actual|latest|latest value|value|metric current|now|current number",
    "score": "score|progress|grade|progress %|progress (%)|% complete|percent complete|"
    "completion|percentage|achieved|attainment",
    "unit": "unit|metric unit|uom|units|measure unit|metric type unit|unit of measure",
    "weight": "weight|weighting|weight %|weight (%)",
    "parent": "parent|parent title|parent id|parent objective|aligned to|alignment|supports|"
    "parent name|parent okr|aligned with",
    "begins": "start date|begin|begin date|starts|starts on|from date",
    "ends": "due|due date|end date|deadline|ends|ends on|target date|end",
    "day": "updated|last updated|last check-in|last checkin|last check-in date|check-in date|date|"
    "as of|updated at|last update",
    "confidence": "confidence|confidence level|confidence score",
    "done": "done|completed|complete|closed",
}
_COLUMNS = {name: column for column, names in _NAMES.items() for name in names.split("|")}
_OBJECTIVES = {"objective", "objectives", "goal", "o", "company objective", "team objective", "individual objective"}
_KEY_RESULTS = {"key result", "keyresult", "key results", "kr", "metric", "kpi", "measure", "outcome", "target"}
MOST_ROWS = 20_000


def column_of(header: Any) -> str | None:
    """What a column holds, by its header; None where that is not known."""
    return _COLUMNS.get(" ".join(str(header or "").replace("_", " ").casefold().split()).strip(" *:"))


def is_header(cells: Sequence[Any]) -> bool:
    """Whether a row names the columns of a table of OKRs."""
    found = {column_of(cell) for cell in cells}
    return "key_result" in found or {"title", "type"} <= found or ("objective" in found and len(found - {None}) > 1)


def read_rows(header: Sequence[Any], rows: Sequence[tuple[int, Sequence[Any]]], document: Document) -> None:
    """Reads a table into the document. Raises ImportRefused where it has no columns for OKRs, or too many rows."""
    if read_table(header, rows, document) is None:
        named = ", ".join(str(cell) for cell in header if str(cell or "").strip()) or "none"
        raise ImportRefused(
            f"{document.name} has no column of objectives and key results. Columns found: {named}.",
            "Name them `objective` and `key result`, or `title` and `type`; `owner`, `team`, `start`, `target`,"
            " `current`, `due`, `weight` and `parent` are known, too.",
        )


def read_table(
    header: Sequence[Any], rows: Sequence[tuple[int, Sequence[Any]]], document: Document
) -> list[ObjectiveDraft] | None:
    """Reads a table into the document and gives its objectives; None where its header names no columns of OKRs."""
    if not is_header(header):
        return None
    if len(rows) > MOST_ROWS:
        raise ImportRefused(f"{document.name} has {len(rows):,} rows.", f"At most {MOST_ROWS:,} are read: split it.")
    columns: dict[str, int] = {}
    for at, cell in enumerate(header):
        kind = column_of(cell)
        if kind is not None and kind not in columns:
            columns[kind] = at
        elif str(cell or "").strip():
            document.skip(rows[0][0] - 1 if rows else 1, str(cell), "a column that is not read")
    reading = _Table(columns, document, _percents(columns.get("score"), rows))
    for number, cells in rows:
        reading.row(number, cells)
    reading.align()
    document.objectives += reading.objectives
    return reading.objectives


def _percents(at: int | None, rows: Sequence[tuple[int, Sequence[Any]]]) -> bool:
    """Whether the scores of a column are percentages without a sign: one is above 1."""
    if at is None:
        return False
    numbers = [cells[at] for _, cells in rows if at < len(cells)]
    found = [value[0] for cell in numbers if (value := amount(cell)) is not None]
    return any(value > 1 for value in found)


@dataclass
class _Row:
    number: int
    cells: Sequence[Any]
    columns: dict[str, int]

    def raw(self, column: str) -> Any:
        at = self.columns.get(column)
        return self.cells[at] if at is not None and at < len(self.cells) else None

    def text(self, column: str) -> str | None:
        value = self.raw(column)
        if isinstance(value, datetime | date):
            return value.isoformat()[:10]
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        return " ".join(str(value).split()) or None if value is not None else None


class _Table:
    def __init__(self, columns: dict[str, int], document: Document, percents: bool) -> None:
        self.columns, self.document, self.percents = columns, document, percents
        self.objectives: list[ObjectiveDraft] = []
        self.by_name: dict[str, ObjectiveDraft] = {}
        self.parents: list[tuple[ObjectiveDraft, str]] = []
        self.waiting: list[tuple[KeyResultDraft, str]] = []
        self.last: ObjectiveDraft | None = None

    def row(self, number: int, cells: Sequence[Any]) -> None:
        row = _Row(number, cells, self.columns)
        if not any(str(cell or "").strip() for cell in cells):
            return
        title = row.text("title")
        if "type" in self.columns and title and "key_result" not in self.columns:
            kind = (row.text("type") or "").casefold()
            if kind in _KEY_RESULTS:
                self._typed_key_result(row, title)
            elif kind in _OBJECTIVES or kind.endswith("objective"):
                self.last = self._objective(row, title)
            else:
                self.document.skip(number, f"{row.text('type')}: {title}", "neither an objective nor a key result")
            return
        name = row.text("objective") or (title if "key_result" in self.columns else None)
        if name is not None and (self.last is None or self.last.title != name):
            known = self.by_name.get(name.casefold())
            self.last = known if known is not None and known.cycle == row.text("cycle") else self._objective(row, name)
        key_result = row.text("key_result")
        if key_result is None:
            if name is None:
                self.document.skip(number, " | ".join(str(cell) for cell in cells if cell), "a row without OKRs")
            return
        if self.last is None:
            self.document.skip(number, key_result, "a key result without an objective")
            return
        self._key_result(row, key_result, self.last)

    def align(self) -> None:
        """Puts key results below the objectives that their parent column names, and objectives below theirs."""
        for key_result, parent in self.waiting:
            above = self.by_name.get(parent.casefold())
            if above is None:
                self.document.skip(key_result.line, key_result.title, f"a key result of {parent!r}, which is not here")
            else:
                above.key_results.append(key_result)
        for objective, parent in self.parents:
            above = self.by_name.get(parent.casefold())
            if above is not None and not _reaches(above, objective):
                objective.parent = above
            else:
                self.document.skip(
                    objective.line, parent, f"what {objective.title!r} is aligned to, which is not here, or below it"
                )

    def _typed_key_result(self, row: _Row, title: str) -> None:
        parent = row.text("parent")
        if parent is None and self.last is None:
            self.document.skip(row.number, title, "a key result without an objective")
        elif parent is None:
            assert self.last is not None
            self._key_result(row, title, self.last)
        else:
            self.waiting.append((self._key_result(row, title, None), parent))

    def _objective(self, row: _Row, title: str) -> ObjectiveDraft:
        # In a row of a key result, what is said of it is not said of the objective.
        own = "type" in self.columns or row.text("key_result") is None
        team = row.text("team")
        objective = ObjectiveDraft(
            title=title,
            line=row.number,
            key=row.text("key") if own else None,
            owner=phrases.owners(row.text("owner") or "") if own else None,
            team=(team,) if team else (),
            cycle=self._cycle(row),
        )
        if parent := row.text("parent"):
            self.parents.append((objective, parent))
        self.objectives.append(objective)
        for name in (objective.key, title):
            if name:
                self.by_name.setdefault(name.casefold(), objective)
        return objective

    def _cycle(self, row: _Row) -> str | None:
        if cycle := row.text("cycle"):
            return cycle
        begins, ends = _day(row.raw("begins")), _day(row.raw("ends"))
        return f"{begins} to {ends}" if begins and ends else None

    def _key_result(self, row: _Row, title: str, above: ObjectiveDraft | None) -> KeyResultDraft:
        key_result = KeyResultDraft(
            title=title,
            line=row.number,
            key=row.text("key"),
            owner=phrases.owners(row.text("owner") or ""),
            team=row.text("team"),
            day=_day(row.raw("day")),
        )
        key_result.weight = self._number(row, "weight", lambda value: value >= 0)
        key_result.score = self._share(row, "score")
        key_result.confidence = self._share(row, "confidence")
        self._metric(row, key_result)
        done = (row.text("done") or "").casefold()
        if done in ("true", "yes", "x", "1", "done", "✓", "✅"):
            key_result.done = True
        elif done in ("false", "no", "0"):
            key_result.done = False
        if above is not None:
            above.key_results.append(key_result)
        return key_result

    def _metric(self, row: _Row, key_result: KeyResultDraft) -> None:
        start, target, value = (amount(row.raw(column)) for column in ("start", "target", "value"))
        for column, found in (("start", start), ("target", target), ("value", value)):
            if found is None and row.text(column):
                self.document.skip(row.number, f"{column}: {row.text(column)}", "no number")
        if target is None or (start or (0.0,))[0] == target[0]:
            if start or target or value:
                self.document.skip(row.number, key_result.title, "start and target are not both told: no metric")
            return
        units = [unit for _, unit in filter(None, (target, start)) if unit]
        if len(set(units)) > 1 or (value and value[1] not in ("", *units)):
            self.document.skip(row.number, key_result.title, "its numbers have different units: no metric")
            return
        unit = row.text("unit") or (units[0] if units else None)
        key_result.metric = {
            **({"start": start[0]} if start else {}),
            "target": target[0],
            **({"unit": unit} if unit else {}),
        }
        key_result.value = value[0] if value else None

    def _share(self, row: _Row, column: str) -> float | None:
        text = row.text(column)
        if text is None:
            return None
        raw = row.raw(column)
        if self.percents and column == "score" and isinstance(raw, int | float):
            raw = f"{raw}%"
        elif self.percents and column == "score" and not text.endswith("%"):
            raw = f"{text}%"
        found = phrases.score(str(raw))
        if found is None:
            self.document.skip(row.number, f"{column}: {text}", "no share from 0 to 1")
        return found

    def _number(self, row: _Row, column: str, fits: Callable[[float], bool]) -> float | None:
        found = amount(row.raw(column))
        if found is None or not fits(found[0]):
            if row.text(column):
                self.document.skip(row.number, f"{column}: {row.text(column)}", "no number")
            return None
        return found[0]


def _reaches(one: ObjectiveDraft | None, other: ObjectiveDraft) -> bool:
    while one is not None and one is not other:
        one = one.parent
    return one is other


def _day(value: Any) -> date | None:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value or "")[:10])
    except ValueError:
        return None
