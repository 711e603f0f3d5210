"""The sum of a numeric field over issues."""

from collections.abc import Iterable
from math import fsum
from typing import Any

import msgspec

from connectors.errors import Refused
from connectors.jira.values import Id


class _Row(msgspec.Struct):
    id: Id
    fields: dict[str, Any] = {}


def total(rows: Iterable[msgspec.Raw], fields: tuple[str, ...], name: str) -> float:
    """The sum over all issues, each once; of several `fields` (ids) the first that an issue has filled.

    An issue without a value adds nothing. Raises Refused where one holds something else than a number.
    """
    decoder = msgspec.json.Decoder(_Row)
    found: dict[str, float] = {}
    for raw in rows:
        try:
            row = decoder.decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise Refused(
                f"An issue among those to add up cannot be read: {error}.", advice="Leave it out of the query."
            ) from error
        value = next((row.fields[one] for one in fields if row.fields.get(one) is not None), None)
        if isinstance(value, bool) or not isinstance(value, int | float | None):
            raise Refused(
                f"The field {name!r} of issue {row.id} holds no number.", advice="Name a numeric field, or `count`."
            )
        found[str(row.id)] = float(value or 0)
    return fsum(found.values())
