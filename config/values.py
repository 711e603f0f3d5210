"""Where the current value of a key result comes from: `value:`."""

import re
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    ValidationInfo,
    field_validator,
    model_serializer,
    model_validator,
)

from config.base import Bool, File, Key, Model, Number, Secret, Text, Title, wrong
from config.database import resolve


def _web_address(url: str) -> str:
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        good = False
    if not good or re.search(r"[\s\x00-\x1f]", url):
        raise wrong("an address like https://metrics.example/v1/value.json")
    return url


def expression(text: str) -> Any:
    """The compiled JMESPath. A number between dots (`data.0.value`) is taken for an index: `data[0].value`.

    Raises JMESPathError, or RecursionError where brackets are nested too deeply.
    """
    import jmespath
    from jmespath.exceptions import JMESPathError

    try:
        return jmespath.compile(text)
    except JMESPathError:
        return jmespath.compile(re.sub(r"(?:^|\.)(\d+)(?=$|[.\[])", r"[\1]", text))


def _jmespath(text: str) -> str:
    from jmespath.exceptions import JMESPathError

    try:
        expression(text)
    except (JMESPathError, RecursionError):
        raise wrong("a JMESPath expression, like data[0].value") from None
    return text


def _database(url: Secret, info: ValidationInfo) -> Secret:
    return Secret(resolve(url.get_secret_value(), (info.context or {}).get("base")))


Address = Annotated[Text, AfterValidator(_web_address)]
"""URL of something on the web. It may hold a password or a token, and is shown without."""

Expression = Annotated[Text, AfterValidator(_jmespath)]
"""JMESPath: https://jmespath.org."""

Database = Annotated[Secret, AfterValidator(_database)]
"""URL of a SQLite file or a PostgreSQL database."""


def _is_a_word(schema: dict[str, Any]) -> None:
    schema.clear()
    schema.update({"const": "manual", "description": "People check in."})


class Manual(Model):
    """`manual`: people check in."""

    model_config = ConfigDict(json_schema_extra=_is_a_word)

    @model_validator(mode="before")
    @classmethod
    def _from_word(cls, value: object) -> object:
        return {} if value == "manual" else value

    @model_serializer
    def _as_word(self) -> str:
        return "manual"


class FromDelivery(Model):
    """`{from: delivery}`: an output key result, whose value is its delivery."""

    source: Literal["delivery"] = Field(default="delivery", alias="from")
    """Always `delivery`."""


class Fetched(Model):
    """What every source has that is asked at each sync."""

    timeout: Number = Field(default=30.0, gt=0, le=600)
    """Seconds in which the source has to answer, everything included."""


class WebValue(Fetched):
    """What a source on the web has."""

    headers: dict[Key, Secret] = {}
    """Headers of the request."""
    allow_private: Bool = False
    """Whether the address may be this machine or one of a private network."""

    @field_validator("headers")
    @classmethod
    def _sendable(cls, headers: dict[str, Secret]) -> dict[str, Secret]:
        for name, value in headers.items():
            if not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name):
                raise wrong("names of headers, like Authorization")
            if not re.fullmatch(r"[\t\x20-\x7e]*", value.get_secret_value()):
                raise wrong("headers of one line in plain letters (ASCII)")
        return headers


class HttpValue(WebValue):
    """`{http: URL, path: JMESPATH}`: a number in a JSON document."""

    http: Address
    """Address of the document."""
    path: Expression
    """JMESPath of the number in it."""


class PrometheusValue(WebValue):
    """`{prometheus: URL, query: PROMQL}`: the one number that a query gives now."""

    prometheus: Address
    """Address of the server."""
    query: Text
    """PromQL."""


class SqlValue(Fetched):
    """`{sql: URL, query: "select …"}`: one row with one number, read-only."""

    sql: Database
    """URL of the database. A relative SQLite path is relative to the main configuration file."""
    query: Text
    """SQL."""


class CsvValue(Fetched):
    """`{csv: FILE, column: name}`: the last number of a column."""

    csv: File
    """The file. A relative path is relative to the main configuration file."""
    column: Title
    """Name of the column."""


class QueryValue(Fetched):
    """`{jira: CONNECTION, jql: …, measure: count}`: count or sum of what a query matches."""

    timeout: Number = Field(default=120.0, gt=0, le=600)
    """Seconds in which the connection has to answer, waits for its limits included."""
    connection: Key = Field(alias="jira")
    """Name of the connection."""
    jql: Text
    """The query."""
    measure: Title = "count"
    """`count`, or the name of a numeric field to add up."""


VARIANTS: dict[str, type[Model]] = {
    "manual": Manual,
    "from": FromDelivery,
    "http": HttpValue,
    "prometheus": PrometheusValue,
    "sql": SqlValue,
    "csv": CsvValue,
    "jira": QueryValue,
}
"""The key that tells the kinds of source apart, and the model of each."""

TAG = "variant:"
"""Begins the parts of an error's place that name a variant and no key of the file."""


def _variant(value: Any) -> str | None:
    if value == "manual":
        return TAG + "manual"
    if isinstance(value, dict):
        return next((TAG + name for name in VARIANTS if name in value and name != "manual"), None)
    return next((TAG + name for name, model in VARIANTS.items() if isinstance(value, model)), None)


ValueSource = Annotated[
    Annotated[Manual, Tag(TAG + "manual")]
    | Annotated[FromDelivery, Tag(TAG + "from")]
    | Annotated[HttpValue, Tag(TAG + "http")]
    | Annotated[PrometheusValue, Tag(TAG + "prometheus")]
    | Annotated[SqlValue, Tag(TAG + "sql")]
    | Annotated[CsvValue, Tag(TAG + "csv")]
    | Annotated[QueryValue, Tag(TAG + "jira")],
    Discriminator(
        _variant,
        custom_error_type="northing_variant",
        custom_error_message="expected {expected}",
        custom_error_context={"expected": f"`manual`, or a mapping with one of {', '.join(list(VARIANTS)[1:])}"},
    ),
]
"""Any of the sources."""
