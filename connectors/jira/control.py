"""Discovery through the `jira` library: who am I, which fields, projects and permissions. Never the issues.

Its own retries are off (it waits less than told). Every answer that it gets is judged by the transport's rules first.
"""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, Self, TypeVar, cast
from urllib.parse import urljoin, urlsplit

import msgspec
from jira import JIRA, JIRAError

from connectors import limits, text
from connectors.answers import ABSENT, Answer
from connectors.certificates import untrusted
from connectors.errors import Refused, TryAgain
from connectors.jira.auth import Signer, TokenSigner
from connectors.jira.fields import Field
from connectors.jira.history import KnownStatus
from connectors.jira.options import JiraOptions
from connectors.jira.rules import LacksScope
from connectors.jira.values import Id
from connectors.transport import USER_AGENT, Transport

T = TypeVar("T")


class ServerInfo(msgspec.Struct):
    """`/rest/api/2/serverInfo`."""

    base_url: str | None = msgspec.field(default=None, name="baseUrl")
    deployment_type: str | None = msgspec.field(default=None, name="deploymentType")
    version: str | None = None

    @property
    def cloud(self) -> bool:
        return self.deployment_type == "Cloud"

    @classmethod
    def guess(cls, url: str, *, by_email: bool) -> Self:
        """What a site at `url` is that does not tell: Cloud at Atlassian's own addresses, or where an account's
        e-mail address signs, which is Cloud's way.
        """
        parts = urlsplit(url)
        cloud = f".{parts.hostname}".endswith(".atlassian.net") or "/ex/jira/" in parts.path or by_email
        return cls(deployment_type="Cloud" if cloud else "Server")


class Myself(msgspec.Struct):
    display_name: str | None = msgspec.field(default=None, name="displayName")
    time_zone: str | None = msgspec.field(default=None, name="timeZone")


class Project(msgspec.Struct):
    id: Id
    key: str
    name: str | None = None
    archived: bool = False


class _ProjectPage(msgspec.Struct):
    values: list[Project]
    last: bool = msgspec.field(default=True, name="isLast")


class _Permission(msgspec.Struct):
    have: bool = msgspec.field(default=False, name="havePermission")


class Control:
    """One site's control plane. `transport` lends its pauses, its patience and its places in flight."""

    def __init__(self, options: JiraOptions, transport: Transport, signer: Signer | None = None) -> None:
        self._options = options
        self._signer = signer or TokenSigner(options.auth)
        self._transport = transport
        self._host = urlsplit(transport.base_url).netloc
        self._client = self._open("2")

    @cached_property
    def _newest(self) -> JIRA:
        """For Cloud sites that answer the newest version of the API only."""
        return self._open("3")

    def _open(self, version: str) -> JIRA:
        options = self._options
        proxies = {"http": options.proxy, "https": options.proxy} if options.proxy else None
        client = JIRA(
            options={
                "server": self._transport.base_url,
                "rest_api_version": version,
                "verify": str(options.ca_bundle) if options.ca_bundle else True,
                "headers": {"User-Agent": USER_AGENT},
            },
            get_server_info=False,
            max_retries=0,
            timeout=(10.0, 60.0),
            proxies=proxies,
            logging=False,
        )
        # The library has no door for this: its session is where all answers pass.
        session = cast("Any", client._session)  # noqa: SLF001
        session.hooks["response"].append(self._judge)
        session.auth = self._sign
        return client

    def close(self) -> None:
        self._client.close()
        if "_newest" in self.__dict__:
            self._newest.close()

    def server_info(self) -> ServerInfo:
        """What the site says of itself, or what its address says where it does not."""
        url = self._transport.base_url
        try:
            told = self._either(lambda client: client.server_info(), ServerInfo)
        except Refused as error:
            if error.status not in ABSENT:
                raise
            return ServerInfo.guess(url, by_email=self._options.auth.email is not None)
        if told.deployment_type:
            return told
        guess = ServerInfo.guess(url, by_email=False)
        return msgspec.structs.replace(told, deployment_type=guess.deployment_type)

    def myself(self) -> Myself:
        return self._either(lambda client: client.myself(), Myself)

    def fields(self) -> list[Field]:
        """The fields of the site; none where it does not tell them."""
        try:
            return self._either(lambda client: client.fields(), list[Field])
        except Refused as error:
            if error.status not in ABSENT:
                raise
            return []

    def statuses(self) -> list[KnownStatus]:
        """The statuses of the site; none where it does not tell them."""
        try:
            return self._either(lambda client: [one.raw for one in client.statuses()], list[KnownStatus])
        except Refused as error:
            if error.status not in ABSENT:
                raise
            return []

    def projects(self) -> list[Project]:
        """The projects that the account can browse."""
        try:
            return self._either(lambda client: [one.raw for one in client.projects()], list[Project])
        except Refused as error:
            if error.status not in ABSENT:
                raise
        found: list[Project] = []
        while True:
            page = self._project_page(len(found))
            found += page.values
            if page.last or not page.values:
                return found

    def project(self, name: str) -> Project:
        """The project with this key or id. Raises Refused where there is none, or the account may not see it."""
        return self._either(lambda client: client.project(name).raw, Project)

    def may_browse(self, project: str) -> bool:
        """Whether the account may browse the project with this key; assumed where the site has no such question."""

        def ask(client: JIRA) -> Any:
            return client.my_permissions(projectKey=project, permissions="BROWSE_PROJECTS")["permissions"]

        try:
            found = self._either(ask, dict[str, _Permission])
        except Refused as error:
            if error.status not in ABSENT:
                raise
            return True
        return any(found[name].have for name in ("BROWSE_PROJECTS", "BROWSE") if name in found)

    def lacks(self, project: str, permissions: Sequence[str]) -> list[str]:
        """Which of these permissions the account has not in the project with this key; none where Jira does not tell.

        Asked with the project, as else Jira says that it has what it has in any project.
        """

        def ask(client: JIRA) -> Any:
            return client.my_permissions(projectKey=project, permissions=",".join(permissions))["permissions"]

        try:
            found = self._either(ask, dict[str, _Permission])
        except Refused as error:
            if error.status not in ABSENT:
                raise
            return []
        return [name for name in permissions if name in found and not found[name].have]

    def _project_page(self, start: int) -> _ProjectPage:
        # The library has no door to Cloud's paged list.
        def ask(client: JIRA) -> Any:
            asked = {"startAt": start, "maxResults": 50, "status": "live,archived"}
            return client._get_json("project/search", params=asked)  # noqa: SLF001

        return self._either(ask, _ProjectPage)

    def _either(self, question: Callable[[JIRA], Any], into: type[T]) -> T:
        """The answer of the second version of the API, which all sites have, or of the third where one has it not."""
        try:
            return self._ask(lambda: question(self._client), into)
        except Refused as absent:
            if absent.status not in ABSENT:
                raise
            try:
                return self._ask(lambda: question(self._newest), into)
            except Refused as error:
                raise absent if error.status in ABSENT else error from error

    def _ask(self, call: Callable[[], Any], into: type[T]) -> T:
        def once() -> T:
            with self._transport.slot():
                try:
                    return msgspec.convert(call(), into)
                except JIRAError as error:
                    raise TryAgain(f"{self._host}: {error.text}", status=error.status_code) from error
                except (msgspec.ValidationError, AttributeError, KeyError, TypeError, NotImplementedError) as error:
                    raise Refused(
                        f"{self._host} answered with something else than Jira does ({error}).",
                        advice="Check that the connection's url is a Jira site, with its context path.",
                    ) from error
                except (OSError, ValueError) as error:
                    refused = untrusted(self._host, error)
                    raise refused or TryAgain(f"{self._host}: {error}") from error

        def attempt() -> T:
            try:
                return once()
            except Refused as error:
                if error.status != 401 or isinstance(error, LacksScope) or not self._signer.renew():
                    raise
            return once()

        return self._transport.run(attempt)

    def _sign(self, request: Any) -> Any:
        """Runs on every request of the library, before it is sent."""
        request.headers.update(self._signer.sign())
        return request

    def _judge(self, response: Any, *_: object, **__: object) -> None:
        """Runs on every answer to the library, before the library looks at it: what it then reads is clean."""
        response._content = text.clean_json(response.content)  # noqa: SLF001
        answer = Answer(
            status=response.status_code,
            body=response.content,
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
