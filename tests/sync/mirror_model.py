"""A tool whose work is moved, hidden, deleted and renamed while it is read, and what a mirror of it has to hold."""

import random
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol

from connectors.base import Listing, Reading, Usage
from connectors.errors import Refused
from connectors.records import Absence, Category, Container, ContainerRef, Containers, Item, Looked, Page, Ref, Scope
from tests.sync.fake import START, Fake, Tool

CATEGORIES: tuple[Category, ...] = ("todo", "in_progress", "done")


@dataclass(frozen=True)
class Shown:
    """An item as everybody who may sees it. `parent` is an identity; "?" where the parent is out of sight."""

    key: str
    scope: str
    title: str
    category: str
    parent: str | None
    labels: tuple[str, ...] = ()
    versions: tuple[str, ...] = ()


class Source(Protocol):
    """A tool that a machine changes and a sync reads."""

    @property
    def kinds(self) -> Sequence[str]:
        """What may happen to it."""
        ...

    def happen(self, kind: str, seed: int) -> None:
        """Something of a kind happens, to whatever the seed chooses; nothing where it cannot."""
        ...

    def shown(self) -> dict[str, Shown]:
        """What a mirror has to hold as present, by identity: all that can be seen in the scopes that are listed."""
        ...

    def exists(self, identity: str) -> bool:
        """Whether an item is there at all, for whomever."""
        ...

    def successor(self, identity: str) -> str:
        """The identity that an item has by now."""
        ...

    def listed(self) -> set[str]:
        """External ids of the scopes that are listed."""
        ...


@dataclass
class Project:
    """A scope. `unread`: the token sees it, and the configuration does not name it."""

    key: str
    hidden: bool = False
    unread: bool = False
    numbers: int = 0
    versions: list[str] = field(default_factory=list)


@dataclass
class Work:
    """An item. `place` orders a project's items by when they came into it."""

    identity: str
    project: str
    number: int
    place: int
    updated_at: datetime
    title: str = ""
    category: Category = "todo"
    parent: str | None = None
    labels: tuple[str, ...] = ()
    versions: tuple[str, ...] = ()
    hidden: bool = False


class Model:
    """The tool. `transfers`: what moves to another project gets another identity, parents are told by their keys, and
    deletions can be proven; else items keep their identity, parents are told by it, and what is gone is gone.
    """

    def __init__(self, *, transfers: bool) -> None:
        self.transfers = transfers
        self.lock = threading.RLock()
        self.clock = START
        self.projects = {"1": Project("ONE"), "2": Project("TWO"), "3": Project("OUT", unread=True)}
        self.works: dict[str, Work] = {}
        self.moved: dict[str, str] = {}
        self._count = 0
        self.kinds = sorted(name.removeprefix("_do_") for name in dir(self) if name.startswith("_do_"))

    def happen(self, kind: str, seed: int) -> None:
        with self.lock:
            self.clock += timedelta(seconds=30)
            getattr(self, f"_do_{kind}")(random.Random(seed))

    def shown(self) -> dict[str, Shown]:
        with self.lock:
            return {work.identity: self._shown(work) for work in self.works.values() if self.can_be_read(work)}

    def exists(self, identity: str) -> bool:
        return identity in self.works

    def successor(self, identity: str) -> str:
        while identity in self.moved:
            identity = self.moved[identity]
        return identity

    def listed(self) -> set[str]:
        return {name for name, one in self.projects.items() if not (one.hidden or one.unread)}

    def can_be_seen(self, work: Work) -> bool:
        """Whether the token sees an item, read or not."""
        return not (work.hidden or self.projects[work.project].hidden)

    def can_be_read(self, work: Work) -> bool:
        """Whether an item is seen where it is looked for."""
        return self.can_be_seen(work) and not self.projects[work.project].unread

    def key(self, work: Work) -> str:
        return f"{self.projects[work.project].key}-{work.number}"

    def item(self, work: Work) -> Item:
        """The item as the tool tells it."""
        parent = self.works.get(work.parent or "")
        return Item(
            external_id=work.identity,
            key=self.key(work),
            scope=work.project,
            url=f"https://tool.example/{self.key(work)}",
            title=work.title,
            category=work.category,
            parent_id=parent.identity if parent and not self.transfers else None,
            parent_key=self.key(parent) if parent and self.transfers else None,
            labels=work.labels,
            containers=tuple(ContainerRef(external_id=one, kind="version", title=one) for one in work.versions),
            updated_at=work.updated_at,
        )

    def _shown(self, work: Work) -> Shown:
        parent = self.works.get(work.parent or "")
        told = None if parent is None else parent.identity if self.can_be_read(parent) else "?"
        versions = tuple(sorted(set(work.versions)))
        return Shown(self.key(work), work.project, work.title, work.category, told, work.labels, versions)

    # --- what happens

    def _touch(self, work: Work) -> None:
        work.updated_at = self.clock

    def _some(self, pick: random.Random) -> Work | None:
        return pick.choice(list(self.works.values())) if self.works else None

    def _enter(self, work: Work, project: str) -> None:
        self._count += 1
        self.projects[project].numbers += 1
        work.project, work.number, work.place = project, self.projects[project].numbers, self._count
        work.versions = ()
        self._touch(work)

    def _do_create(self, pick: random.Random) -> None:
        for _ in range(pick.choice([1, 1, 6])):
            project = pick.choice(list(self.projects))
            self._count += 1
            work = Work(f"i{self._count}", project, 0, 0, self.clock, f"Title {self._count}", pick.choice(CATEGORIES))
            self._enter(work, project)
            self.works[work.identity] = work

    def _do_edit(self, pick: random.Random) -> None:
        if work := self._some(pick):
            work.title, work.category = f"Edited {pick.randrange(1000)}", pick.choice(CATEGORIES)
            work.labels = tuple(sorted(pick.sample(["a", "b", "c"], pick.randrange(4))))
            self._touch(work)

    def _do_recount(self, pick: random.Random) -> None:
        """An administrator counts a status as done: no item's change."""
        if work := self._some(pick):
            work.category = pick.choice(CATEGORIES)

    def _do_plan(self, pick: random.Random) -> None:
        if work := self._some(pick):
            versions = self.projects[work.project].versions
            if not versions or pick.random() < 0.3:
                versions.append(f"{work.project}/v{len(versions)}")
            work.versions = (pick.choice(versions),)
            self._touch(work)

    def _do_delete(self, pick: random.Random) -> None:
        if work := self._some(pick):
            self._delete(work)

    def _do_purge(self, pick: random.Random) -> None:
        """Many are deleted at once: more than is believed, where there are so many."""
        project = pick.choice(list(self.projects))
        for _ in range(26):
            self._do_create(random.Random(pick.random()))
        for work in [one for one in self.works.values() if one.project == project]:
            self._delete(work)

    def _delete(self, work: Work) -> None:
        del self.works[work.identity]
        for child in self.works.values():
            if child.parent == work.identity:
                child.parent = None
                if not self.transfers:
                    self._touch(child)

    def _do_move(self, pick: random.Random) -> None:
        if work := self._some(pick):
            project = pick.choice([name for name in self.projects if name != work.project])
            if self.transfers:
                before, work.identity = work.identity, f"i{self._count + 1}"
                del self.works[before]
                self.works[work.identity] = work
                self.moved[before] = work.identity
                for child in self.works.values():
                    child.parent = work.identity if child.parent == before else child.parent
            self._enter(work, project)

    def _do_reparent(self, pick: random.Random) -> None:
        child, parent = self._some(pick), self._some(pick)
        if child is None or parent is None:
            return
        above: Work | None = parent
        while above is not None:
            if above is child:
                return
            above = self.works.get(above.parent or "")
        child.parent = parent.identity if pick.random() < 0.8 else None
        self._touch(child)

    def _do_hide(self, pick: random.Random) -> None:
        if work := self._some(pick):
            work.hidden = not work.hidden

    def _do_hide_project(self, pick: random.Random) -> None:
        project = self.projects[pick.choice(["1", "2"])]
        project.hidden = not project.hidden

    def _do_read_project(self, pick: random.Random) -> None:
        """The configuration names another project, or no longer."""
        self.projects["3"].unread = not self.projects["3"].unread

    def _do_rename_project(self, pick: random.Random) -> None:
        self._count += 1
        self.projects[pick.choice(list(self.projects))].key = f"P{self._count}"


@dataclass
class Mirrored(Fake):
    """A connector to a `Model`. `trap()` runs before each request and may raise, wait, or change the tool."""

    tool: Tool = field(default_factory=Tool)
    model: Model = field(default_factory=lambda: Model(transfers=False))
    request: Callable[[], None] = lambda: None

    def scopes(self) -> Listing:
        self.request()
        with self.model.lock:
            return Listing(
                [
                    Scope(
                        external_id=name,
                        key=self.model.projects[name].key,
                        name=self.model.projects[name].key,
                        kind="project",
                        url=f"https://tool.example/{name}",
                    )
                    for name in sorted(self.model.listed())
                ]
            )

    def containers(self, scope: Scope, validators: dict[str, str], usage: Usage) -> Containers | None:
        self.request()
        usage.requests += 1
        with self.model.lock:
            self._readable(scope)
            return Containers(
                containers=[
                    Container(external_id=one, kind="version", title=one, state="open", scope=scope.external_id)
                    for one in self.model.projects[scope.external_id].versions
                ]
            )

    def items(self, scope: Scope, reading: Reading, usage: Usage) -> Iterator[Page]:
        after, clock = int(reading.resume or 0), None
        while True:
            self.request()
            usage.requests += 1
            with self.model.lock:
                self._readable(scope)
                clock = self.model.clock if reading.resume is None and not after else None
                window = [one for one in self._in(scope) if reading.since is None or one.updated_at >= reading.since]
                found = [one for one in window if one.place > after]
                items, rest = [self.model.item(one) for one in found[: self.per_page]], found[self.per_page :]
                after = found[: self.per_page][-1].place if found else after
                url, tag = f"items since {reading.since}", str(hash(tuple(items)))
            alone = self.model.transfers and clock is not None and not rest
            if alone and reading.validators.get(url) == tag:
                usage.not_modified += 1
                return
            yield Page(
                items=items,
                resume=str(after) if rest else None,
                validators=((url, tag),) if alone else (),
                clock=clock,
            )
            if not rest:
                return

    def ids(self, scope: Scope, usage: Usage) -> Iterator[dict[str, Category]] | None:
        return None if self.model.transfers else self._ids(scope, usage)

    def _ids(self, scope: Scope, usage: Usage) -> Iterator[dict[str, Category]]:
        after = 0
        while True:
            self.request()
            usage.requests += 1
            with self.model.lock:
                self._readable(scope)
                found = [one for one in self._in(scope) if one.place > after][:5]
                page = {one.identity: one.category for one in found}
            if not page:
                return
            after = found[-1].place
            yield page

    def look(self, scope: Scope, refs: Sequence[Ref], usage: Usage) -> Looked:
        self.request()
        usage.requests += 1
        looked = Looked()
        with self.model.lock:
            self._readable(scope)
            for ref in refs:
                identity = self.model.successor(ref.external_id)
                work = self.model.works.get(identity)
                if work is None:
                    absence: Absence = "deleted" if self.model.transfers else "not_visible"
                    looked.gone[ref.external_id] = absence
                elif not self.model.can_be_seen(work):
                    looked.gone[ref.external_id] = "not_visible"
                else:
                    looked.items.append(self.model.item(work))
                    if identity != ref.external_id:
                        looked.moved[ref.external_id] = identity
        return looked

    def _in(self, scope: Scope) -> list[Work]:
        there = [one for one in self.model.works.values() if one.project == scope.external_id and not one.hidden]
        return sorted(there, key=lambda one: one.place)

    def _readable(self, scope: Scope) -> None:
        if scope.external_id not in self.model.listed():
            raise Refused(f"{scope.key} is not to be seen.", advice="Grant it.", status=404)


class Unconditional(Mirrored):
    """A tool without validators."""

    conditional = False


def connector(model: Model) -> Mirrored:
    """A connector to the tool."""
    kind: Any = Mirrored if model.transfers else Unconditional
    return kind(model=model, per_page=3)


Style = Literal["ids", "reading"]
