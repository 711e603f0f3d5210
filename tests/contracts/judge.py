"""Which document judges an exchange, and which of its objections count."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.contracts.deviations import DEVIATIONS, Deviation
from tests.contracts.documents import AGILE, GITHUB, JIRA, Documents
from tests.contracts.graphql_schema import Schema
from tests.contracts.wire import Exchange


@dataclass
class Judge:
    """`folder` holds the official documents. `used` are the deviations that were needed so far."""

    folder: Path
    used: set[Deviation] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._documents = Documents(self.folder)
        self._schema = Schema(self.folder / "github-schema.graphql.xz")

    def objections(self, tool: str, exchanges: Iterable[Exchange], *, answered: bool = True) -> list[str]:
        """What is not as the documents say, each once, without the known deviations.

        If not `answered`, of the requests only: for answers that a test has spoilt on purpose.
        """
        found: dict[str, None] = {}
        for one in exchanges:
            for problem in self._problems(tool, one, answered):
                known = {deviation for deviation in DEVIATIONS if deviation.covers(tool, problem)}
                self.used |= known
                if not known:
                    found[problem] = None
        return list(found)

    def _problems(self, tool: str, one: Exchange, answered: bool) -> list[str]:
        if tool == "github":
            if one.path in ("/graphql", "/api/graphql"):
                return self._schema.problems(one if answered else replace(one, status=0))
            # Links name a repository by its id, and are followed as they are.
            named = re.sub(r"^/repositories/\d+", "/repos/owner/name", one.path)
            return self._documents[GITHUB].problems(replace(one, path=named), answered=answered)
        # The gateway hands on what is behind the site's id; the document describes the newest version of the API.
        inside = re.sub(r"^/ex/jira/[^/]+", "", one.path)
        inside = re.sub(r"^/rest/api/(2|latest)/", "/rest/api/3/", inside)
        document = self._documents[AGILE if inside.startswith("/rest/agile/") else JIRA]
        return document.problems(replace(one, path=inside), answered=answered)
