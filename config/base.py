"""What all configuration models are made of: the base class, and the kinds of text, number and day that they hold."""

import re
from datetime import date
from pathlib import Path
from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationInfo,
)
from pydantic_core import PydanticCustomError

Secret = SecretStr
"""A text that prints as `**********` everywhere; `.get_secret_value()` gives it."""


class Model(BaseModel):
    """Frozen, refuses keys that it does not know, and never repeats a value in an error: a value may be a secret."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        use_attribute_docstrings=True,
        hide_input_in_errors=True,
        validate_by_name=True,
        validate_by_alias=True,
        allow_inf_nan=False,
    )


def wrong(expected: str) -> PydanticCustomError:
    """The error of a value that cannot be read. The loader says what was found before it, unless that is a secret."""
    return PydanticCustomError("northing_expected", "expected {expected}", {"expected": expected})


def unfit(expected: str) -> PydanticCustomError:
    """The error of values that are right one by one but do not fit each other."""
    return PydanticCustomError("northing_unfit", "expected {expected}", {"expected": expected})


def _one_line(text: str) -> str:
    if not text.strip():
        raise wrong("a text that is not empty")
    if "\n" in text or "\r" in text:
        raise wrong("a text of one line")
    return text


def _filled(text: str) -> str:
    if not text.strip():
        raise wrong("a text that is not empty")
    return text


_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}


def _to_bool(value: object) -> object:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value in _BOOLEANS:
        return _BOOLEANS[value]
    raise wrong("true or false")


def _to_day(value: object) -> object:
    if isinstance(value, date):
        return value
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value, re.ASCII):
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise wrong("a day that the calendar has") from None
    raise wrong("a day like 2026-10-01")


def _to_number(value: object) -> object:
    """Numbers as YAML 1.2 writes them. Python would also take `1_000` and blanks at the ends."""
    if isinstance(value, str) and not re.fullmatch(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d{1,3})?", value, re.ASCII):
        raise wrong("a number")
    return value


def _to_words(value: object) -> object:
    if not isinstance(value, str | list | tuple):
        raise wrong("a text or a list of texts")
    return (value,) if isinstance(value, str) else value


def _beside_main_file(path: Path, info: ValidationInfo) -> Path:
    base = (info.context or {}).get("base")
    return Path(base, path) if base else path


def _joined(value: object) -> object:
    if isinstance(value, list | tuple) and value and all(isinstance(one, str) for one in value):
        return ", ".join(value)
    return value


Key = Annotated[str, AfterValidator(_one_line)]
"""The key of anything: any text of one line. Keys are compared letter by letter."""

Title = Annotated[str, AfterValidator(_one_line)]
Text = Annotated[str, AfterValidator(_filled)]
Bool = Annotated[bool, BeforeValidator(_to_bool, json_schema_input_type=bool)]
"""YAML 1.2: only true and false are booleans. `yes`, `no`, `on` and `off` are texts."""

Day = Annotated[date, BeforeValidator(_to_day)]
Number = Annotated[float, BeforeValidator(_to_number, json_schema_input_type=float)]
Whole = Annotated[int, BeforeValidator(_to_number, json_schema_input_type=int)]
Count = Annotated[Whole, Field(ge=0)]
Positive = Annotated[Number, Field(ge=0)]
Fraction = Annotated[Number, Field(ge=0, le=1)]
Words = Annotated[
    tuple[Text, ...],
    BeforeValidator(_to_words, json_schema_input_type=str | float | list[str | float]),
]
"""One text or a list of texts, each as written in the file: `1.0` stays "1.0"."""

SomeWords = Annotated[
    tuple[Text, ...],
    Field(min_length=1),
    BeforeValidator(_to_words, json_schema_input_type=str | float | Annotated[list[str | float], Field(min_length=1)]),
]
"""As `Words`, but at least one."""

Names = Annotated[str, AfterValidator(_one_line), BeforeValidator(_joined, json_schema_input_type=str | list[str])]
"""One name, or a list of names, kept as one text "A, B"."""

File = Annotated[Path, AfterValidator(_beside_main_file)]
"""A path. A relative one is relative to the main configuration file."""
