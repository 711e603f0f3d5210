"""Whatever stands in a title, every form of a digest shows it and does nothing else."""

import html as html_module
import re
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from alerts.digest.chat import LONGEST, chat
from alerts.digest.document import (
    Bullets,
    Code,
    Document,
    Health,
    Item,
    Line,
    Link,
    Notice,
    Paragraph,
    Section,
    Strong,
    Table,
)
from alerts.digest.html import html
from alerts.digest.markdown import markdown
from alerts.digest.marks import MARKDOWN, SLACK, TEAMS, TEXT, one_line
from alerts.digest.sections import percents
from alerts.digest.sheets import Sheet, as_csv, safe

titles = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Cf"])
    | st.sampled_from("*_`~[]()<>|#&!\\-+1.=@:/ \n\t\u202e\x00\x1b\r'\""),
    max_size=40,
)


def document(line: Line = ("nothing",), table: Line = ("cell",)) -> Document:
    return Document(
        "OKR digest, 23 November 2026",
        "2026-Q4, day 54 of 92.",
        [Notice([line]), Bullets([Item(line, [Item(line)])])],
        [
            Section("Numbers", [Table(("Name", "Share"), [(table, ("5 %",))], right=frozenset((1,)))]),
            Section("Words", [Paragraph(line)]),
        ],
        ("the end",),
    )


@given(titles)
def test_markdown_shows_the_very_words(title: str) -> None:
    marked = ((title, set()), (Strong(title), {"strong_open", "strong_close"}), (Code(title), {"code_inline"}))
    for part, expected in marked:
        [token] = MarkdownIt().parseInline("x " + MARKDOWN.line((part,)))
        shown = "".join(one.content for one in token.children or [] if one.type in ("text", "code_inline"))
        assert shown.split() == ["x", *one_line(title).split()]
        marks = {one.type for one in token.children or []} - {"text", "text_special"}
        assert marks <= expected


@given(titles)
def test_html_shows_the_very_words(title: str) -> None:
    page = html(document((title,), (Strong(title),)))
    assert page.count(html_module.escape(one_line(title)).replace(" %", "&nbsp;%")) or "%" in title
    plain = html(document())
    assert re.findall("<[a-z/!]+", page) == re.findall("<[a-z/!]+", html(document(("x",), (Strong("x"),))))
    assert plain.count("<script") == page.count("<script") == 0


@given(titles)
def test_chats_name_nobody_and_follow_no_link(title: str) -> None:
    for marks in (SLACK, TEAMS, TEXT):
        shown = chat(document((title,)), marks)
        assert not re.search(r"@[A-Za-z]", shown)
    slack = SLACK.line((title,))
    assert "<" not in slack
    assert ">" not in slack
    assert not re.search(r"(?<!\\)[<\[*`~]", TEAMS.line((title,)))


def test_all_forms_of_one_document() -> None:
    line: Line = (
        Strong("GROW.1"),
        " Sell more: ",
        Health("at_risk"),
        ", see ",
        Link("SHOP-1", "https://tool.example/1"),
    )
    shown = document((*line, " or ", Code("northing explain GROW.1")), (Strong("GROW.1"),))
    said = "GROW.1 Sell more: at risk, see SHOP-1 or"
    assert markdown(shown) == (
        "# OKR digest, 23 November 2026\n\n2026-Q4, day 54 of 92.\n\n"
        "> ⚠ **GROW.1** Sell more: at risk, see [SHOP-1](https://tool.example/1) or `northing explain GROW.1`\n\n"
        "- **GROW.1** Sell more: at risk, see [SHOP-1](https://tool.example/1) or `northing explain GROW.1`\n"
        "  - **GROW.1** Sell more: at risk, see [SHOP-1](https://tool.example/1) or `northing explain GROW.1`\n\n"
        "## Numbers\n\n| Name | Share |\n| --- | ---: |\n| **GROW.1** | 5 % |\n\n"
        "## Words\n\n**GROW.1** Sell more: at risk, see [SHOP-1](https://tool.example/1) or"
        " `northing explain GROW.1`\n\n---\n\nthe end\n"
    )
    assert chat(shown, TEXT) == (
        f"2026-Q4, day 54 of 92.\n\n⚠ {said} northing explain GROW.1\n\n• {said} northing explain GROW.1\n\n"
        f"Words\n{said} northing explain GROW.1"
    )
    assert chat(shown, SLACK).endswith(
        "*Words*\n*GROW.1* Sell more: at risk, see <https://tool.example/1|SHOP-1> or `northing explain GROW.1`"
    )
    assert chat(shown, TEAMS).endswith(
        "**Words**\n**GROW.1** Sell more: at risk, see [SHOP-1](https://tool.example/1) or northing explain GROW.1"
    )


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "https://a b", 'https://a"onclick=', None])
def test_what_is_no_web_address_is_no_link(url: str | None) -> None:
    shown = document((Link("SHOP-1", url),))
    assert "<a " not in html(shown)
    assert "](" not in markdown(shown)
    assert "<" not in chat(shown, SLACK)


def test_a_chat_is_short_whatever_there_is_to_say() -> None:
    many = [Item((f"item {number} " + "x" * 200,)) for number in range(100)]
    long = Document("t", "s", [Bullets(many)], [Section(f"Section {n}", [Bullets(many)]) for n in range(20)])
    shown = chat(long, TEXT)
    assert len(shown) < LONGEST + 200
    assert "and 94 more" in shown


@pytest.mark.parametrize(
    "value, shown",
    [
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        (" =1", "' =1"),
        ("＝1", "'＝1"),
        ("a=1", "a=1"),
        ("\x00=1", "'=1"),
        (-1.5, -1.5),
        (None, None),
    ],
)
def test_what_a_spreadsheet_would_run_is_text(value: str | float | None, shown: str | float | None) -> None:
    assert safe(value) == shown


def test_csv_is_what_every_reader_reads() -> None:
    sheet = Sheet("x", ("a", "b", "c"), [('say "hi", all', date(2026, 11, 23), None), ("=1", -0.5, 3)])
    assert as_csv(sheet) == 'a,b,c\r\n"say ""hi"", all",2026-11-23,\r\n\'=1,-0.5,3\r\n'


@given(st.lists(st.integers(0, 50), min_size=3, max_size=3).filter(any))
def test_shares_sum_to_a_hundred(sizes: list[int]) -> None:
    found = percents({name: size / sum(sizes) for name, size in zip("abc", sizes, strict=True)})
    assert sum(int(one.removesuffix(" %")) for one in found.values()) == 100
