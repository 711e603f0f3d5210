"""How the program runs: connections, schedule, alerts, and which findings are shown."""

from datetime import time, timedelta
from typing import Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, field_serializer, model_validator

from config.base import Bool, Day, File, Key, Model, Number, Secret, SomeWords, Text, Title, Whole, Words, unfit, wrong
from config.codes import CODES, is_code, is_prefix
from config.problems import nearest
from config.times import DAYS, Every, Interval, When, clock, weekday, when

Severity = Literal["info", "warning", "critical"]


class ConnectionOptions(Model):
    """What every connection has. Each kind of tool adds its own keys in a subclass."""

    selector_key: ClassVar[str] = "project"
    """What this tool calls its scopes in a selector: `project` or `repository`."""

    write_forms: ClassVar[tuple[str, ...]] = ()
    """The ways in which this kind of tool can be written to; none where it cannot."""

    kind: Key
    """Which tool."""
    insecure: Bool = False
    """Whether the token may be sent over plain http to a host that is not this machine."""
    in_flight: Whole = Field(default=8, ge=1, le=100)
    """Requests in flight at most."""
    reserve: Number = Field(default=0.1, ge=0, lt=1)
    """Part of the tool's hourly limit that is left to other users of the same token: 0.1 is a tenth."""
    ca_bundle: File | None = None
    """Certificates to trust. A relative path is relative to the main configuration file."""
    proxy: Text | None = Field(default=None, repr=False)
    """URL of a proxy."""
    write_back: Words = ()
    """Globs over the keys of the scopes that may be written to, where `write_back` names this kind. Default: none."""

    def scope_patterns(self) -> list[str]:
        """Globs over the keys of the scopes that this connection reads."""
        return []

    def urls(self) -> list[str]:
        """The addresses that the token is sent to."""
        return []


class Schedule(Model):
    """When things happen, in the configured timezone."""

    sync: Interval = "every 15 minutes"
    """How often to read what changed."""
    reconcile: When = "daily at 02:30"
    """When to compare everything."""
    digest: When = "mon 08:00"
    """When to send digests that have no time of their own."""

    @property
    def sync_interval(self) -> timedelta:
        """Time between two syncs."""
        interval = when(self.sync)
        assert isinstance(interval, Every)
        return interval.interval


def _nearest_code(text: str) -> str:
    near = text.upper() if is_prefix(text.upper()) else nearest(text.upper(), CODES)
    return f". Did you mean `{near}`?" if near else ""


def _known_prefix(text: str) -> str:
    if not is_prefix(text):
        raise wrong(f"the code of a finding or its beginning, like COV101 or COV{_nearest_code(text)}")
    return text


def _known_code(text: str) -> str:
    if not is_code(text):
        raise wrong(f"the code of a finding, like COV101{_nearest_code(text)}")
    return text


def _listed(value: object) -> object:
    return (value,) if isinstance(value, str) else value


Code = Annotated[str, AfterValidator(_known_code)]
"""The code of a finding."""

Prefix = Annotated[str, AfterValidator(_known_prefix)]
"""The code of a finding, or the beginning of several."""


class Suppression(Model):
    """A finding that is not shown for a while."""

    code: Prefix
    """Its code, or the beginning of several."""
    subject: Text
    """Key of what it is about."""
    until: Day
    """Last day on which it is not shown."""
    reason: Title
    """Why."""


class FindingRules(Model):
    """Which findings are shown, and how grave they are."""

    ignore: tuple[Prefix, ...] = ()
    """Codes, or beginnings of codes, that are never shown."""
    severity: dict[Code, Severity] = {}
    """Another severity for a code."""
    suppress: tuple[Suppression, ...] = ()
    """Findings that are not shown for a while, each with its reason."""


class Route(Model):
    """Who hears of which findings. All keys given must hold."""

    to: SomeWords
    """Names of channels."""
    team: Key | None = None
    """Only findings of this team and those below it."""
    severity: Severity | None = None
    """Only findings at least this grave."""
    codes: Annotated[tuple[Prefix, ...], BeforeValidator(_listed)] = ()
    """Only these codes, or beginnings of codes."""


class Digest(Model):
    """A regular summary."""

    to: SomeWords
    """Names of channels."""
    at: When | None = None
    """When. Default: `schedule.digest`."""
    team: Key | None = None
    """About this team and those below it. Default: the company."""


def _clock(value: object) -> object:
    return clock(value) if isinstance(value, str) else value


def _weekday(value: object) -> object:
    return weekday(value) if isinstance(value, str) else value


class Quiet(Model):
    """Hours in which nothing is sent: every night between two times, and on whole days."""

    start: Annotated[time, BeforeValidator(_clock, json_schema_input_type=str)] | None = Field(
        default=None, alias="from"
    )
    """Beginning of the quiet hours."""
    end: Annotated[time, BeforeValidator(_clock, json_schema_input_type=str)] | None = Field(default=None, alias="to")
    """End of the quiet hours, on the next day where it is earlier than `from`."""
    days: Annotated[
        tuple[Annotated[int, BeforeValidator(_weekday, json_schema_input_type=str)], ...], BeforeValidator(_listed)
    ] = ()
    """Quiet weekdays, as mon, tue …; kept as 0 (Monday) to 6."""

    @field_serializer("days")
    def _by_name(self, days: tuple[int, ...]) -> list[str]:
        return [DAYS[day] for day in days]

    @model_validator(mode="after")
    def _both_ends(self) -> Self:
        if (self.start is None) != (self.end is None):
            raise unfit("`from` and `to`, or neither")
        return self


class Alerts(Model):
    """Who is told what, and when."""

    channels: dict[Key, Secret] = {}
    """A name of your choice, and where it leads: a URL that may hold a token."""
    routes: tuple[Route, ...] = ()
    """Who hears of which findings."""
    digests: tuple[Digest, ...] = ()
    """Regular summaries."""
    quiet: Quiet | None = None
    """When nothing is sent."""
