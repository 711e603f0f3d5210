"""`{http: URL, path: JMESPATH}`: a number in a JSON document."""

import json
from typing import Any, NoReturn

from jmespath.exceptions import JMESPathError

from config import HttpValue
from config.values import expression
from connectors.answers import Answer
from connectors.base import Context
from connectors.errors import Refused, TryAgain
from connectors.values import web
from connectors.values.numbers import one_number


def number(source: HttpValue, context: Context) -> float:
    """The number at `path` of the document. Raises SourceError."""
    answer = web.read(
        web.Page(
            source.http,
            source.timeout,
            source.allow_private,
            headers={name: value.get_secret_value() for name, value in source.headers.items()},
        ),
        context,
    )
    document = decoded(answer)
    try:
        found = expression(source.path).search(document)
    except (JMESPathError, RecursionError) as error:
        raise Refused(
            f"{source.path} cannot be worked out on {answer.place}: {str(error) or 'nested too deeply'}.",
            advice="Correct the source's `path`.",
        ) from error
    if found is None:
        keys = (
            f" At its top it has: {', '.join(sorted(map(str, document))[:10])}." if isinstance(document, dict) else ""
        )
        raise Refused(f"{source.path} finds nothing in {answer.place}.{keys}", advice="Correct the source's `path`.")
    return one_number(found, f"{source.path} of {answer.place}")


def decoded(answer: Answer) -> Any:
    """The body as JSON. Raises TryAgain where it is cut off or no JSON at all, Refused where it cannot be held."""

    def refuse(word: str) -> NoReturn:
        raise Refused(f"{answer.place} holds {word}, which is no JSON.", advice="Correct what the server writes.")

    try:
        return json.loads(answer.body, parse_constant=refuse)
    except RecursionError as error:
        raise Refused(
            f"{answer.place} answered with JSON nested too deeply to read.", advice="Ask for a simpler document."
        ) from error
    except json.JSONDecodeError as error:
        raise TryAgain(f"{answer.place} sent incomplete or broken JSON ({error})", status=answer.status) from error
    except ValueError as error:  # an integer of thousands of digits
        raise Refused(
            f"{answer.place} holds a number that is too long ({error}).", advice="Ask for another."
        ) from error
