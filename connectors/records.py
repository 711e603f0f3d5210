"""What every tool says, in one shape: the frozen records that connectors yield and the store keeps.

A record holds the tool's own words (status, type, resolution) beside the few facts that all tools share. Reading those
words as our states and levels (what is cancelled, what is an epic) is configuration, and is done by the store.
"""

from datetime import date, datetime
from typing import Literal

import msgspec

Category = Literal["todo", "in_progress", "done"]
Level = Literal["initiative", "epic", "issue", "subtask"]
ContainerKind = Literal["milestone", "version", "sprint"]
ChangeKind = Literal["status", "estimate", "sprint"]
Absence = Literal["deleted", "not_visible"]
"""How an item is gone: for good and by proof, or out of sight for a reason that the tool does not tell."""


# Records hold no circles: `gc=False` spares the garbage collector from looking through pages of them.


class Scope(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A project or repository: the unit of reading and of state.

    `key` is what people write in selectors (`SHOP`, `acme/shop`); `external_id` is what survives a rename.
    """

    external_id: str
    key: str
    name: str
    kind: Literal["project", "repository"]
    url: str
    archived: bool = False


class Container(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A milestone, version or sprint. `state` is the tool's word (open, closed, active, future, released, archived …).

    `scope` is the external id of its scope, or None where it belongs to none (a sprint shared by projects).
    """

    external_id: str
    kind: ContainerKind
    title: str
    state: str
    scope: str | None = None
    url: str | None = None
    starts_on: date | None = None
    due_on: date | None = None
    closed_at: datetime | None = None


class ContainerRef(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """An item's membership in a container, with enough of it to show before the container itself was read."""

    external_id: str
    kind: ContainerKind
    title: str


class Change(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """A step in an item's history: a status, estimate or sprint was set. `before` and `after` are the tool's words.

    `category`, of a status: what the tool counts `after` as, None where it does not tell.
    """

    at: datetime
    kind: ChangeKind
    before: str | None = None
    after: str | None = None
    category: Category | None = None


class Item(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A piece of work as the tool gives it. Instants are timezone-aware UTC; lists carry no order and no repetition.

    `category` is the tool's own reading of the status. `self_reported` is true where the tool has no "in progress" of
    its own for this item, so that labels and assignees may tell (`counting.in_progress_labels`,
    `assigned_is_in_progress`).
    `level` is what the tool's hierarchy says, None where it says nothing (type and labels then tell).
    `parent_id` or `parent_key` names the parent, by external id or by key, whichever the tool gives.
    `key_results` are raw values of the conventions: (`trailer` or `field`, text).
    `blocked_by` are the keys of items that block this one. `changes` are the steps of its history, by time, as far as
    the tool keeps one.
    """

    external_id: str
    key: str
    scope: str
    url: str
    title: str
    category: Category
    status: str | None = None
    resolution: str | None = None
    self_reported: bool = False
    type: str | None = None
    level: Level | None = None
    parent_id: str | None = None
    parent_key: str | None = None
    estimate: float | None = None
    team: str | None = None
    labels: tuple[str, ...] = ()
    components: tuple[str, ...] = ()
    assignees: tuple[str, ...] = ()
    containers: tuple[ContainerRef, ...] = ()
    key_results: tuple[tuple[Literal["trailer", "field"], str], ...] = ()
    blocked_by: tuple[str, ...] = ()
    created_at: datetime | None = None
    started_at: datetime | None = None
    closed_at: datetime | None = None
    updated_at: datetime | None = None
    due_on: date | None = None
    changes: tuple[Change, ...] = ()


class SetAside(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A record that could not be read, or a part of one that was dropped (`whole` false), and why."""

    external_id: str | None
    reason: str
    excerpt: str
    whole: bool = True


class Page(msgspec.Struct, kw_only=True):
    """One page of a scope's items, stored in one transaction together with `resume`.

    `resume` is an opaque text: a reading of the same scope that starts with it goes on behind this page.
    None on the last page. `validators` are (url, etag) pairs that hold once this reading has ended well.
    `clock` is the tool's own time (its `Date` header) when a reading's first page was answered.
    """

    items: list[Item]
    set_aside: list[SetAside] = msgspec.field(default_factory=list)
    resume: str | None = None
    validators: tuple[tuple[str, str], ...] = ()
    clock: datetime | None = None


class Containers(msgspec.Struct, kw_only=True):
    """All containers of one scope, with the (url, etag) pairs of the answers."""

    containers: list[Container]
    set_aside: list[SetAside] = msgspec.field(default_factory=list)
    validators: tuple[tuple[str, str], ...] = ()


class Ref(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An item by what is known of it: its external id and its key."""

    external_id: str
    key: str


class Looked(msgspec.Struct, kw_only=True):
    """What became of items that were asked for one by one.

    `items` are there, each with the scope where it is now, which may be another one than it was asked for in.
    `gone` names the others by external id. `moved`: those that a tool gave another identity when it moved them, by
    their former external id; the new ones are in `items` where they can be read, and stand here as their new id.
    """

    items: list[Item] = msgspec.field(default_factory=list)
    gone: dict[str, Absence] = msgspec.field(default_factory=dict)
    moved: dict[str, str] = msgspec.field(default_factory=dict)
    set_aside: list[SetAside] = msgspec.field(default_factory=list)
