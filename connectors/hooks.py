"""What a tool tells by itself (a webhook): taken as a hint of what to read anew, and never as the record.

A delivery that is not taken raises `NotTaken` with the status that its sender is answered; one that is taken and says
nothing to us gives no hint.
"""

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Protocol, TypeVar, runtime_checkable

import msgspec
from pydantic import AfterValidator, BeforeValidator

from config import Secret
from config.base import wrong
from connectors.records import Ref, Scope
from connectors.text import clean, clean_json

if TYPE_CHECKING:
    from connectors.base import Context, Usage

LARGEST = 25 * 1024 * 1024
"""Bytes of a body. The tools send no more."""
_LONGEST_ID = 128
_HEX = 64

T = TypeVar("T")


def _one_or_more(value: object) -> object:
    return value if isinstance(value, list | tuple) else (value,)


def _long_enough(secrets: tuple[Secret, ...]) -> tuple[Secret, ...]:
    if any(not one.get_secret_value().strip() for one in secrets):
        raise wrong("a secret that is not empty: without one anybody could send")
    return secrets


Secrets = Annotated[
    tuple[Secret, ...],
    AfterValidator(_long_enough),
    BeforeValidator(_one_or_more, json_schema_input_type=str | list[str]),
]
"""One secret or a list of secrets, each of which signs: a new one stands beside the old one while it is replaced."""


class NotTaken(Exception):
    """A delivery that is not taken. `status` is what its sender is answered, `message` what it may read."""

    status = 400

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Forged(NotTaken):
    """Not signed, or not with a secret of ours."""

    status = 401


class Malformed(NotTaken):
    """Signed, and yet nothing that the tool would send."""


class TooLate(NotTaken):
    """Its sender was too slow."""

    status = 408


class TooLarge(NotTaken):
    """More bytes than a tool sends."""

    status = 413


@dataclass(frozen=True)
class Delivery:
    """A request as it came: the headers by their names in lower case, and the bytes that were signed."""

    headers: Mapping[str, str]
    body: bytes

    @classmethod
    def of(cls, headers: Iterable[tuple[str, str]], body: bytes) -> "Delivery":
        """From headers with names of any case. Of a header that comes twice the first counts."""
        first: dict[str, str] = {}
        for name, value in headers:
            first.setdefault(name.lower(), value)
        return cls(first, body)


class About(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What to read anew, by what a delivery names. Nothing of its content is kept.

    `scope` is an external id, `scope_key` the key that goes with it; both None where the delivery names none: then the
    items are looked up by their ids in what is stored. `refs` are items, with an empty key where it is not told.
    `deleted` are those of `refs` that the tool says it deleted. `containers`: those of the scope, or of all scopes
    where none is named. `scopes`: the list of scopes. `whole`: all items of the scope, which changed without being
    marked as changed.
    """

    scope: str | None = None
    scope_key: str | None = None
    refs: tuple[Ref, ...] = ()
    deleted: tuple[str, ...] = ()
    containers: bool = False
    scopes: bool = False
    whole: bool = False


class Hint(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery that says something: its id, the tool's name of what happened, and what to read anew."""

    delivery: str
    event: str
    about: About


class Hooks(Protocol):
    """Reads one tool's deliveries."""

    def hook(self, delivery: Delivery, now: datetime) -> Hint | None:
        """What a delivery says; None where that is nothing to us. Raises NotTaken, and no other error."""
        ...


@runtime_checkable
class HasHooks(Protocol):
    """The options of a connection whose tool sends deliveries."""

    def hooks(self) -> Hooks:
        """What reads them."""
        ...


@runtime_checkable
class Recalls(Protocol):
    """Hooks of a tool that can be asked for deliveries that did not arrive."""

    def missed(self, context: "Context", scopes: Sequence[Scope], since: datetime, usage: "Usage") -> Iterator[Hint]:
        """What they say, as far back as `since` and as the tool keeps them. Only reads. Raises SourceError."""
        ...


def hooks_of(options: object) -> Hooks | None:
    """What reads the deliveries of a connection with these options; None where its tool sends none."""
    return options.hooks() if isinstance(options, HasHooks) else None


def hears(options: object) -> bool:
    """Whether deliveries of a connection with these options are taken: its tool sends some, and a secret is set."""
    return isinstance(options, HasHooks) and bool(getattr(options, "webhook_secret", ()))


async def read_body(
    chunks: AsyncIterable[bytes], *, length: str | None, within_s: float, limit: int = LARGEST
) -> bytes:
    """The whole body, as it comes. `length` is what the sender says of it (Content-Length).

    Raises TooLarge as soon as more than `limit` bytes came or were announced, TooLate where it does not come within
    `within_s` seconds.
    """
    announced = int(length) if length and length.isascii() and length.isdigit() and len(length) < 20 else 0
    if announced > limit:
        raise TooLarge(f"The body has more than {limit} bytes.")
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(within_s):
            async for chunk in chunks:
                size += len(chunk)
                if size > limit:
                    raise TooLarge(f"The body has more than {limit} bytes.")
                parts.append(chunk)
    except TimeoutError as error:
        raise TooLate("The body did not come in time.") from error
    return b"".join(parts)


def check_signature(delivery: Delivery, header: str, secrets: Iterable[Secret]) -> None:
    """Raises Forged unless `header` holds `sha256=` and the body's HMAC by one of `secrets`, in hexadecimal digits."""
    if len(delivery.body) > LARGEST:
        raise TooLarge(f"The body has more than {LARGEST} bytes.")
    keys = [one.get_secret_value().encode() for one in secrets]
    if not keys:
        raise Forged("This connection takes no deliveries: it has no webhook_secret.")
    given = delivery.headers.get(header, "").strip()
    if not given:
        raise Forged(f"The header {header} is missing: give the webhook the secret of this connection.")
    algorithm, _, digits = given.partition("=")
    if algorithm.lower() != "sha256" or len(digits) != _HEX or not digits.isascii():
        raise Forged(f"The header {header} is no signature by sha256.")
    # All secrets are tried, so that the time tells nothing of which one fits.
    fits = [hmac.compare_digest(hmac.digest(key, delivery.body, "sha256").hex(), digits.lower()) for key in keys]
    if not any(fits):
        raise Forged("The signature does not fit: the secret is another one, or the body was changed on its way.")


def decoded(delivery: Delivery, shape: type[T]) -> T:
    """The body as JSON of a shape. Raises Malformed."""
    media = delivery.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media != "application/json":
        said = clean(media)[:60] or "nothing"
        raise Malformed(f"The content type is {said}; set the webhook's content type to application/json.")
    try:
        return msgspec.json.decode(clean_json(delivery.body), type=shape)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else clean(str(error))[:200]
        raise Malformed(f"The body cannot be read: {reason}.") from error


def identity(delivery: Delivery, header: str) -> str:
    """What tells a delivery from others: the tool's own id, or the body's digest where it gave none to keep."""
    given = delivery.headers.get(header, "").strip()
    if given and len(given) <= _LONGEST_ID and given.isascii() and given.isprintable():
        return given
    return f"sha256:{hashlib.sha256(delivery.body).hexdigest()}"
