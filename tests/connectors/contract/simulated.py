"""The contract suite's harness for the tools that are simulated: GitHub, Jira Cloud and Jira Data Center."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any, ClassVar, Literal

from config import Conventions
from connectors.base import Connector, Context
from connectors.github import GitHub, GitHubOptions
from connectors.jira import Jira, JiraOptions
from connectors.records import Absence
from simulator import GitHubSite, JiraSite, Site
from tests.connectors.contract.door import ERRORS, opened
from tests.connectors.contract.source import NOW

LONE = "\ud800"
STAND_IN = "\N{CURRENCY SIGN}"
SPOILT = "This title is no text"


class _Simulated:
    """What they have in common: the door and the clock. Keys follow items, so ids lead to keys here."""

    faults: ClassVar[frozenset[str]] = frozenset({*ERRORS, "cut", "reset"})
    hides: ClassVar[bool]
    title_field: ClassVar[str]

    def __init__(self) -> None:
        self._time = NOW
        self._keys: dict[str, str] = {}
        self._door, self._running, self.url = opened(self._fresh)

    def close(self) -> None:
        self._running.stop()

    def reset(self) -> None:
        self._time = NOW
        self._keys = {}
        self._door.stand_before(self._fresh())
        # No site of ours can say half a pair of surrogates, or put an object where a text belongs.
        self._door.rewritten = {
            STAND_IN.encode(): rb"\ud800",
            f'"{self.title_field}":"{SPOILT}"'.encode(): f'"{self.title_field}":{{"no":"text"}}'.encode(),
        }

    def _fresh(self) -> Site:
        raise NotImplementedError

    def now(self) -> Any:
        return self._time

    def advance(self, by: timedelta) -> None:
        self._time += by

    def fail(self, fault: str, times: int | None = None) -> None:
        self._door.fail(fault, times)

    def key(self, item: str) -> str:
        return self._keys[item]

    def asked(self) -> int | None:
        return self._door.asked

    def _knows(self, item: str, key: str) -> str:
        self._keys[item] = key
        return item


class GitHubSource(_Simulated):
    """github.com. A transferred issue has another id; what is deleted answers 410. Whoever may see a repository may
    see all of its issues.
    """

    home, away = "acme/shop", "acme/tools"
    after_delete: ClassVar[Absence] = "deleted"
    hides = False
    title_field = "title"

    def _fresh(self) -> GitHubSite:
        self._site = GitHubSite(now=lambda: self._time)
        for name in (self.home, self.away):
            self._site.add_repository(name)
        return self._site

    def connector(self, context: Context, *scopes: str) -> Connector:
        values = {
            "kind": "github",
            "url": self.url,
            "auth": {"token": "github-token"},
            "repositories": list(scopes or (self.home, self.away)),
        }
        return GitHub("github", GitHubOptions.model_validate(values), Conventions(), "count", context)

    def create(self, title: str, *, labels: Iterable[str] = (), scope: str | None = None) -> str:
        key = self._site.add_issue(scope or self.home, title.replace(LONE, STAND_IN), labels=labels)
        return self._knows(str(self._site.issue(key)["id"]), key)

    def edit(self, item: str, *, title: str | None = None, labels: Iterable[str] | None = None) -> None:
        values = {"title": title, "labels": None if labels is None else list(labels)}
        self._site.edit(self._keys[item], **{name: value for name, value in values.items() if value is not None})

    def finish(self, item: str) -> None:
        self._site.close(self._keys[item])

    def delete(self, item: str) -> None:
        self._site.delete(self._keys[item])

    def hide(self, item: str) -> None:
        self._site.hide(self._keys[item])

    def move(self, item: str) -> str:
        key = self._site.transfer(self._keys[item], self.away)
        return self._knows(str(self._site.issue(key)["id"]), key)

    def spoil(self, item: str) -> None:
        self.edit(item, title=SPOILT)

    def contain(self, title: str) -> bool:
        self._site.add_milestone(self.home, title)
        return True

    def close_scope(self) -> None:
        self._site.hide(self.home)

    def truth(self, scope: str | None = None) -> dict[str, tuple[str, frozenset[str]]]:
        every = self._site.keys()
        raws = [self._site.issue(key) for key in every if key.startswith((scope or self.home) + "#")]
        return {str(raw["id"]): (raw["title"], frozenset(one["name"] for one in raw["labels"])) for raw in raws}

    def query(self) -> tuple[str, set[str]] | None:
        return None


class JiraSource(_Simulated):
    """A Jira. A moved issue keeps its id; what is deleted and what is hidden look alike."""

    home, away = "SHOP", "PLAT"
    after_delete: ClassVar[Absence] = "not_visible"
    hides = True
    title_field = "summary"

    def __init__(self, flavour: Literal["cloud", "datacenter"]) -> None:
        self._flavour: Literal["cloud", "datacenter"] = flavour
        super().__init__()

    def _fresh(self) -> JiraSite:
        self._site = JiraSite(self._flavour, now=lambda: self._time)
        for key in (self.home, self.away):
            self._site.add_project(key, key.capitalize())
        return self._site

    def connector(self, context: Context, *scopes: str) -> Connector:
        by_email = {"email": self._site.email, "gateway": self.url} if self._site.cloud else {}
        values = {
            "kind": "jira",
            "url": self.url,
            "auth": {"token": self._site.token, **by_email},
            "projects": list(scopes or (self.home, self.away)),
        }
        return Jira("jira", JiraOptions.model_validate(values), Conventions(), "count", context)

    def create(self, title: str, *, labels: Iterable[str] = (), scope: str | None = None) -> str:
        key = self._site.add_issue(scope or self.home, title.replace(LONE, STAND_IN), labels=list(labels))
        return self._knows(self._site.issue(key)["id"], key)

    def edit(self, item: str, *, title: str | None = None, labels: Iterable[str] | None = None) -> None:
        values = {"summary": title, "labels": None if labels is None else list(labels)}
        self._site.edit(self._keys[item], **{name: value for name, value in values.items() if value is not None})

    def finish(self, item: str) -> None:
        self._site.close(self._keys[item])

    def delete(self, item: str) -> None:
        self._site.delete(self._keys[item])

    def hide(self, item: str) -> None:
        self._site.hide(self._keys[item])

    def move(self, item: str) -> str:
        return self._knows(item, self._site.move(self._keys[item], self.away))

    def spoil(self, item: str) -> None:
        self.edit(item, title=SPOILT)

    def contain(self, title: str) -> bool:
        self._site.add_version(self.home, title)
        return True

    def close_scope(self) -> None:
        self._site.close_project(self.home)

    def truth(self, scope: str | None = None) -> dict[str, tuple[str, frozenset[str]]]:
        every = self._site.keys()
        raws = [self._site.issue(key) for key in every if key.startswith((scope or self.home) + "-")]
        return {raw["id"]: (raw["fields"]["summary"], frozenset(raw["fields"]["labels"])) for raw in raws}

    def query(self) -> tuple[str, set[str]] | None:
        query = "labels = wanted"
        return query, {one for one, (_, labels) in self.truth().items() if "wanted" in labels}
