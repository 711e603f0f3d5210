"""Discovery through the `jira` library: who am I, which fields, projects and permissions. Never the issues.

Its own retries are off (it waits less than told). Every answer that it gets is judged by the transport's rules first.
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast
from urllib.parse import urljoin, urlsplit

import msgspec
from jira import JIRA, JIRAError

from connectors import limits, text
from connectors.answers import Answer
from connectors.errors import Refused, TryAgain
from connectors.jira.fields import Field
from connectors.jira.options import JiraOptions
from connectors.jira.values import Id
from connectors.transport import USER_AGENT, Transport, untrusted

T = TypeVar("T")


class ServerInfo(msgspec.Struct):
    """`/rest/api/2/serverInfo`."""

    base_url: str | None = msgspec.field(default=None, name="baseUrl")
    deployment_type: str | None = msgspec.field(default=None, name="deploymentType")
    version: str | None = None

    @property
    def cloud(self) -> bool:
        return self.deployment_type == "Cloud"


class Myself(msgspec.Struct):
    display_name: str | None = msgspec.field(default=None, name="displayName")
    time_zone: str | None = msgspec.field(default=None, name="timeZone")


class Project(msgspec.Struct):
    id: Id
    key: str
    name: str | None = None
    archived: bool = False


class _Permission(msgspec.Struct):
    have: bool = msgspec.field(default=False, name="havePermission")


class Control:
    """One site's control plane. `transport` lends its pauses, its patience and its places in flight."""

    def __init__(self, options: JiraOptions, transport: Transport) -> None:
        auth = options.auth
        token = auth.token.get_secret_value() if auth.token else None
        proxies = {"http": options.proxy, "https": options.proxy} if options.proxy else None
        self._transport = transport
        self._host = urlsplit(transport.base_url).netloc
        self._client = JIRA(
            options={
                "server": transport.base_url,
                "verify": str(options.ca_bundle) if options.ca_bundle else True,
                "headers": {"User-Agent": USER_AGENT},
            },
            basic_auth=(auth.email, token) if auth.email and token else None,
            token_auth=None if auth.email else token,
            get_server_info=False,
            max_retries=0,
            timeout=(10.0, 60.0),
            proxies=proxies,
            logging=False,
        )
        # The library has no door for this: its session is where all answers pass.
        session = cast("Any", self._client._session)  # noqa: SLF001
        session.hooks["response"].append(self._judge)

    def close(self) -> None:
        self._client.close()

    def server_info(self) -> ServerInfo:
        return self._ask(self._client.server_info, ServerInfo)

    def myself(self) -> Myself:
        return self._ask(self._client.myself, Myself)

    def fields(self) -> list[Field]:
        return self._ask(self._client.fields, list[Field])

    def projects(self) -> list[Project]:
        """The projects that the account can browse."""
        return self._ask(lambda: [one.raw for one in self._client.projects()], list[Project])

    def may_browse(self, project: str) -> bool:
        """Whether the account may browse the project with this key."""

        def ask() -> Any:
            return self._client.my_permissions(projectKey=project, permissions="BROWSE_PROJECTS")["permissions"]

        found = self._ask(ask, dict[str, _Permission])
        return "BROWSE_PROJECTS" in found and found["BROWSE_PROJECTS"].have

    def _ask(self, call: Callable[[], Any], into: type[T]) -> T:
        def attempt() -> T:
            with self._transport.slot():
                try:
                    return msgspec.convert(call(), into)
                except JIRAError as error:
                    raise TryAgain(f"{self._host}: {error.text}", status=error.status_code) from error
                except (msgspec.ValidationError, KeyError) as error:
                    raise Refused(
                        f"{self._host} answered with something else than Jira does ({error}).",
                        advice="Check that the connection's url is a Jira site, with its context path.",
                    ) from error
                except (OSError, ValueError) as error:
                    refused = untrusted(self._host, error)
                    raise refused or TryAgain(f"{self._host}: {error}") from error

        return self._transport.run(attempt)

    def _judge(self, response: Any, *_: object, **__: object) -> None:
        """Runs on every answer to the library, before the library looks at it."""
        answer = Answer(
            status=response.status_code,
            body=text.clean_json(response.content),
            headers=response.headers,
            url=response.url,
            not_modified=False,
            clock=limits.http_date(response.headers.get("date")),
            next_url=None,
        )
        if response.is_redirect:
            to = urlsplit(urljoin(answer.url, response.headers["location"]))
            if to.netloc != self._host:
                raise Refused(
                    f"{answer.place} redirects to {to.scheme}://{to.netloc}, and credentials are not sent there.",
                    advice="Set the connection's url to the final address, or renew the token.",
                )
            return
        self._transport.judge(answer)
        if not answer.body:
            raise TryAgain(f"{answer.place} answered with nothing", status=answer.status)
