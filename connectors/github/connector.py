"""The connector of GitHub: github.com and Enterprise Server."""

import functools
import hashlib
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, ClassVar

from config import ConnectionOptions, Conventions
from connectors.ahead import in_order
from connectors.base import Check, Context, Listing, Reading, Usage
from connectors.errors import Refused, SourceError
from connectors.github import writing
from connectors.github.limits import STEADY, rules
from connectors.github.looking import Looker
from connectors.github.options import API_VERSION, GitHubOptions
from connectors.github.projects import Projects
from connectors.github.reading import Reader
from connectors.limits import http_date
from connectors.records import Category, Containers, Looked, Page, Ref, Scope
from connectors.text import Trailer
from connectors.transport import Transport
from connectors.writing import WRITES, Put, Standing, Touched

if TYPE_CHECKING:
    from connectors.github.client import Client
    from connectors.github.control import Control

SKEW_ALLOWED = timedelta(minutes=1)
SHOWN = 5
TOKEN_KINDS = {
    "github_pat_": "fine-grained token",
    "ghp_": "classic token",
    "gho_": "OAuth token",
    "ghu_": "token of an App's user",
    "ghs_": "installation token",
}


class GitHub:
    """Reads issues and milestones of repositories. See `connectors.base.Connector` for the methods."""

    kind: ClassVar[str] = "github"
    overlap: ClassVar[timedelta] = timedelta(minutes=2)
    conditional: ClassVar[bool] = True
    options_model: ClassVar[type[ConnectionOptions]] = GitHubOptions

    def __init__(
        self, name: str, options: GitHubOptions, conventions: Conventions, measure: str, context: Context
    ) -> None:
        self._name = name
        self._options = options
        self._context = context
        self._transport = Transport(
            options.url,
            auth=self._sign,
            context=context,
            account=options.account(),
            in_flight=options.in_flight,
            reserve=options.reserve,
            steady=STEADY,
            writes=WRITES,
            classify=rules(context.now),
            renew=self._renew,
            ca_bundle=options.ca_bundle,
            proxy=options.proxy,
        )
        self._projects = Projects(self._transport, options.projects, measure, context.now)
        trailer = Trailer(conventions.trailer) if conventions.trailer else None
        self._writer = writing.Writer(self._transport)
        self._reader = Reader(self._transport, self._fingerprint, trailer, self._projects)

    def doctor(self) -> list[Check]:
        """Reachable and who am I, the token's kind and scopes, the clock, repositories by pattern, issues, limit."""
        try:
            login, headers = self._control.whoami()
        except SourceError as error:
            return [_failed("reachable", error)]
        checks = [
            Check("reachable", ok=True, detail=f"{self._options.url} answers to {login}"),
            Check("token", ok=True, detail=self._token_kind(headers)),
            self._clock(headers),
        ]
        checks += self._repositories()
        checks.append(_tried("limit", self._control.limit))
        checks += self._projects.doctor()
        return checks

    def scopes(self) -> Listing:
        """The repositories that `repositories` names, each once, and the patterns that find none."""
        self._projects.forget()
        by_id: dict[str, Scope] = {}
        refused: list[tuple[str, SourceError]] = []
        for pattern, found in self._control.repositories(self._options.repositories).items():
            if isinstance(found, Refused):
                refused.append((pattern, found))
            else:
                by_id.update((scope.external_id, scope) for scope in found)
        scopes = sorted(by_id.values(), key=lambda scope: scope.key.casefold())
        return Listing(scopes, refused, self._client.token_ends_at).unless_empty()

    def containers(self, scope: Scope, validators: dict[str, str], usage: Usage) -> Containers | None:
        """All milestones of the repository. None where they are unchanged."""
        return self._reader.containers(scope, validators, usage)

    def items(self, scope: Scope, reading: Reading, usage: Usage) -> Iterator[Page]:
        """The repository's issues, all or changed since, without pull requests. No page where nothing changed."""
        return self._reader.items(scope, reading, usage)

    def ids(self, scope: Scope, usage: Usage) -> Iterator[dict[str, Category]] | None:
        """None: GitHub lists no ids, so that a full reading is the sweep."""
        return None

    def look(self, scope: Scope, refs: Sequence[Ref], usage: Usage) -> Looked:
        """What became of issues, one request for each. Raises where their repository cannot be read."""
        return Looker(self._reader).look(scope, refs, usage)

    def matching(self, query: str, usage: Usage) -> set[str]:
        """Raises Refused: a query is no way to choose issues here."""
        raise Refused(
            f"{self._name} is a GitHub connection, and GitHub has no JQL.",
            advice="Choose its work by `repository`, `milestone`, `label`, `title` or `epic`, and name the Jira "
            "connection beside `jql`.",
        )

    def draft(self, form: str, standings: Sequence[Standing]) -> str | None:
        """The comment's text, or the names of the labels."""
        return writing.draft(form, standings)

    def shared(self, form: str, standings: Sequence[Standing]) -> dict[str, str]:
        """Colours and descriptions of labels."""
        return writing.shared(form, standings)

    def touched(self, scope: Scope, ref: Ref, usage: Usage) -> Touched | None:
        """When the issue last changed."""
        return self._writer.touched(scope, ref, usage)

    def put(self, form: str, scope: Scope, ref: Ref, content: str | None, known: str | None, usage: Usage) -> Put:
        """Writes to an issue."""
        return self._writer.put(form, scope, ref, content, known, usage)

    def put_shared(self, form: str, scope: Scope, name: str, content: str | None, usage: Usage) -> bool:
        """Makes, changes or deletes a label of the repository."""
        return self._writer.put_shared(scope, name, content, usage)

    def write_checks(self, form: str, scopes: Sequence[Scope], usage: Usage) -> list[Check]:
        """What the account's role allows."""
        return self._writer.write_checks(form, scopes, usage)

    def close(self) -> None:
        """Close sockets."""
        self._transport.close()

    @functools.cached_property
    def _client(self) -> "Client":
        from connectors.github.client import Client

        return Client(self._options, self._clock_there, self._transport.judge, self._context.learned)

    @functools.cached_property
    def _control(self) -> "Control":
        from connectors.github.control import Control

        return Control(self._transport, self._client)

    def _clock_there(self) -> datetime:
        """GitHub's time, as its last answer told it."""
        return self._context.now() + (self._transport.skew_seen or timedelta())

    def _token(self) -> str:
        if self._options.auth.app is None:
            return self._options.auth.secret_token
        return self._client.tokens.token()

    def _renew(self) -> bool:
        return self._options.auth.app is not None and self._client.tokens.renew()

    def _sign(self) -> dict[str, str]:
        return {
            "Authorization": f"Bearer {self._token()}",
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": API_VERSION,
        }

    def _fingerprint(self) -> str:
        return hashlib.sha256(self._token().encode()).hexdigest()[:12]

    def _token_kind(self, headers: dict[str, str]) -> str:
        if self._options.auth.app is not None:
            return "GitHub App"
        token = self._options.auth.secret_token
        kind = next((name for prefix, name in TOKEN_KINDS.items() if token.startswith(prefix)), "token")
        scopes = headers.get("x-oauth-scopes", "")
        return f"{kind} with the scopes {scopes}" if scopes else f"{kind}; its permissions are set per repository"

    def _clock(self, headers: dict[str, str]) -> Check:
        there = http_date(headers.get("date"))
        if there is None:
            return Check("clock", ok=True, detail="the server tells no time")
        skew = self._context.now() - there
        ok = abs(skew) <= SKEW_ALLOWED
        seconds = abs(skew.total_seconds())
        direction = "ahead of" if skew > timedelta(0) else "behind"
        detail = f"this machine is {seconds:.0f} s {direction} the server"
        return Check("clock", ok=ok, detail=detail, advice="" if ok else "Set this machine's clock (NTP).")

    def _repositories(self) -> list[Check]:
        try:
            found = self._control.repositories(self._options.repositories)
        except SourceError as error:
            return [_failed("repositories", error)]
        checks = []
        seen: list[Scope] = []
        for pattern, scopes in found.items():
            if isinstance(scopes, Refused):
                checks.append(_failed(f"repositories {pattern}", scopes))
                continue
            names = ", ".join(scope.key for scope in scopes[:SHOWN]) + (", …" if len(scopes) > SHOWN else "")
            checks.append(Check(f"repositories {pattern}", ok=True, detail=f"{len(scopes)} found: {names}"))
            seen += scopes
        return checks + self._issues(list({scope.external_id: scope for scope in seen}.values()))

    def _issues(self, scopes: list[Scope]) -> list[Check]:
        """Whether the issues of each repository can be read: the fine ones together, and those with the same fault."""

        def fault(scope: Scope) -> SourceError | None:
            try:
                self._transport.get(f"/repos/{scope.key}/issues", {"per_page": 1})
            except SourceError as error:
                return error
            return None

        faults: dict[str, list[tuple[str, SourceError]]] = {}
        for scope, error in zip(scopes, in_order(fault, scopes, self._transport.in_flight), strict=True):
            if error is not None:
                faults.setdefault(error.advice, []).append((scope.key, error))
        fine = len(scopes) - sum(map(len, faults.values()))
        words = f"of {fine} of {len(scopes)} repositories can be read"
        checks = [Check("issues", ok=True, detail=words)] if fine else []
        for advice, group in faults.items():
            names = ", ".join(key for key, _ in group[:SHOWN]) + (", …" if len(group) > SHOWN else "")
            detail = f"cannot be read of {names}: {group[0][1].message}"
            checks.append(Check("issues", ok=False, detail=detail, advice=advice))
        return checks


def _tried(name: str, action: Callable[[], str]) -> Check:
    try:
        return Check(name, ok=True, detail=action())
    except SourceError as error:
        return _failed(name, error)


def _failed(name: str, error: SourceError) -> Check:
    return Check(name, ok=False, detail=error.message, advice=error.advice)
