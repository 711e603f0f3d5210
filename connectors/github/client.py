"""PyGithub, set up so that it neither sleeps nor retries by itself, and its errors in our words."""

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import msgspec
import requests
from github import Auth, BadAttributeException, Github, GithubException
from github.Requester import HTTPRequestsConnectionClass, HTTPSRequestsConnectionClass, Requester

from connectors.answers import Answer
from connectors.errors import Refused, TryAgain
from connectors.github.options import API_VERSION, GitHubAuth, GitHubOptions
from connectors.transport import USER_AGENT

TIMEOUT_S = 30
LOOPBACK = {"127.0.0.1", "localhost", "::1"}


class Client:
    """PyGithub for one connection. `lazy` fetches an object when it is first read, `eager` when it is named.

    For an App it also holds the installation's token, which lives for an hour.
    """

    def __init__(self, options: GitHubOptions) -> None:
        self._options = options
        self._lock = threading.Lock()
        if options.proxy:
            _Route.proxies[str(urlsplit(options.url).hostname)] = options.proxy
        self._connect()

    @property
    def is_app(self) -> bool:
        """Whether this is an App's installation, which is no user."""
        return self._options.auth.app is not None

    def token(self) -> str:
        """The token to sign with now. An App's is fetched anew shortly before it ends. Raises PyGithub's errors."""
        with self._lock:
            return self._auth.token

    def renew(self) -> bool:
        """Drop an App's token, which was refused: the next request is signed with a new one. False for other tokens."""
        if self.is_app:
            with self._lock:
                self._connect()
        return self.is_app

    def _connect(self) -> None:
        self._auth = _auth(self._options.auth)
        # Its own throttle, retries and waits are off: they sleep for up to an hour where nothing can wake them.
        self.lazy = Github(
            base_url=self._options.url,
            auth=self._auth,
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
        self.eager = self.lazy.withLazy(False)


def _auth(options: GitHubAuth) -> Auth.Token | Auth.AppInstallationAuth:
    if options.app is None:
        return Auth.Token(options.secret_token)
    app_id, installation, key = options.app
    app_token(app_id, key)
    return Auth.AppInstallationAuth(Auth.AppAuth(app_id, key), installation)


def app_token(app_id: str, key: str) -> str:
    """A token of the App itself, for some minutes. Raises Refused where its key cannot sign."""
    try:
        return Auth.AppAuth(app_id, key).create_jwt()
    except Exception as error:  # whatever the libraries below PyGithub raise: only the key can be wrong here
        raise Refused(
            f"The private key of the GitHub App {app_id} cannot sign ({type(error).__name__}).",
            advice="Give the whole PEM file that GitHub made for the App, with its BEGIN and END lines.",
        ) from error


class _Route:
    """Which way a session goes. PyGithub takes no proxy, so the classes of its connections are replaced by these.

    As in the transport: a configured proxy is asked for everything, and none but such a one reaches our own loopback.
    """

    proxies: dict[str, str] = {}  # noqa: RUF012 - shared on purpose: PyGithub makes the connections, and knows hosts only

    @classmethod
    def set(cls, session: requests.Session, host: str) -> None:
        proxy = cls.proxies.get(host)
        if proxy:
            session.proxies = {"http": proxy, "https": proxy}
        session.trust_env = not proxy and host not in LOOPBACK


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
    except (BadAttributeException, AttributeError, KeyError, TypeError, ValueError) as error:
        raise TryAgain(f"{place} gave an answer of another shape than GitHub's ({error!r})") from error
    except RuntimeError as error:  # redirected to another host
        raise Refused(f"{place}: {error}.", advice="Set the connection's url to the address of the API.") from error


def _answer(error: GithubException, place: str) -> Answer:
    return Answer(
        status=error.status,
        body=msgspec.json.encode(error.data if isinstance(error.data, dict) else {"message": str(error.data or "")}),
        headers={name.lower(): str(value) for name, value in (error.headers or {}).items()},
        url=place,
        not_modified=False,
        clock=None,
        next_url=None,
    )
