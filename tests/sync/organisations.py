"""Random organisations: work in trees, with labels and versions, and key results that select it in all ways."""

from datetime import UTC, datetime

import sqlalchemy as sa
from hypothesis import strategies as st

from config import Config
from connectors.records import Category, ContainerRef, Item, Level, Page, Scope
from store import okrs
from store.tables import Connection
from store.work import resolve_parents, save_page, save_scopes
from tests.sync.oracle import Work

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
SCOPES = {"10": "SHOP", "20": "PLAT"}
LABELS = ("Alpha", "beta", "kr:A.1", "KR:a.2", "epic", "Straße")
TYPES = ("Bug", "Story", "Epic", "Initiative", None)

words = st.lists(st.sampled_from([*LABELS, "al*", "*A*", "k?:a.1", "STRASSE", "none"]), min_size=1, max_size=2)
keys = st.lists(
    st.sampled_from([*(f"SHOP-{n}" for n in range(12)), "shop-1", "plat-*", "PLAT-1?"]), min_size=1, max_size=2
)


def criteria(
    inner: st.SearchStrategy[dict[str, object]] | None, *, teams: bool = False
) -> st.SearchStrategy[dict[str, object]]:
    """Selectors as YAML gives them; by team, too, where `teams` is set."""
    optional: dict[str, st.SearchStrategy[object]] = {
        "project": st.lists(st.sampled_from(["SHOP", "plat", "*P", "X"]), min_size=1, max_size=2),
        "epic": keys,
        "issue": keys,
        "label": words,
        "version": st.lists(st.sampled_from(["1.0", "2.*", "9"]), min_size=1, max_size=2),
        "type": st.lists(st.sampled_from(["bug", "S*", "epic", "subtask", "issue"]), min_size=1, max_size=2),
        "title": st.lists(st.sampled_from(["item 1*", "*3", " Item 5 ", "*%*"]), min_size=1, max_size=2),
        "assignee": st.lists(st.sampled_from(["dana", "k*"]), min_size=1, max_size=1),
    }
    if teams:
        optional["team"] = st.lists(st.sampled_from(["web", "Web Team", "*p*", "none"]), min_size=1, max_size=1)
    extra: dict[str, st.SearchStrategy[object]] = {"descend": st.booleans()}
    if inner is not None:
        extra["not"] = st.lists(inner, min_size=1, max_size=2)
    chosen = st.sets(st.sampled_from(sorted(optional)), min_size=1, max_size=2)
    return st.tuples(
        chosen.flatmap(lambda names: st.fixed_dictionaries({name: optional[name] for name in sorted(names)})),
        st.fixed_dictionaries({}, optional=extra),
    ).map(lambda pair: pair[0] | pair[1])


selectors = criteria(criteria(criteria(None, teams=True)), teams=True)
owners = criteria(criteria(None))


@st.composite
def items(draw: st.DrawFn, number: int) -> Item:
    """An item whose parent, if any, has a lower number: trees, over scopes too."""
    scope = draw(st.sampled_from(sorted(SCOPES)))
    parent = draw(st.none() | st.integers(0, number - 1)) if number else None
    category: Category = draw(st.sampled_from(["todo", "in_progress", "done", "done"]))
    by_key = draw(st.booleans())
    level: Level | None = draw(st.sampled_from([None, None, None, "subtask", "epic"]))
    return Item(
        external_id=str(number),
        key=f"{SCOPES[scope]}-{number}",
        scope=scope,
        url="",
        title=draw(st.sampled_from([f"Item {number}", f" item {number} ", "50 % off"])),
        category=category,
        resolution=draw(st.sampled_from([None, "Done", "won't do"])) if category == "done" else None,
        type=draw(st.sampled_from(TYPES)),
        level=level,
        parent_id=None if parent is None or by_key else str(parent),
        parent_key=None,
        estimate=draw(st.none() | st.sampled_from([0.0, 1.0, 2.0, 5.0])),
        team=draw(st.sampled_from([None, None, None, "WEB", " app team", "nobody"])),
        labels=tuple(sorted(draw(st.sets(st.sampled_from(LABELS), max_size=2)))),
        assignees=tuple(sorted(draw(st.sets(st.sampled_from(["Dana", "kim"]), max_size=1)))),
        containers=tuple(
            ContainerRef(external_id=title, kind="version", title=title)
            for title in sorted(draw(st.sets(st.sampled_from(["1.0", "2.0", "2.1"]), max_size=2)))
        ),
        created_at=NOW,
        updated_at=NOW,
    )


@st.composite
def works(draw: st.DrawFn, most: int = 14) -> Work:
    count = draw(st.integers(0, most))
    return Work({str(n): draw(items(n)) for n in range(count)}, SCOPES)


@st.composite
def configs(draw: st.DrawFn) -> Config:
    shared = draw(st.booleans())
    mappings = [
        {
            "key_result": key,
            "work": draw(selectors),
            **({"share": draw(st.sampled_from([0, 10, 40]))} if shared else {}),
        }
        for key in ("A.1", "A.2")
        for _ in range(draw(st.integers(0, 3)))
    ]
    return Config.model_validate(
        {
            "teams": [
                {"key": "product", "owns": draw(st.lists(owners, max_size=1))},
                {"key": "web", "name": "Web team", "parent": "product", "owns": draw(st.lists(owners, max_size=2))},
                {"key": "app", "name": "App team", "owns": draw(st.lists(owners, max_size=2))},
            ],
            "cycles": [{"key": "Q4", "start": "2026-10-01", "end": "2026-12-31"}],
            "counting": {
                "subtasks": draw(st.sampled_from(["ignore", "count"])),
                "measure": draw(st.sampled_from(["count", "points"])),
                "in_progress_credit": draw(st.sampled_from([0, 0.5])),
            },
            "objectives": [
                {
                    "key": "A",
                    "title": "A",
                    "cycle": "Q4",
                    "key_results": [{"key": key, "title": key} for key in ("A.1", "A.2")],
                }
            ],
            "mappings": draw(st.permutations(mappings)),
            "conventions": draw(st.sampled_from([{}, {"label": "kr:{key}"}])),
        }
    )


def store_work(conn: sa.Connection, work: Work, config: Config, changed: list[str] | None = None) -> None:
    """Stores all items, or those changed, as a sync would."""
    identity = conn.execute(sa.select(Connection.__table__.c.id)).scalar()
    scopes = [
        Scope(external_id=external_id, key=key, name=key, kind="project", url="") for external_id, key in SCOPES.items()
    ]
    ids = save_scopes(conn, "tool", "kind", scopes)
    identity = identity or conn.execute(sa.select(Connection.__table__.c.id)).scalar_one()
    for external_id, scope_id in ids.items():
        wanted = [work.items[key] for key in (work.items if changed is None else changed)]
        page = Page(items=[item for item in wanted if item.scope == external_id])
        save_page(conn, identity, scope_id, page, config.counting, NOW)
    resolve_parents(conn, identity)
    for key in work.deleted:
        conn.execute(sa.text("UPDATE work_item SET presence = 'deleted' WHERE external_id = :key"), {"key": key})
        conn.execute(
            sa.text(
                "INSERT INTO dirty SELECT id FROM work_item WHERE external_id = :key"
                " AND id NOT IN (SELECT item_id FROM dirty)"
            ),
            {"key": key},
        )


def apply(conn: sa.Connection, config: Config) -> None:
    okrs.apply(conn, config, NOW)
