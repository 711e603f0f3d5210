"""The few, small questions to GitHub, asked through PyGithub: who am I, which repositories, what is left of the limit.

The bulk of the reading does not pass here: see `reading.py`.
"""

import re
from collections.abc import Callable, Iterable
from typing import TypeVar

from github.PaginatedList import PaginatedList
from github.Repository import Repository

from connectors.answers import ABSENT
from connectors.errors import Refused, TryAgain
from connectors.github.client import Client, named_errors
from connectors.records import Scope
from connectors.text import clean
from connectors.transport import Transport

Result = TypeVar("Result")

OF_ONE_PATTERN = ABSENT | {403, 410, 451}
"""Refusals that concern one repository or owner. Any other one concerns the connection."""
NAMELESS = "an account that this token does not name"


class Control:
    """Questions about one connection. All raise SourceError; waits and retries are the transport's."""

    def __init__(self, transport: Transport, client: Client) -> None:
        self._transport = transport
        self._client = client

    def whoami(self) -> tuple[str, dict[str, str]]:
        """The login (of an App: what it is), and the headers of the answer, named in lower case.

        Some tokens may read repositories and not tell whose they are.
        """

        def ask() -> tuple[str, dict[str, str]]:
            requester = self._client.lazy.requester
            if self._client.is_app:
                headers, _ = requester.requestJsonAndCheck("GET", "/installation/repositories", {"per_page": "1"})
                return "a GitHub App's installation", headers
            headers, data = requester.requestJsonAndCheck("GET", "/user")
            return str(data["login"]), headers

        try:
            return self._ask(ask)
        except Refused as error:
            if error.status not in OF_ONE_PATTERN:
                raise
            return NAMELESS, {}

    def limit(self) -> str:
        """What is left of the request limit, in words."""

        def ask() -> str:
            core = self._client.lazy.get_rate_limit().resources.core
            return f"{core.remaining} of {core.limit} requests left, full again at {core.reset:%H:%M} UTC"

        try:
            return self._ask(ask)
        except Refused as error:
            if error.status not in ABSENT:
                raise
            return "this server sets no limit"

    def repositories(self, patterns: Iterable[str]) -> dict[str, list[Scope] | Refused]:
        """The repositories that each pattern finds, in the order of their names; or why it finds none.

        A pattern without `*` and `?` is asked for by name. An owner's repositories are listed once, and only where a
        glob needs them. Raises what concerns the connection and not one pattern.
        """
        listings: dict[str, list[Scope]] = {}
        found: dict[str, list[Scope] | Refused] = {}
        for pattern in patterns:
            try:
                found[pattern] = self._fitting(pattern, listings) or unseen(pattern)
            except Refused as error:
                if error.status not in OF_ONE_PATTERN:
                    raise
                found[pattern] = unseen(pattern) if error.status in ABSENT and not is_glob(pattern) else error
        return found

    def _fitting(self, pattern: str, listings: dict[str, list[Scope]]) -> list[Scope]:
        if not is_glob(pattern):
            return [self._ask(lambda: _scope(self._client.eager.get_repo(pattern)))]
        # `*` may stand for a slash, too: only what is written out before the first slash is an owner for certain.
        owner, slash, _ = pattern.casefold().partition("/")
        everyone = self._client.is_app or is_glob(owner) or not slash
        key = "" if everyone else owner
        if key not in listings:
            listings[key] = self._visible() if everyone else self._of(owner)
        fits = matcher(pattern)
        return [scope for scope in listings[key] if fits(scope.key)]

    def _of(self, owner: str) -> list[Scope]:
        lazy = self._client.lazy
        try:
            return self._list(lambda: lazy.get_organization(owner).get_repos())
        except Refused as error:
            if error.status not in ABSENT:
                raise
        if self.whoami()[0].casefold() == owner:  # the public list of a user leaves out the private repositories
            return self._list(lambda: lazy.get_user().get_repos(affiliation="owner"))
        try:
            return self._list(lambda: PaginatedList(Repository, lazy.requester, f"/users/{owner}/repos", {}))
        except Refused as error:
            if error.status not in ABSENT:
                raise
            raise Refused(
                f"{owner}: no organisation or person of this name is found at {self._transport.base_url}.",
                advice="Check the owner's name in `repositories`, and that the token may see it.",
                status=404,
            ) from error

    def _visible(self) -> list[Scope]:
        lazy = self._client.lazy
        if not self._client.is_app:
            return self._list(lambda: lazy.get_user().get_repos())
        url = "/installation/repositories"
        return self._list(lambda: PaginatedList(Repository, lazy.requester, url, {}, list_item="repositories"))

    def _list(self, repositories: Callable[[], Iterable[Repository]]) -> list[Scope]:
        scopes = self._ask(lambda: [_scope(repository) for repository in repositories()])
        return sorted(scopes, key=lambda scope: scope.key.casefold())

    def _ask(self, question: Callable[[], Result]) -> Result:
        def ask() -> Result:
            with self._transport.slot(), named_errors(self._transport.judge, self._transport.base_url):
                return question()

        def step() -> Result:
            try:
                return ask()
            except Refused as error:
                if error.status != 401 or not self._client.tokens.renew():
                    raise
            return ask()

        return self._transport.run(step)


def is_glob(pattern: str) -> bool:
    """Whether the pattern may find several repositories."""
    return "*" in pattern or "?" in pattern


def matcher(pattern: str) -> Callable[[str], bool]:
    """Whether a name fits: `*` is any letters, `?` one letter, all others are themselves, without case."""
    parts = {"*": ".*", "?": "."}
    expression = re.compile("".join(parts.get(letter) or re.escape(letter) for letter in pattern.casefold()), re.DOTALL)
    return lambda name: expression.fullmatch(name.casefold()) is not None


def unseen(pattern: str) -> Refused:
    """What to tell of a pattern that finds nothing."""
    return Refused(
        f"No repository found for {pattern}: there is none, or the token may not see it.",
        advice="Check the spelling, and that the token has these repositories with the permission “Issues: read”.",
        status=404,
    )


def _scope(repository: Repository) -> Scope:
    if not repository.id or not repository.full_name:  # PyGithub makes a repository of any answer, of a web page, too
        raise TryAgain("an answer about a repository names none")
    return Scope(
        external_id=str(repository.id),
        key=clean(repository.full_name),
        name=clean(repository.name or repository.full_name),
        kind="repository",
        url=clean(repository.html_url or ""),
        archived=bool(repository.archived),
    )
