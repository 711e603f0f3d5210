"""A project (v2) read through the GraphQL API, for servers whose REST API has no projects."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec

from connectors.base import Usage
from connectors.errors import Refused, TryAgain
from connectors.github import graphql
from connectors.github.board_rest import day
from connectors.github.boards import Board, Card, Field, Iteration, Roles, Values
from connectors.text import instant
from connectors.transport import Transport

MOST = 100
ITERATION = "id title startDate duration"
FIELDS = f"""
query Fields($owner: String!, $number: Int!) {{
  repositoryOwner(login: $owner) {{
    ... on ProjectV2Owner {{
      projectV2(number: $number) {{
        fields(first: 100) {{
          nodes {{
            ... on ProjectV2FieldCommon {{ name dataType }}
            ... on ProjectV2SingleSelectField {{ options {{ name }} }}
            ... on ProjectV2IterationField {{
              configuration {{ iterations {{ {ITERATION} }} completedIterations {{ {ITERATION} }} }}
            }}
          }}
        }}
      }}
    }}
  }}
}}
"""
VALUES = {
    "status": "... on ProjectV2ItemFieldSingleSelectValue { name }",
    "sprint": "... on ProjectV2ItemFieldIterationValue { iterationId title startDate duration }",
    "estimate": "... on ProjectV2ItemFieldNumberValue { number }",
    "due": "... on ProjectV2ItemFieldDateValue { date }",
}


class IterationNode(msgspec.Struct, rename="camel"):
    id: str
    title: str = ""
    start_date: str | None = None
    duration: int = 0


class Configuration(msgspec.Struct, rename="camel"):
    iterations: list[IterationNode] = []
    completed_iterations: list[IterationNode] = []


class Option(msgspec.Struct):
    name: str = ""


class FieldNode(msgspec.Struct, rename="camel"):
    name: str = ""
    data_type: str = ""
    options: list[Option] = []
    configuration: Configuration | None = None


class Value(msgspec.Struct, rename="camel"):
    """A value of any field: only the keys of its kind are there."""

    name: str | None = None
    iteration_id: str | None = None
    title: str = ""
    start_date: str | None = None
    duration: int = 0
    number: float | None = None
    date: str | None = None


class Home(msgspec.Struct, rename="camel"):
    name_with_owner: str


class Content(msgspec.Struct):
    number: int | None = None
    repository: Home | None = None


class CardNode(msgspec.Struct, rename="camel"):
    updated_at: str | None = None
    content: Content | None = None
    status: Value | None = None
    sprint: Value | None = None
    estimate: Value | None = None
    due: Value | None = None


class PageInfo(msgspec.Struct, rename="camel"):
    has_next_page: bool
    end_cursor: str | None = None


class Cards(msgspec.Struct, rename="camel"):
    nodes: list[CardNode | None]
    page_info: PageInfo


class Fields(msgspec.Struct):
    nodes: list[FieldNode | None]


def read(transport: Transport, name: str, measure: str, now: Callable[[], datetime], usage: Usage) -> Board:
    """The project `owner/number`. Raises Refused 404 where it is not to be seen."""
    owner, _, number = name.partition("/")
    variables: dict[str, Any] = {"owner": owner, "number": int(number)}
    answer, data = graphql.ask(transport, FIELDS, variables, now, usage)
    fields = _convert(_project(data, name)["fields"], Fields, answer.place)
    roles = Roles.of([_field(one) for one in fields.nodes if one is not None], measure)
    board = Board(name, roles, clock=answer.clock, way="GraphQL")
    wanted = {"status": roles.status, "sprint": roles.sprint, "estimate": roles.estimate, "due": roles.due}
    names = {role: one.name for role, one in wanted.items() if one is not None}
    after, first, seen = None, MOST, set()
    while True:
        asked = {**variables, **names, "after": after, "first": first}
        try:
            answer, data = graphql.ask(transport, _items(names), asked, now, usage)
        except TryAgain as error:
            # Too much for one answer: the same place, asked for less of it.
            if first == 1 or not (isinstance(error, graphql.TooLarge) or error.status in {502, 504}):
                raise
            first //= 2
            continue
        page = _convert(_project(data, name)["items"], Cards, answer.place)
        for node in page.nodes:
            card = _card(node) if node is not None else None
            if card is not None:
                board.add(card)
        if not page.page_info.has_next_page:
            return board
        after = page.page_info.end_cursor
        if not after or after in seen:
            raise TryAgain(f"{answer.place} gave a cursor of the project {name} twice, or none.")
        seen.add(after)


def _items(names: dict[str, str]) -> str:
    given = "".join(f", ${role}: String!" for role in names)
    values = "\n".join(f"{role}: fieldValueByName(name: ${role}) {{ {VALUES[role]} }}" for role in names)
    return f"""
query Items($owner: String!, $number: Int!, $first: Int!, $after: String{given}) {{
  repositoryOwner(login: $owner) {{
    ... on ProjectV2Owner {{
      projectV2(number: $number) {{
        items(first: $first, after: $after) {{
          pageInfo {{ hasNextPage endCursor }}
          nodes {{
            updatedAt
            content {{ ... on Issue {{ number repository {{ nameWithOwner }} }} }}
            {values}
          }}
        }}
      }}
    }}
  }}
}}
"""


def _project(data: dict[str, Any], name: str) -> dict[str, Any]:
    found = (data.get("repositoryOwner") or {}).get("projectV2")
    if not isinstance(found, dict):
        raise Refused(f"There is no project {name}, or the token may not see it.", status=404)
    return found


def _convert(value: Any, kind: type[Any], place: str) -> Any:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise TryAgain(f"{place} answered in another shape than GitHub's ({error}).") from error


def _field(node: FieldNode) -> Field:
    configuration = node.configuration or Configuration()
    return Field(
        name=node.name,
        kind=node.data_type.lower(),
        options=tuple(option.name for option in node.options),
        iterations=(
            *(_iteration(one) for one in configuration.iterations),
            *(_iteration(one, completed=True) for one in configuration.completed_iterations),
        ),
    )


def _iteration(node: IterationNode, *, completed: bool = False) -> Iteration:
    return Iteration(node.id, node.title or node.id, day(node.start_date), node.duration, completed)


def _card(node: CardNode) -> Card | None:
    content = node.content
    if content is None or content.number is None or content.repository is None:
        return None
    sprint = node.sprint
    iteration = None
    if sprint is not None and sprint.iteration_id:
        iteration = Iteration(
            sprint.iteration_id, sprint.title or sprint.iteration_id, day(sprint.start_date), sprint.duration
        )
    return Card(
        f"{content.repository.name_with_owner}#{content.number}",
        Values(
            status=(node.status.name if node.status else None) or None,
            iteration=iteration,
            estimate=node.estimate.number if node.estimate else None,
            due_on=day(node.due.date) if node.due else None,
        ),
        instant(node.updated_at),
    )
