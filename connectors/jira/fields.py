"""Which of a site's fields hold what: found by the type that an app gave them, as names are translated and repeat."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches

import msgspec

from connectors.errors import Refused

_SPRINT = "com.pyxis.greenhopper.jira:gh-sprint"
_EPIC_LINK = "com.pyxis.greenhopper.jira:gh-epic-link"
_EPIC_NAME = "com.pyxis.greenhopper.jira:gh-epic-label"
_PARENT_LINK = "com.atlassian.jpo:jpo-custom-field-parent"
_TEAMS = (
    "com.atlassian.teams:rm-teams-custom-field-team",
    "com.atlassian.jira.plugin.system.customfieldtypes:atlassian-team",
)
_TARGET_END = "com.atlassian.jpo:jpo-custom-field-baseline-end"
_ORIGINAL_POINTS = "com.atlassian.jpo:jpo-custom-field-original-story-points"
_POINTS = "com.pyxis.greenhopper.jira:jsw-story-points"
_FLOAT = "com.atlassian.jira.plugin.system.customfieldtypes:float"
_POINTS_NAMES = ("story points", "story point estimate")


class Schema(msgspec.Struct):
    type: str | None = None
    custom: str | None = None


class Field(msgspec.Struct):
    """A row of `/rest/api/2/field`."""

    id: str
    name: str = ""
    clause_names: list[str] = msgspec.field(default_factory=list, name="clauseNames")
    schema: Schema | None = None

    @property
    def custom(self) -> str:
        return (self.schema.custom if self.schema else None) or ""


@dataclass(frozen=True)
class FieldMap:
    """Ids of the fields by what they hold. Several where a site has several: each project fills its own."""

    estimate: tuple[str, ...] = ()
    sprint: tuple[str, ...] = ()
    epic_link: tuple[str, ...] = ()
    epic_name: tuple[str, ...] = ()
    parent_link: tuple[str, ...] = ()
    team: tuple[str, ...] = ()
    target_end: tuple[str, ...] = ()
    key_result: tuple[str, ...] = ()
    names: dict[str, str] = field(default_factory=dict)
    """What the site calls the fields of estimate and sprint: name by id."""
    boards_tell: bool = False
    """Whether only boards tell what projects of the classic style estimate with: that field is known by its name alone,
    which is translated.
    """
    missing: dict[str, str] = field(default_factory=dict)
    """What was asked for by name and is not there: name by purpose."""

    @property
    def ids(self) -> list[str]:
        """All of them, each once."""
        roles = (
            self.estimate,
            self.sprint,
            self.epic_link,
            self.epic_name,
            self.parent_link,
            self.team,
            self.target_end,
            self.key_result,
        )
        return list(dict.fromkeys(one for role in roles for one in role))


def discover(fields: list[Field], *, estimate: str | None, measure: str, key_result: str | None) -> FieldMap:
    """Find the fields of a site.

    `estimate` and `measure` are those of the configuration: a field's name or id; `measure` may also be "count" or
    "points". `key_result` is the convention's field. Raises Refused where `estimate` names no field.
    """
    missing: dict[str, str] = {}
    by_measure = () if measure in ("count", "points") else named(fields, measure)
    if not by_measure and measure not in ("count", "points"):
        missing["counting.measure"] = measure
    points = _points(fields) if estimate is None else named(fields, estimate)
    if estimate is not None and not points:
        raise Refused(f"No field is called {estimate!r} here.", advice=_nearest(fields, estimate))
    convention = named(fields, key_result) if key_result else ()
    if key_result and not convention:
        missing["conventions.jira_field"] = key_result
    estimates, sprints = by_measure or points, _typed(fields, _SPRINT)
    return FieldMap(
        estimate=estimates,
        sprint=sprints,
        epic_link=_typed(fields, _EPIC_LINK),
        epic_name=_typed(fields, _EPIC_NAME),
        parent_link=_typed(fields, _PARENT_LINK),
        team=tuple(one.id for one in fields if one.custom in _TEAMS or (one.schema and one.schema.type == "team")),
        target_end=_typed(fields, _TARGET_END),
        key_result=convention,
        names={one.id: one.name for one in fields if one.id in (*estimates, *sprints)},
        boards_tell=estimate is None and not by_measure and not any(_is_classic_points(one) for one in fields),
        missing=missing,
    )


def named(fields: Iterable[Field], name: str) -> tuple[str, ...]:
    """Ids of the fields with this id, else of all with this name or JQL name, without regard to case."""
    wanted = name.strip().casefold()
    by_id = tuple(one.id for one in fields if one.id.casefold() == wanted)
    by_name = tuple(one.id for one in fields if one.name.strip().casefold() == wanted)
    return by_id or by_name or tuple(one.id for one in fields if wanted in map(str.casefold, one.clause_names))


def _points(fields: list[Field]) -> tuple[str, ...]:
    """Those of new and of classic projects, and what was planned at first, where nothing else is known."""
    classic = tuple(one.id for one in fields if _is_classic_points(one))
    return _typed(fields, _POINTS) + classic + _typed(fields, _ORIGINAL_POINTS)


def _is_classic_points(one: Field) -> bool:
    return one.custom == _FLOAT and one.name.strip().casefold() in _POINTS_NAMES


def _typed(fields: list[Field], custom: str) -> tuple[str, ...]:
    return tuple(one.id for one in fields if one.custom == custom)


def _nearest(fields: list[Field], name: str) -> str:
    known = {one.name.casefold(): one.name for one in fields if one.name}
    near = get_close_matches(name.casefold(), list(known), n=1)
    return f"Did you mean {known[near[0]]!r}?" if near else "Give the name or the id of a field, as Jira lists them."
