"""OKRs out of a Markdown document, by its marks where it has some (`Objective:`, `KR:`), else by its shape.

By shape: a ticked box is a key result; of other list items, one with items nested in it is an objective and one without
is a key result of what it stands below. A heading above key results is an objective, one above objectives in a list is
a team, one above headings that are objectives is the objective that these support.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator

from config.imports import phrases
from config.imports.cycles import find_cycle, find_days, only_cycle
from config.imports.model import Document, KeyResultDraft, ObjectiveDraft
from config.imports.outline import Item, Line, Section, Table, outline
from config.imports.table import read_table

_ASIDE = re.compile(
    r"(?i)(task |project )?details|(final |executive )?summary|(progress|final|status|mid-quarter) updates?|progress|"
    r"notes?|retro(spective)?|appendix|background|context|timeline|resources|links|references|(table of )?contents|"
    r"faq|glossary"
)
"""Headings of what is no part of the OKRs."""
_TITLE_WORDS = ("okr", "objectives", "key results", "goals")


def read_markdown(text: str, name: str) -> Document:
    """All that is understood of a Markdown text. `name`: the file's, which may tell the cycle."""
    return _Reading(outline(text), name).read()


class _Reading:
    def __init__(self, root: Section, name: str) -> None:
        self.root = root
        self.document = Document(name=name)
        self.stand_ins: dict[tuple[str, ...], ObjectiveDraft] = {}
        self.sections = list(_below(root))
        items = list(_items(self.sections))
        self.marked = any(_is_marked(line.text) for item in items for line in item.lines)
        self.roles = self._prefixes([*(one.items for one in self.sections), *(one.items for one in items)])

    def read(self) -> Document:
        top = self._title()
        self._find_cycle(top)
        for section in dict.fromkeys((self.root, top)):
            self._body(section, None, (), self._lone_objective(section))
        for section in top.sections if top is not self.root else self.root.sections:
            self._section(section, None, (), self._are_teams(top))
        if top is not self.root:
            for section in self.root.sections:
                if section is not top:
                    self._section(section, None, (), self._are_teams(self.root))
        self.document.unread.sort(key=lambda one: one.line)
        return self.document

    # --- the document as a whole -------------------------------------------------------------------------------------

    def _title(self) -> Section:
        """The section that the document's title opens; the document itself where no heading is a title."""
        tops = self.root.sections
        if not tops:
            return self.root
        first, rest = tops[0], tops[1:]
        titled = any(word in first.text.casefold() for word in _TITLE_WORDS) or only_cycle(first.text)
        if titled and phrases.objective_in(first.text) is None and (not rest or first.level == 1):
            # `# OKRs` and then `## Q1 2018`, with all else below that.
            inner = first.sections
            while len(inner) == 1 and only_cycle(inner[0].text) and not first.items:
                first.paragraphs += [Line(inner[0].text, inner[0].number), *inner[0].paragraphs]
                first.items, first.tables = inner[0].items, inner[0].tables
                first.sections = inner = inner[0].sections
            return first
        return self.root

    def _find_cycle(self, top: Section) -> None:
        texts = [top.text, *(line.text for line in top.paragraphs[:3]), self.document.name]
        texts += [section.text for section in top.sections[:1]]
        for text in texts:
            if find_cycle(text) or find_cycle(text, bare_year=text in (top.text, self.document.name)):
                self.document.cycle = text
                break
        for line in [*self.root.paragraphs, *top.paragraphs]:
            if days := find_days(line.text):
                self.document.starts_on, self.document.ends_on = days
                break

    @staticmethod
    def _prefixes(lists: Iterable[list[Item]]) -> set[str]:
        """Who stands before a colon twice, or where most items of a list have somebody there: `Sales: …` may else be
        part of a sentence.
        """
        seen: Counter[str] = Counter()
        usual = set()
        for siblings in ([one for one in items if one.lines] for items in lists):
            found = [phrases.prefix_of(phrases.objective_in(one.text) or one.text) for one in siblings]
            named = [who for who, _ in filter(None, found)]
            seen.update(named)
            if len(named) > max(1, len(siblings) // 2):
                usual.update(named)
        return usual | {who for who, times in seen.items() if times > 1}

    def _are_teams(self, parent: Section) -> bool:
        """Whether the headings below `parent` name teams: in one of them objectives stand in a list."""
        if any(phrases.objective_in(section.text) for section in parent.sections):
            return False
        return self.marked or any(
            self._is_objective(item) for section in parent.sections for item in section.items if item.lines
        )

    # --- headings ----------------------------------------------------------------------------------------------------

    def _section(self, section: Section, above: ObjectiveDraft | None, team: tuple[str, ...], teams: bool) -> None:
        if _ASIDE.fullmatch(section.text):
            self._leave_out(section, f"in the section {section.text!r}, which holds no OKRs")
            return
        marked = phrases.objective_in(section.text)
        if (found := phrases.key_result_in(section.text)) and above is not None:
            key_result = self._key_result(above, [Line(found[1], section.number)], None, found[0])
            self._attributes(section, key_result)
            return
        if marked is None and only_cycle(section.text):
            for inner in section.sections:
                self._section(inner, above, team, self._are_teams(section))
            self._body(section, above, team, None)
            return
        if marked is None and (teams or not self._holds_okrs(section)):
            inside = (*team, section.text) if self._holds_okrs(section) else team
            self._body(section, None if teams else above, inside, None)
            for inner in section.sections:
                self._section(inner, None if teams else above, inside, self._are_teams(section) or teams)
            return
        objective = self._objective(marked or section.text, section.number, above, team)
        self._body(section, objective, team, None)
        for inner in section.sections:
            self._section(inner, objective, team, False)

    def _leave_out(self, section: Section, why: str) -> None:
        for line in section.paragraphs:
            self.document.skip(line.number, line.text, why)
        for item in _nested(section.items):
            self.document.skip(item.number, item.text, why)
        for table in section.tables:
            for number, cells in table.rows:
                self.document.skip(number, " | ".join(cells), why)
        for inner in section.sections:
            self.document.skip(inner.number, inner.text, why)
            self._leave_out(inner, why)

    def _holds_okrs(self, section: Section) -> bool:
        return any(
            item.lines and not phrases.attribute(item.text) for inner in _below(section) for item in inner.items
        ) or not (section.paragraphs or section.tables or self.marked)

    def _lone_objective(self, section: Section) -> str | None:
        """What a list of key results right below a title is about: the sentence in bold, else the title."""
        loose = [item for item in section.items if item.lines and not self._is_objective(item)]
        if not loose or len(loose) < len([item for item in section.items if item.lines]):
            return None
        bold = [line for line in section.paragraphs if line.bold and len(line.text) > 20]
        return bold[-1].text if bold else section.text or self.document.name

    # --- what stands below a heading ---------------------------------------------------------------------------------

    def _body(self, section: Section, above: ObjectiveDraft | None, team: tuple[str, ...], lone: str | None) -> None:
        for table in section.tables:
            self._table(table, above, team)
        if any(phrases.objective_in(line.text) for line in section.paragraphs):
            self._marked_lines(section, above, team)
            return
        for line in section.paragraphs:
            self._paragraph(line, above, lone)
        if lone is not None:
            number = next((line.number for line in section.paragraphs if line.text == lone), section.number)
            above = self._objective(lone, number, above, team)
            if number == section.number:
                self.document.skip(number, lone, "no objective stands above the list: its title was taken for one")
        for item in section.items:
            self._item(item, above, team)

    def _marked_lines(self, section: Section, above: ObjectiveDraft | None, team: tuple[str, ...]) -> None:
        """Objectives on lines of their own: what follows one belongs to it."""
        objective = above
        for part in sorted([*section.paragraphs, *section.items], key=lambda one: one.number):
            if isinstance(part, Item):
                self._item(part, objective, team)
            elif title := phrases.objective_in(part.text):
                objective = self._objective(title, part.number, above, team)
            else:
                self._paragraph(part, objective, None)

    def _paragraph(self, line: Line, above: ObjectiveDraft | None, lone: str | None) -> None:
        known = phrases.attribute(line.text)
        if (found := phrases.key_result_in(line.text)) and above is not None:
            self._key_result(above, [Line(found[1], line.number)], None, found[0])
        elif known and above is not None and self._set(above, *known):
            return
        elif line.text != lone and not only_cycle(line.text) and set(line.text) - set("-_*= "):
            self.document.skip(line.number, line.text, "a paragraph")

    def _table(self, table: Table, above: ObjectiveDraft | None, team: tuple[str, ...]) -> None:
        rows = table.rows
        found = read_table(rows[0][1], rows[1:], self.document) if rows else None
        if found is None:
            for number, cells in rows:
                self.document.skip(number, " | ".join(cells), "a table without a column for key results")
            return
        for objective in found:
            objective.parent = objective.parent or above
            objective.team = objective.team or team

    # --- items of lists ----------------------------------------------------------------------------------------------

    def _is_objective(self, item: Item) -> bool:
        first = item.lines[0].text
        if phrases.objective_in(first) is not None:
            return True
        if item.checked is not None or phrases.key_result_in(first) is not None:
            return False
        if any(phrases.key_result_in(line.text) for line in item.lines[1:]):
            return True
        inner = [one for one in item.items if one.lines and not phrases.attribute(one.text)]
        if self.marked and not any(_is_marked(line.text) for one in _nested(inner) for line in one.lines):
            return item.lines[0].bold
        return bool(inner)

    def _item(self, item: Item, above: ObjectiveDraft | None, team: tuple[str, ...]) -> None:
        if not item.lines:
            for inner in item.items:
                self._item(inner, above, team)
            return
        if only_cycle(item.text):
            self.document.skip(item.number, item.text, "the name of a cycle, perhaps a link to its document")
            return
        known = phrases.attribute(item.text)
        if known is not None and not item.items:
            if above is None or not self._set(above, *known):
                self.document.skip(item.number, item.text, "a note")
            return
        if self._is_objective(item) or (above is None and not self.marked):
            self._list_objective(item, above, team)
            return
        if above is None:
            above = self._stand_in(item.number, team)
        marked = phrases.key_result_in(item.text)
        lines = [Line(marked[1], item.number)] if marked else item.lines
        key_result = self._key_result(above, lines, item.checked, marked[0] if marked else "")
        for line in item.notes:
            self.document.skip(line.number, line.text, f"a note on {key_result.title!r}")
        for inner in item.items:
            self._below_key_result(inner, key_result, above, team)

    def _stand_in(self, number: int, team: tuple[str, ...]) -> ObjectiveDraft:
        """The objective of key results that stand below none: one named like their section."""
        if team not in self.stand_ins:
            title = team[-1] if team else self.document.name
            self.stand_ins[team] = self._objective(title, number, None, team)
            self.document.skip(number, title, "key results without an objective: their section stands for one")
        return self.stand_ins[team]

    def _below_key_result(
        self, item: Item, key_result: KeyResultDraft, above: ObjectiveDraft, team: tuple[str, ...]
    ) -> None:
        known = phrases.attribute(item.text)
        if item.lines and phrases.key_result_in(item.text) is not None:
            self._item(item, above, team)
        elif known is None or not self._set(key_result, *known):
            self.document.skip(item.number, item.text, f"a step or note below the key result {key_result.title!r}")
            for inner in item.items:
                self._below_key_result(inner, key_result, above, team)

    def _list_objective(self, item: Item, above: ObjectiveDraft | None, team: tuple[str, ...]) -> None:
        end = next((at for at, line in enumerate(item.lines) if at and _is_line(line.text)), len(item.lines))
        text = " ".join(line.text for line in item.lines[:end])
        objective = self._objective(phrases.objective_in(text) or text, item.number, above, team)
        for line in [*item.lines[end:], *item.notes]:
            self._paragraph(line, objective, None)
        for inner in item.items:
            self._item(inner, objective, team)

    # --- drafts ------------------------------------------------------------------------------------------------------

    def _objective(self, text: str, number: int, above: ObjectiveDraft | None, team: tuple[str, ...]) -> ObjectiveDraft:
        title, result = phrases.result_of(text)
        if result is not None:
            self.document.skip(number, result, "what came of an objective: only key results have a value")
        title, who, _ = phrases.trailing(self._without_priority(title, number))
        if (prefix := phrases.prefix_of(title)) and prefix[0] in self.roles:
            who, title = who or prefix[0], prefix[1]
        objective = ObjectiveDraft(title=title, line=number, owner=who, team=team, parent=above)
        self.document.objectives.append(objective)
        return objective

    def _key_result(self, above: ObjectiveDraft, lines: list[Line], checked: bool | None, who: str) -> KeyResultDraft:
        number = lines[0].number
        title, result = phrases.result_of(" ".join(line.text for line in lines))
        title, owner, reached = phrases.trailing(self._without_priority(title, number))
        if not who and (prefix := phrases.prefix_of(title)) and prefix[0] in self.roles:
            who, title = prefix
        key_result = KeyResultDraft(title=title, line=number, owner=owner or who or None, done=checked, score=reached)
        if result:
            self._judge(key_result, result)
        above.key_results.append(key_result)
        return key_result

    def _judge(self, key_result: KeyResultDraft, result: str) -> None:
        found = phrases.judged(result)
        if isinstance(found, bool):
            key_result.done = found if key_result.done is None else key_result.done
        elif found is not None:
            key_result.score = found
        if found is None or len(result.split()) > 2:
            self.document.skip(key_result.line, f"=> {result}", f"what came of {key_result.title!r}, in words")

    def _without_priority(self, text: str, number: int) -> str:
        short = phrases.without_priority(text)
        if short != text:
            self.document.skip(number, text, "its priority")
        return short

    def _attributes(self, section: Section, key_result: KeyResultDraft) -> None:
        for number, text in [
            *((line.number, line.text) for line in section.paragraphs),
            *((item.number, item.text) for item in _nested(section.items)),
        ]:
            known = phrases.attribute(text)
            if known is None or not self._set(key_result, *known):
                self.document.skip(number, text, f"a step or note below the key result {key_result.title!r}")
        for table in section.tables:
            for number, cells in table.rows:
                self.document.skip(number, " | ".join(cells), f"a table below the key result {key_result.title!r}")
        for inner in section.sections:
            self.document.skip(inner.number, inner.text, f"a heading below the key result {key_result.title!r}")
            self._leave_out(inner, f"below the key result {key_result.title!r}")

    def _set(self, draft: ObjectiveDraft | KeyResultDraft, kind: str, value: str) -> bool:
        """Sets what a line such as `Owner: Ann` says. False where it says nothing that is kept."""
        share = phrases.score(value)
        if kind == "owner" and phrases.owners(value):
            draft.owner = phrases.owners(value)
        elif kind == "team" and value and isinstance(draft, ObjectiveDraft):
            draft.team = (value,)
        elif kind == "team" and value and isinstance(draft, KeyResultDraft):
            draft.team = value
        elif kind == "score" and share is not None and isinstance(draft, KeyResultDraft):
            draft.score = share
        elif kind == "confidence" and share is not None and isinstance(draft, KeyResultDraft):
            draft.confidence = share
        else:
            return False
        return True


def _is_marked(text: str) -> bool:
    return phrases.objective_in(text) is not None or phrases.key_result_in(text) is not None


def _is_line(text: str) -> bool:
    return _is_marked(text) or phrases.attribute(text) is not None


def _below(section: Section) -> Iterator[Section]:
    yield section
    for inner in section.sections:
        yield from _below(inner)


def _nested(items: Iterable[Item]) -> Iterator[Item]:
    for item in items:
        yield item
        yield from _nested(item.items)


def _items(sections: Iterable[Section]) -> Iterator[Item]:
    for section in sections:
        yield from _nested(section.items)
