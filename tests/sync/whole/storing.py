"""Putting an organisation's JSON into a database, as a sync would."""

from typing import Any

import sqlalchemy as sa

from config import Config
from connectors.records import Item, Page, Scope
from store import okrs
from store.tables import Connection
from store.tables import Scope as ScopeRow
from store.work import resolve_parents, save_page, save_scopes
from tests.sync.whole.organisation import NOW, PROJECTS, Json, ago


def configured(json: Json) -> Config:
    teams = [{name: value for name, value in one.items() if value is not None} for one in json["teams"]]
    return Config.model_validate({**json, "teams": teams})


def store_organisation(conn: sa.Connection, config: Config, items: list[Json]) -> None:
    """Applies the configuration and stores the items, all of it read just now without an error."""
    okrs.apply(conn, config, NOW)
    scopes = [Scope(external_id=key, key=key, name=key, kind="project", url="") for key in PROJECTS]
    ids = save_scopes(conn, "tool", "kind", scopes)
    connection_id = conn.execute(sa.select(Connection.__table__.c.id)).scalar_one()
    for project, scope_id in ids.items():
        page = Page(items=[_item(one) for one in items if one["key"].split("-")[0] == project])
        save_page(conn, connection_id, scope_id, page, config.counting, NOW)
    resolve_parents(conn, connection_id)
    conn.execute(sa.update(Connection.__table__).values(last_ok_at=NOW))
    conn.execute(sa.update(ScopeRow.__table__).values(last_ok_at=NOW))


def _item(json: Json) -> Item:
    values: dict[str, Any] = {name: json[name] for name in ("key", "category", "resolution", "level", "estimate")}
    return Item(
        external_id=json["id"],
        scope=json["key"].split("-")[0],
        url="",
        title=f"Item {json['id']}",
        parent_id=json["parent"],
        labels=tuple(json["labels"]),
        created_at=ago(json["created_days_ago"]),
        updated_at=ago(json["updated_days_ago"]),
        closed_at=ago(json["closed_days_ago"]),
        **values,
    )
