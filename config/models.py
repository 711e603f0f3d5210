"""The whole configuration, as one typed value."""

from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BeforeValidator, Field, SerializeAsAny, ValidationInfo, model_validator

from config.base import Key, Model, Text, Words, wrong
from config.database import resolve
from config.okr import CheckIn, Cycle, Objective, Team, Theme
from config.problems import nearest
from config.retention import Retention
from config.service import Service
from config.settings import Alerts, ConnectionOptions, Digest, FindingRules, Schedule
from config.thresholds import Thresholds
from config.work import Conventions, Counting, Intentional, Mapping


def _one(value: object) -> object:
    return 1 if value == "1" else value


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, LookupError):  # unknown, a path, a folder of the zone database
        near = nearest(name, available_timezones())
        raise wrong("a timezone like Europe/Zurich" + (f". Did you mean `{near}`?" if near else "")) from None
    return name


def _database(url: str, info: ValidationInfo) -> str:
    return resolve(url, (info.context or {}).get("base"))


class Config(Model):
    """All that the configuration files say. A file's own entries come first, then those of its includes, by name."""

    version: Annotated[Literal[1], BeforeValidator(_one, json_schema_input_type=Literal[1])] = 1
    """Version of this language. Always 1."""
    include: Words = ()
    """More files: paths or globs, relative to the file that names them."""
    database: Annotated[str, AfterValidator(_database)] = Field(
        default="sqlite:///northing.db", repr=False, validate_default=True
    )
    """URL of the database. A relative SQLite path is relative to the main configuration file."""
    queue: Literal["procrastinate"] | None = None
    """What hands jobs to workers on several machines. Default: none, one process does all. Needs PostgreSQL."""
    timezone: Annotated[str, AfterValidator(_zone)] = "UTC"
    """Days, cycles and schedules are in this zone."""
    connections: dict[Key, SerializeAsAny[ConnectionOptions]] = {}
    """The tools to read, each under a name of your choice."""
    counting: Counting = Counting()
    """How work is read and counted."""
    teams: tuple[Team, ...] = ()
    """Teams, in a tree."""
    themes: tuple[Theme, ...] = ()
    """What several objectives have in common."""
    cycles: tuple[Cycle, ...] = ()
    """The days in which objectives are to be reached."""
    objectives: tuple[Objective, ...] = ()
    """Objectives with their key results."""
    mappings: tuple[Mapping, ...] = ()
    """Which work serves which key result."""
    conventions: Conventions = Conventions()
    """How teams link work in their own tools."""
    intentional: tuple[Intentional, ...] = ()
    """Work that serves no key result on purpose."""
    checkins: tuple[CheckIn, ...] = ()
    """Values kept in the files."""
    schedule: Schedule = Schedule()
    """When things happen."""
    alerts: Alerts = Alerts()
    """Who is told what."""
    thresholds: Thresholds = Thresholds()
    """When a number is a finding."""
    findings: FindingRules = FindingRules()
    """Which findings are shown."""
    service: Service = Service()
    """Where the service listens, and under which address people reach it."""
    retention: Retention = Retention()
    """How long is kept what only the past needs."""
    write_back: dict[Key, Text] = {}
    """What is written into the tools, by kind of connection: `jira: property` or `comment`, `github: comment` or
    `label`. Nothing is written to a connection that names no scope in its own `write_back`."""

    @property
    def digests(self) -> dict[str, Digest]:
        """The digests by name. A name stays while a digest says the same, wherever it stands in the list."""
        return {
            f"{one.team or 'company'} to {', '.join(one.to)} at {one.at or self.schedule.digest}": one
            for one in self.alerts.digests
        }

    @model_validator(mode="after")
    def _number_the_mappings(self) -> Self:
        numbered = tuple(one.model_copy(update={"position": at}) for at, one in enumerate(self.mappings))
        object.__setattr__(self, "mappings", numbered)
        return self

    @property
    def zone(self) -> ZoneInfo:
        """`timezone` as a zone."""
        return ZoneInfo(self.timezone)
