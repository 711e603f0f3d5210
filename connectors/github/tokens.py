"""The one source of tokens of a connection, for all clients and threads: a person's, or an App installation's."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

import jwt
from github import Auth

from connectors.errors import Refused, TryAgain
from connectors.text import instant

EARLY = timedelta(minutes=5)
"""How long before its end a token is replaced: a request may be under way for minutes."""
SKEW = timedelta(seconds=30)
JWT_BACK = timedelta(seconds=60)
JWT_LIFE = timedelta(minutes=9)
"""GitHub takes ten minutes at most; its clock may be behind ours."""


class Tokens(Protocol):
    """Gives the token to sign with. May be asked by several threads at once."""

    def token(self) -> str:
        """The token to sign with now."""
        ...

    def renew(self) -> bool:
        """The token that this thread signed with was refused. True where there is another one now."""
        ...


@dataclass(frozen=True)
class Fixed:
    """A token that a person made: nothing here can replace it."""

    text: str

    def token(self) -> str:
        """The token."""
        return self.text

    def renew(self) -> bool:
        """False: a person must."""
        return False


class Installation:
    """The token of an App's installation. It lives for an hour and is fetched anew five minutes before.

    `fetch(assertion)` asks GitHub for a token, signed with the App's own short-lived one, and gives the answer.
    `clock()` is GitHub's time, as far as it is known. `learned(token)` hears of each one.
    """

    def __init__(
        self,
        app: tuple[str, int, str],
        fetch: Callable[[str], Mapping[str, Any]],
        clock: Callable[[], datetime],
        learned: Callable[[str], None] = lambda token: None,
    ) -> None:
        self._app, _, self._key = app
        self._fetch = fetch
        self._clock = clock
        self._learned = learned
        self._lock = threading.Lock()
        self._mine = threading.local()
        self._token = ""
        self._ends: datetime | None = None

    def token(self) -> str:
        """The token to sign with now; one thread fetches a new one while the others wait for it."""
        with self._lock:
            if not self._token or (self._ends is not None and self._clock() >= self._ends - EARLY):
                self._replace()
            self._mine.token = self._token
            return self._token

    def renew(self) -> bool:
        """Fetch another token, unless another thread has done so since this one signed. Always True."""
        with self._lock:
            if getattr(self._mine, "token", self._token) == self._token:
                self._token = ""
            return True

    def _replace(self) -> None:
        said = self._asked()
        token = said.get("token")
        if not isinstance(token, str) or not token:
            raise TryAgain("GitHub gave an installation token of another shape than GitHub's.")
        self._learned(token)
        self._token, self._ends = token, instant(str(said.get("expires_at") or ""))

    def _asked(self) -> Mapping[str, Any]:
        before = self._clock()
        try:
            return self._fetch(app_token(self._app, self._key, before))
        except Refused as error:
            # GitHub takes no signature of another time than its own, which its refusal has told by now.
            now = self._clock()
            if error.status != 401 or abs(now - before) < SKEW:
                raise
            return self._fetch(app_token(self._app, self._key, now))


def app_token(app_id: str, key: str, now: datetime) -> str:
    """A token of the App itself, good for some minutes. Raises Refused where the key cannot sign."""
    claims = {"iat": int((now - JWT_BACK).timestamp()), "exp": int((now + JWT_LIFE).timestamp()), "iss": app_id}
    try:
        return jwt.encode(claims, key, algorithm="RS256")
    except Exception as error:  # whatever the libraries below raise: only the key can be wrong here
        raise Refused(
            f"The private key of the GitHub App {app_id} cannot sign ({type(error).__name__}).",
            advice="Give the whole PEM file that GitHub made for the App, with its BEGIN and END lines.",
        ) from error


class Signing(Auth.Auth):
    """Lets PyGithub sign with what `token()` gives at each request."""

    def __init__(self, token: Callable[[], str], kind: str = "token") -> None:
        self._given = token
        self._kind = kind

    @property
    def token_type(self) -> str:
        """The word before the token."""
        return self._kind

    @property
    def token(self) -> str:
        """The token to sign with now."""
        return self._given()
