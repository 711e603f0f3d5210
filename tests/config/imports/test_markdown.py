"""OKRs out of Markdown: by marks, by shape, and what is left out."""

from textwrap import dedent

from config.imports import read, write
from tests.config.imports.loading import TODAY, markdown

MARKED = """\
# FY27-Q1 OKRs

> These run from 2026-10-01 to 2026-12-31.

## Sales & Marketing

1. **OBJECTIVE: Win fast with use cases**
   - KR: Pipeline from $2M to $3.5M (Owner: @ann, @bob)
   - KR: 100% of the team certified => Done
   - KR: [Use cases](https://example.test) are on the roadmap
     - This needs a roadmap

## Support

1. **OBJECTIVE: Answer in a day**

   **WHY:** people wait.

   - KR: Keep 95% of answers within 24 hours
   - Owner: Cy
"""


def test_marked_objectives_and_key_results_become_yaml_below_their_teams() -> None:
    imported = write([read(MARKED.encode(), ".md", "okrs.md")], today=TODAY)
    assert imported.yaml == dedent("""\
        # Imported from okrs.md. Read it through before you use it: what was left out stands at the end.
        cycles:
          - {key: FY27-Q1, start: 2026-10-01, end: 2026-12-31}
        teams:
          - {key: sales-marketing, name: Sales & Marketing}
          - {key: support, name: Support}
        objectives:
          - key: WIN-FAST-USE
            title: Win fast with use cases
            cycle: FY27-Q1
            team: sales-marketing
            key_results:
              - key: WIN-FAST-USE.1
                title: Pipeline from $2M to $3.5M
                owner: "ann, bob"
                metric: {start: 2, target: 3.5, unit: "$M"}
              - key: WIN-FAST-USE.2
                title: "100% of the team certified"
                metric: {type: done}
              - key: WIN-FAST-USE.3
                title: Use cases are on the roadmap
          - key: ANSWER-DAY
            title: Answer in a day
            cycle: FY27-Q1
            team: support
            owner: Cy
            key_results:
              - key: ANSWER-DAY.1
                title: Keep 95% of answers within 24 hours
                metric: {type: keep, max: 24}
        checkins:
          - {key_result: WIN-FAST-USE.2, date: 2026-11-24, value: true}

        # Left out or guessed:
        #   okrs.md:3: These run from 2026-10-01 to 2026-12-31. (a paragraph)
        #   okrs.md:11: This needs a roadmap (a step or note below the key result 'Use cases are on the roadmap')
        #   okrs.md:17: WHY: people wait. (a paragraph)
        """)


def test_headings_above_ticked_boxes_are_objectives_that_support_the_heading_above_them() -> None:
    found = markdown("""\
# OKRs 2018 Q3

- [OKRs](#okrs-2018-q3)
  - [Be fast](#be-fast)

## Be fast

### Queries in a second

- [x] Release the new index
  - [ ] Add regression tests
- [ ] [P1] Drop the old one

#### Tell people

- [ ] Write a post

## Be kind
""")
    assert found.tree == {
        "Be fast": [],
        "Queries in a second": ["Release the new index", "Drop the old one"],
        "Tell people": ["Write a post"],
        "Be kind": [],
    }
    assert [one.supports for one in found.config.objectives] == [(), ("BE-FAST",), ("QUERIES-SECOND",), ()]
    assert [(one.key_result, str(one.date), one.value) for one in found.config.checkins] == [
        ("QUERIES-SECOND.1", "2018-09-30", 1),
        ("QUERIES-SECOND.2", "2018-09-30", 0),
        ("TELL-PEOPLE.1", "2018-09-30", 0),
    ]
    assert found.notes == [
        (11, "Add regression tests", "a step or note below the key result 'Release the new index'"),
        (12, "[P1] Drop the old one", "its priority"),
    ]


def test_items_with_items_below_them_are_objectives_and_the_names_before_colons_own_them() -> None:
    found = markdown("""\
# CY19-Q3 OKRs

1. CEO: Grow revenue
   1. Sales: Update the price list
   1. Sales: Line up deals
      1. Three large ones
      1. Ten small ones
   1. Note: to be looked at
2. CEO: Build the platform
   1. Search: Change one thing: the default
   1. Web: Ship it
""")
    assert found.tree == {
        "Grow revenue": ["Update the price list"],
        "Line up deals": ["Three large ones", "Ten small ones"],
        "Build the platform": ["Change one thing: the default", "Ship it"],
    }
    assert [(one.owner, one.supports) for one in found.config.objectives] == [
        ("CEO", ()),
        ("Sales", ("GROW-REVENUE",)),
        ("CEO", ()),
    ]
    assert [one.owner for objective in found.config.objectives for one in objective.key_results] == [
        "Sales",
        "Sales",
        "Sales",
        "Search",
        "Web",
    ]
    assert found.notes == [(8, "Note: to be looked at", "a note")]


def test_a_list_right_below_the_title_serves_the_sentence_in_bold() -> None:
    found = markdown("""\
# FY26Q4 OKR plan

Our objective was to:

**Make effortless support a habit for everyone.**

- 🚫 Answer all within an hour
- ✅ Write down what we know

## Progress update

- All is well
""")
    assert found.tree == {
        "Make effortless support a habit for everyone.": ["Answer all within an hour", "Write down what we know"]
    }
    assert [one.key for one in found.config.cycles] == ["FY26-Q4"]
    assert found.notes == [
        (1, "FY26Q4 OKR plan", "a fiscal year: taken as the calendar's, see --fiscal-start"),
        (3, "Our objective was to:", "a paragraph"),
        (12, "All is well", "in the section 'Progress update', which holds no OKRs"),
    ]


def test_key_results_may_stand_on_lines_of_their_objective_and_under_headings_of_their_own() -> None:
    lines = markdown("""\
1. **Web: Pay down debt.** \\
   KR: Coverage from 34% to 55%. \\
   KR: No known bug
1. **Web: Be known**
   KR: A talk
""")
    headings = markdown("""\
# Objective 1: Be known
### KR 1.1: Give a talk
Owner: Ann
Score: 0.7
- [ ] Ask for a slot
### KR 1.2: Followers to 5k
""")
    assert lines.tree == {"Pay down debt.": ["Coverage from 34% to 55%.", "No known bug"], "Be known": ["A talk"]}
    assert headings.tree == {"Be known": ["Give a talk", "Followers to 5k"]}
    first = headings.config.objectives[0].key_results[0]
    assert (first.owner, first.metric.model_dump() if first.metric else None) == (
        "Ann",
        {"type": "number", "unit": "score", "start": 0, "target": 1, "min": None, "max": None},
    )
    assert [one.value for one in headings.config.checkins] == [0.7]


def test_a_table_of_key_results_is_read_and_another_one_listed() -> None:
    found = markdown("""\
## Checkout

| Objective | Key result | Owner | Start | Target | Score |
|---|---|---|---|---|---|
| Be the reason to return | Conversion | Ann & Bob | 2.1 % | 3 % | |
| | One-click payment | | | | 70% |

| Who | Where |
|---|---|
| Ann | Rome |
""")
    assert found.tree == {"Be the reason to return": ["Conversion", "One-click payment"]}
    assert [one.value for one in found.config.checkins] == [0.7]
    assert (8, "Who | Where", "a table without a column for key results") in found.notes


def test_keys_are_unique_and_the_same_every_time() -> None:
    text = "# 2026-Q4\n" + "\n".join(f"## Grow the shop\n- {part}" for part in ("one", "two", "three"))
    assert [one.key for one in markdown(text).config.objectives] == ["GROW-SHOP", "GROW-SHOP-2", "GROW-SHOP-3"]
    assert markdown(text).imported.yaml == markdown(text).imported.yaml


def test_without_any_cycle_the_running_quarter_is_taken_and_said_unless_one_is_given() -> None:
    text = "## Grow\n- Reach 100 shops\n"
    guessed, given = markdown(text, "okrs.md"), markdown(text, "okrs.md", cycle="FY27-H1", fiscal_start=4)
    assert guessed.config.objectives[0].cycle == "2026-Q4"
    assert guessed.notes == [(1, "2026-Q4", "no cycle is named: the running quarter was taken, see --cycle")]
    assert [(one.key, str(one.start), str(one.end)) for one in given.config.cycles] == [
        ("FY27-H1", "2026-04-01", "2026-09-30")
    ]
    assert given.notes == []


def test_references_and_strange_letters_in_titles_stay_letters() -> None:
    found = markdown("## Say: \"${HOME}\" # {all} \u2028 of\x07 it\n- `yes`\n- null\n- 'x': y\n")
    assert found.tree == {'Say: "${HOME}" # {all} of it': ["yes", "null", "'x': y"]}


def test_objectives_may_stand_on_lines_of_their_own_and_what_follows_belongs_to_them() -> None:
    found = markdown(
        dedent("""\
        # OKRs Q4 2026
        ## Sales
        Objective: Grow sales
        - KR: Revenue from $7M to $10M
        - KR: Hire a head of sales

        Objective: Keep customers
        KR: Churn from 4 % to 3 %
        """)
    )
    assert found.tree == {
        "Grow sales": ["Revenue from $7M to $10M", "Hire a head of sales"],
        "Keep customers": ["Churn from 4 % to 3 %"],
    }
    assert [note for note in found.notes if "paragraph" in note[2]] == []
