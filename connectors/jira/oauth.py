"""OAuth 2.0 (3LO): access tokens that live for an hour, from a refresh token that is replaced at each use.

Atlassian takes a refresh token once, and the one before it for ten minutes more. A program that is killed between
Atlassian's answer and the commit of the new token therefore loses nothing if the connection is used again within these
ten minutes; after that Atlassian takes no token of this consent any more, and a person must consent anew. The window
is as small as it can be: nothing happens in it but sealing and writing one row, SIGTERM waits for it, and a process
whose database refuses the row goes on with what it has and writes it with the next renewal.
"""

import base64
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import TypeVar
from urllib.parse import urlsplit

import msgspec
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from connectors.answers import Answer
from connectors.base import Context
from connectors.errors import Refused, SourceError, TryAgain
from connectors.jira.options import JiraAuth, JiraOptions
from connectors.retry import Patience
from connectors.transport import Transport

EARLY = timedelta(minutes=5)
"""So long before its end an access token is replaced."""
CONSENT_LASTS = timedelta(days=365)
"""After so long Atlassian wants the consent given anew, however often the token was replaced."""
CONSENT = (
    "Consent anew: open the app's authorization URL (https://developer.atlassian.com/console/myapps, Authorization) "
    "with the scope offline_access, and put the refresh token that you get into `auth.refresh_token`."
)
_PATIENCE = Patience(attempts=3, deadline_s=60.0)
_VERSION = "1"

T = TypeVar("T")


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """What a consent stands at. `since`: when its refresh token, as configured, was first used."""

    access: str
    refresh: str
    got_at: datetime
    ends_at: datetime
    since: datetime

    def lasts(self, now: datetime) -> bool:
        """Whether the access token may still be used, with time to spare."""
        return now < self.ends_at - min(EARLY, (self.ends_at - self.got_at) / 2)


class _Tokens(msgspec.Struct):
    access_token: str
    expires_in: float = 3600.0
    refresh_token: str | None = None


class _Fault(msgspec.Struct):
    error: str = ""
    error_description: str = ""


class OAuthSigner:
    """Signs with the access token of one connection's consent. See `connectors.jira.auth.Signer`.

    All threads and, by `context.kept`, all processes use the same one; whoever finds it at its end renews it alone.
    """

    def __init__(self, connection: str, options: JiraOptions, context: Context) -> None:
        self._connection = connection
        self._options = options
        self._context = context
        self._seal = _Seal(options.auth)
        self._lock = threading.Lock()
        self._known: Grant | None = None
        self._unsaved: tuple[str | None, Grant] | None = None
        """What was kept when a grant was got that is not written yet, and that grant."""
        self._used = threading.local()

    def sign(self) -> dict[str, str]:
        """The header with an access token that lasts for some minutes more. Raises SourceError."""
        self._used.token = self._valid(None).access
        return {"Authorization": f"Bearer {self._used.token}"}

    def renew(self) -> bool:
        """Takes another access token than the one that this thread has just used. Raises SourceError."""
        stale = getattr(self._used, "token", None)
        return self._valid(stale).access != stale

    def consent_ends_at(self) -> datetime:
        """When the consent ends at the latest: it was given at or before the first use of its refresh token."""
        return self._valid(None).since + CONSENT_LASTS

    def _valid(self, stale: str | None) -> Grant:
        """A grant whose access token lasts and is not `stale`."""
        with self._lock:
            known = self._known
            if known is None or not self._serves(known, stale):
                try:
                    self._known = known = _to_the_end(lambda: self._agreed(stale))
                except TryAgain:
                    # Early is early: where no token is to be had now, the old one serves until its end.
                    if known is None or known.access == stale or self._context.now() >= known.ends_at:
                        raise
            return known

    def _agreed(self, stale: str | None) -> Grant:
        """The grant that all who use the connection go on with."""
        text = self._context.kept.replace(self._connection, lambda text: self._step(text, stale))
        self._unsaved = None
        grant = self._seal.open(text)
        assert grant is not None
        self._tell(grant.access, grant.refresh)
        return grant

    def _tell(self, *tokens: str) -> None:
        for token in tokens:
            self._context.learned(token)

    def _serves(self, grant: Grant, stale: str | None) -> bool:
        return grant.access != stale and grant.lasts(self._context.now())

    def _step(self, text: str | None, stale: str | None) -> str:
        if self._unsaved is not None and self._unsaved[0] == text:
            grant = self._unsaved[1]  # the database refused it, and nobody went on from there
        else:
            grant = self._seal.open(text) if text is not None else None
            if text is not None and grant is not None and self._serves(grant, stale):
                return text
        if grant is None or not self._serves(grant, stale):
            grant = self._renewed(grant)
            self._unsaved = (text, grant)
        return self._seal.close(grant)

    def _renewed(self, grant: Grant | None) -> Grant:
        auth, began = self._options.auth, self._context.now()
        assert auth.client_secret is not None
        refresh = grant.refresh if grant else _configured(auth)
        asked = {
            "grant_type": "refresh_token",
            "client_id": auth.client_id,
            "client_secret": auth.client_secret.get_secret_value(),
            "refresh_token": refresh,
        }
        transport = plain(self._options, auth.token_url, self._context, _fault)
        try:
            _, told = transport.post_json(auth.token_url, asked, into=_Tokens)
        finally:
            transport.close()
        self._tell(told.access_token, told.refresh_token or refresh)
        return Grant(
            access=told.access_token,
            refresh=told.refresh_token or refresh,
            got_at=began,
            ends_at=began + timedelta(seconds=min(max(told.expires_in, 0.0), 86_400.0)),
            since=grant.since if grant else began,
        )


class _Seal:
    """Closes and opens what is kept: encrypted under the app's secret, and marked with the configured refresh token's
    hash, so that another one is seen without opening it.
    """

    def __init__(self, auth: JiraAuth) -> None:
        assert auth.client_secret is not None
        secret = auth.client_secret.get_secret_value().encode()
        derive = HKDF(algorithm=SHA256(), length=32, salt=None, info=f"northing jira oauth {auth.client_id}".encode())
        self._fernet = Fernet(base64.urlsafe_b64encode(derive.derive(secret)))
        mark = blake2b(_configured(auth).encode(), digest_size=16, person=b"northing refresh")
        self._mark = f"{_VERSION}.{mark.hexdigest()}."

    def close(self, grant: Grant) -> str:
        return self._mark + self._fernet.encrypt(msgspec.json.encode(grant)).decode()

    def open(self, text: str) -> Grant | None:
        """None: it is of another refresh token than the configured one. Raises Refused where it cannot be opened."""
        if not text.startswith(self._mark):
            return None
        try:
            return msgspec.json.decode(self._fernet.decrypt(text.removeprefix(self._mark)), type=Grant)
        except (InvalidToken, msgspec.DecodeError) as error:
            raise Refused(
                "The refresh token that is kept in the database was sealed with another client_secret.",
                advice=f"Give that one again in `auth.client_secret`; where it is no longer valid: {CONSENT}",
            ) from error


def _configured(auth: JiraAuth) -> str:
    assert auth.refresh_token is not None
    return auth.refresh_token.get_secret_value()


def plain(
    options: JiraOptions, url: str, context: Context, classify: Callable[[Answer], SourceError | None]
) -> Transport:
    """A transport to a server beside the site, to which nothing is signed. To be closed by the caller."""
    parts = urlsplit(url)
    return Transport(
        f"{parts.scheme}://{parts.netloc}",
        auth=dict,
        context=context,
        in_flight=1,
        classify=classify,
        ca_bundle=options.ca_bundle,
        proxy=options.proxy,
        patience=_PATIENCE,
    )


def _fault(answer: Answer) -> Refused | None:
    """What the token endpoint refuses, by its own words; they hold no secret."""
    if answer.status not in (400, 401, 403):
        return None
    try:
        fault = msgspec.json.decode(answer.body, type=_Fault)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    said = f"{fault.error}: {fault.error_description}".strip(": ")
    token = fault.error == "invalid_grant" or "refresh token" in fault.error_description.lower()
    if not fault.error:
        return None
    if token:
        return Refused(
            f"{answer.place} takes the refresh token no more ({said}): it was revoked, was not used for 90 days, is "
            "older than a year, or another program uses it, too.",
            advice=CONSENT,
            status=answer.status,
        )
    return Refused(
        f"{answer.place} does not accept the app ({said}).",
        advice="Check `auth.client_id` and `auth.client_secret`: https://developer.atlassian.com/console/myapps, "
        "Settings of the app.",
        status=answer.status,
    )


def _to_the_end(action: Callable[[], T]) -> T:
    """Runs `action` in a thread that the end of the program waits for, where readers' threads are left behind."""
    done: list[T] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            done.append(action())
        except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
            failed.append(error)

    thread = threading.Thread(target=run, name="renew credentials", daemon=False)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
    return done[0]
