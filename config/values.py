"""Where the current value of a key result comes from: `value:`."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Discriminator, Field, Tag, model_serializer, model_validator

from config.base import File, Key, Model, Secret, Text, Title


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


class HttpValue(Model):
    """`{http: URL, path: JMESPATH}`: a number in a JSON document."""

    http: Text
    """Address of the document."""
    path: Text
    """JMESPath of the number in it."""
    headers: dict[Key, Secret] = {}
    """Headers of the request."""


class PrometheusValue(Model):
    """`{prometheus: URL, query: PROMQL}`: the one number that a query gives now."""

    prometheus: Text
    """Address of the server."""
    query: Text
    """PromQL."""


class SqlValue(Model):
    """`{sql: URL, query: "select …"}`: one row with one number, read-only."""

    sql: Secret
    """URL of the database."""
    query: Text
    """SQL."""


class CsvValue(Model):
    """`{csv: FILE, column: name}`: the last number of a column."""

    csv: File
    """The file. A relative path is relative to the main configuration file."""
    column: Title
    """Name of the column."""


class QueryValue(Model):
    """`{jira: CONNECTION, jql: …, measure: count}`: count or sum of what a query matches."""

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
