"""PyGithub, set up so that it neither sleeps nor retries by itself, and its errors in our words."""

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import msgspec
import requests
from github import BadAttributeException, Github, GithubException
from github.Requester import HTTPRequestsConnectionClass, HTTPSRequestsConnectionClass, Requester

from connectors.answers import Answer
from connectors.errors import Refused, TryAgain
from connectors.github import refusals
from connectors.github.options import API_VERSION, GitHubOptions
from connectors.github.tokens import Fixed, Installation, Signing, Tokens
from connectors.limits import http_date
from connectors.text import instant
from connectors.transport import USER_AGENT

TIMEOUT_S = 30
LOOPBACK = {"127.0.0.1", "localhost", "::1"}


EXPIRES = "github-authentication-token-expiration"


def instant_of_end(said: str) -> datetime | None:
    """The instant of that header, written as `2026-12-31 23:59:59 UTC` or with an offset. None where it is none."""
    return instant(said.strip().replace(" UTC", "Z").replace(" +", "+").replace(" -", "-"))


class Client:
    """PyGithub for one connection. `lazy` fetches an object when it is first read, `eager` when it is named.

    Its `tokens` sign what PyGithub asks and what the transport asks. `clock()` is GitHub's time, as far as it is known.
    `judge(answer)` raises what an answer stands for. `learned(token)` hears of each token that GitHub hands out.
    """

    def __init__(
        self,
        options: GitHubOptions,
        clock: Callable[[], datetime],
        judge: Callable[[Answer], object],
        learned: Callable[[str], None] = lambda token: None,
    ) -> None:
        self._options = options
        self._judge = judge
        if options.proxy:
            _Route.proxies[str(urlsplit(options.url).hostname)] = options.proxy
        app = options.auth.app
        self.tokens: Tokens = (
            Fixed(options.auth.secret_token)
            if app is None
            else Installation(app, self._installation_token, clock, learned)
        )
        self.lazy = self._github(Signing(self.tokens.token))
        self.eager = self.lazy.withLazy(False)

    @property
    def is_app(self) -> bool:
        """Whether this is an App's installation, which is no user."""
        return self._options.auth.app is not None

    @property
    def token_ends_at(self) -> datetime | None:
        """When the token of a person ends, as GitHub said it in an answer. None where it said nothing."""
        return None if self.is_app else _Route.ends.get(self._options.auth.secret_token)

    def _installation_token(self, assertion: str) -> Mapping[str, Any]:
        app_id, installation, _ = self._options.auth.app or ("", 0, "")
        github = self._github(Signing(lambda: assertion, "Bearer"))
        try:
            with named_errors(self._judge, self._options.url):
                _, said = github.requester.requestJsonAndCheck(
                    "POST", f"/app/installations/{installation}/access_tokens"
                )
        except Refused as error:
            raise refusals.of_installation(error, app_id, installation) from error
        finally:
            github.close()
        return said

    def _github(self, auth: Signing) -> Github:
        # Its own throttle, retries and waits are off: they sleep for up to an hour where nothing can wake them.
        return Github(
            base_url=self._options.url,
            auth=auth,
            timeout=TIMEOUT_S,
            user_agent=USER_AGENT,
            per_page=100,
            verify=str(self._options.ca_bundle) if self._options.ca_bundle else True,
            retry=None,
            seconds_between_requests=None,
            seconds_between_writes=None,
            lazy=True,
            api_version=API_VERSION,
        )


class _Route:
    """Which way a session goes. PyGithub takes no proxy, so the classes of its connections are replaced by these.

    As in the transport: a configured proxy is asked for everything, and none but such a one reaches our own loopback.
    """

    proxies: dict[str, str] = {}  # noqa: RUF012 - shared on purpose: PyGithub makes the connections, and knows hosts only

    ends: dict[str, datetime] = {}  # noqa: RUF012 - as above
    """When tokens end, as answers said it."""

    @classmethod
    def set(cls, session: requests.Session, host: str) -> None:
        session.hooks["response"].append(cls._note)
        proxy = cls.proxies.get(host)
        if proxy:
            session.proxies = {"http": proxy, "https": proxy}
        session.trust_env = not proxy and host not in LOOPBACK

    @classmethod
    def _note(cls, response: requests.Response, **_: Any) -> None:
        at = instant_of_end(response.headers.get(EXPIRES, ""))
        token = str(response.request.headers.get("Authorization", "")).rpartition(" ")[2]
        if at is not None and token:
            cls.ends[token] = at


class _Http(HTTPRequestsConnectionClass):
    def __init__(self, host: str, *args: Any, **options: Any) -> None:
        super().__init__(host, *args, **options)
        _Route.set(self.session, host)


class _Https(HTTPSRequestsConnectionClass):
    def __init__(self, host: str, *args: Any, **options: Any) -> None:
        super().__init__(host, *args, **options)
        _Route.set(self.session, host)


Requester.injectConnectionClasses(_Http, _Https)


@contextmanager
def named_errors(judge: Callable[[Answer], object], place: str) -> Generator[None, None, None]:
    """Turns the errors of PyGithub and of its HTTP library into ours.

    `judge(answer)` raises what an answer stands for (`Transport.judge`); `place` is named in messages.
    """
    try:
        yield
    except GithubException as error:
        judge(_answer(error, place))
        raise TryAgain(f"{place} gave an answer that cannot be used ({error.status})", status=error.status) from error
    except requests.exceptions.SSLError as error:
        raise Refused(
            f"{place}: the server's certificate is not trusted ({error}).",
            advice="Give the certificate authority of your organisation as `ca_bundle`.",
        ) from error
    except requests.exceptions.RequestException as error:
        advice = "Check the url, the name server and the proxy."
        raise TryAgain(f"{place}: cannot connect ({error})", advice=advice) from error
    except (BadAttributeException, AssertionError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise TryAgain(f"{place} gave an answer of another shape than GitHub's ({error!r})") from error
    except RuntimeError as error:  # redirected to another host
        raise Refused(f"{place}: {error}.", advice="Set the connection's url to the address of the API.") from error


def _answer(error: GithubException, place: str) -> Answer:
    headers = {name.lower(): str(value) for name, value in (error.headers or {}).items()}
    return Answer(
        status=error.status,
        body=msgspec.json.encode(error.data if isinstance(error.data, dict) else {"message": str(error.data or "")}),
        headers=headers,
        url=place,
        not_modified=False,
        clock=http_date(headers.get("date")),
        next_url=None,
    )
