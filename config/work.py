"""Which work belongs to what: selectors, mappings, conventions in the teams' own tools, and how work is counted."""

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, SerializerFunctionWrapHandler, model_serializer, model_validator
from pydantic.json_schema import SkipJsonSchema

from config.base import Bool, Fraction, Key, Model, Positive, SomeWords, Text, Title, Words, unfit, wrong

CRITERIA = (
    "connection",
    "project",
    "repository",
    "epic",
    "issue",
    "milestone",
    "version",
    "sprint",
    "label",
    "component",
    "type",
    "team",
    "assignee",
    "title",
    "jql",
)
"""The keys of a selector that choose work; each is an attribute of `Selector`."""


def _one_or_many(value: object) -> object:
    return value if isinstance(value, list | tuple) else (value,)


def _one_too(schema: dict[str, Any]) -> None:
    whole = {"type": "array", "items": schema.pop("items"), "minItems": 1}
    for key in ("type", "minItems"):
        schema.pop(key, None)
    schema["anyOf"] = [whole["items"], whole]


class Selector(Model):
    """Chooses work. All keys given must hold; a list means any of its values.

    Text compares without case, `*` and `?` are globs. An absent key is an empty tuple (`jql`: None).
    """

    connection: SomeWords = ()
    """Names of connections. Without it the selector looks in all of them."""
    project: SomeWords = ()
    """Keys of projects."""
    repository: SomeWords = ()
    """Repositories, as owner/name."""
    epic: SomeWords = ()
    """Keys of items; each stands for the item and everything below it."""
    issue: SomeWords = ()
    """Keys of items. With `descend: false` the items alone."""
    milestone: SomeWords = ()
    """Titles of milestones."""
    version: SomeWords = ()
    """Titles of fix versions."""
    sprint: SomeWords = ()
    """Titles of sprints."""
    label: SomeWords = ()
    """Labels."""
    component: SomeWords = ()
    """Components."""
    type: SomeWords = ()
    """The tool's type names, or our levels: initiative, epic, issue, subtask."""
    team: SomeWords = ()
    """Keys of teams; each stands for the team and all below it."""
    assignee: SomeWords = ()
    """Logins, account ids or display names."""
    title: SomeWords = ()
    """Whole titles, usually with globs."""
    jql: Text | None = None
    """A query in the tool's own language, sent as it is at every sync."""
    not_: Annotated[tuple["Selector", ...], BeforeValidator(_one_or_many)] = Field(
        default=(), alias="not", min_length=1, json_schema_extra=_one_too
    )
    """A selector, or a list of them: what one of them matches, descendants included, is taken away."""
    descend: Bool = True
    """Whether what matches brings its descendants: sub-issues, children of epics, sub-tasks."""

    @model_validator(mode="before")
    @classmethod
    def _no_empty_values(cls, value: object) -> object:
        if isinstance(value, dict) and "jql" in value and value["jql"] is None:
            raise wrong("a query behind `jql:`")
        return value

    @model_serializer(mode="wrap")
    def _without_what_is_absent(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {key: value for key, value in write(self).items() if value not in ((), None)}

    @model_validator(mode="after")
    def _chooses_something(self) -> Self:
        if not any(getattr(self, name) for name in CRITERIA):
            raise unfit(f"a selector with at least one of {', '.join(CRITERIA)}; one without would take all work")
        return self


class Mapping(Model):
    """Work that serves a key result."""

    key_result: Key
    """Key of the key result."""
    work: Selector
    """Which work serves it."""
    share: Positive | None = None
    """This mapping is so many parts of the key result's delivery. On all mappings of a key result or on none."""
    position: SkipJsonSchema[int] = Field(default=0, alias="\x00position", exclude=True)
    """Place in the joined configuration, from 0: of two mappings that match an item, the first counts it."""


class Intentional(Model):
    """Work that serves no key result on purpose. It is counted apart, not as unaligned."""

    reason: Title
    """Why."""
    work: Selector
    """Which work."""


class Conventions(Model):
    """How teams link work to key results in their own tools. What is absent is off."""

    label: Title | None = None
    """A label with `{key}` in it: `kr:{key}` means that label `kr:GROW.1` links to GROW.1."""
    trailer: Title | None = None
    """A line in the body: `Key-Result` means that a line `Key-Result: GROW.1` links to GROW.1."""
    field: Title | None = Field(default=None, alias="jira_field")
    """Name of a field of the tool that holds the key."""

    @model_validator(mode="after")
    def _label_names_the_key(self) -> Self:
        if self.label is not None and self.label.count("{key}") != 1:
            raise unfit("a `label` with `{key}` in it once, like kr:{key}")
        return self


class Counting(Model):
    """How the tools' words are read, and how work is counted."""

    cancelled: Words = (
        "Won't Do",
        "Won't Fix",
        "Duplicate",
        "Declined",
        "Cannot Reproduce",
        "not_planned",
        "duplicate",
    )
    """Resolutions, status names and state reasons that make a finished item cancelled. Compared without case."""
    in_progress_labels: Words = ("in progress", "doing", "wip")
    """Labels that put an open item in progress, where the tool has no status of its own."""
    assigned_is_in_progress: Bool = False
    """Whether an assignee puts an open item in progress, where the tool has no status of its own."""
    epic_labels: Words = ("epic",)
    """Labels that make an item an epic."""
    epic_types: Words = ("Epic", "Initiative", "Feature")
    """Types that make an item an epic."""
    subtasks: Literal["ignore", "count"] = "ignore"
    """Whether sub-tasks count."""
    measure: Title = "count"
    """Size of an item: `count` (1 each), `points`, or the name of a numeric field."""
    in_progress_credit: Fraction = 0.0
    """What an item in progress adds to delivery, as a fraction of its size."""
