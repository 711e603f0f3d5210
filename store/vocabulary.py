"""The words that items share: tags (labels, components, assignees …) and containers (milestones, versions, sprints)."""

from collections import defaultdict
from collections.abc import Iterable

from connectors.records import ContainerRef, Item
from store.bulk import Bulk
from store.database import fold

LONGEST_TAG = 400
"""Longer words are cut: no selector means them, and PostgreSQL indexes no longer ones."""

Words = set[tuple[str, str]]
"""Pairs of kind and value."""


def tags_of(item: Item) -> Words:
    """The plain words of an item."""
    found = {("label", label[:LONGEST_TAG]) for label in item.labels}
    found |= {("assignee", name[:LONGEST_TAG]) for name in item.assignees}
    if item.components:
        found |= {("component", name[:LONGEST_TAG]) for name in item.components}
    if item.key_results:
        found |= {(kind, text[:LONGEST_TAG]) for kind, text in item.key_results}
    return found


def tag_ids(bulk: Bulk, wanted: Words) -> dict[tuple[str, str], int]:
    """The id of each tag; those not known yet are added."""
    found = _known_tags(bulk, wanted)
    missing = sorted(wanted - found.keys())
    if missing:
        bulk.run_many(
            "INSERT INTO tag (kind, value, folded) VALUES (?, ?, ?) ON CONFLICT (kind, value) DO NOTHING",
            [(kind, value, fold(value)) for kind, value in missing],
        )
        found |= _known_tags(bulk, missing)
    return found


def _known_tags(bulk: Bulk, wanted: Iterable[tuple[str, str]]) -> dict[tuple[str, str], int]:
    by_kind = defaultdict(list)
    for kind, value in wanted:
        by_kind[kind].append(value)
    return {
        (kind, value): id_
        for kind, values in by_kind.items()
        for id_, value in bulk.rows(
            f"SELECT id, value FROM tag WHERE kind = ? AND value {bulk.among}",
            kind,
            bulk.values(values),
        )
    }


def container_ids(
    bulk: Bulk, connection_id: int, scope_id: int, refs: Iterable[ContainerRef]
) -> dict[tuple[str, str], int]:
    """The id of each container that items refer to, by kind and external id.

    One not known yet is added as the reference gives it. A title in a reference may be older than the listing, so it
    changes only what was never listed.
    """
    wanted: dict[tuple[str, str], str] = {(ref.kind, ref.external_id): ref.title for ref in refs}
    known = _known_containers(bulk, connection_id, wanted)
    missing = sorted(wanted.keys() - known.keys())
    if missing:
        bulk.run_many(
            """
            INSERT INTO container (connection_id, scope_id, external_id, kind, title, title_folded, listed)
            VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (connection_id, kind, external_id) DO NOTHING
            """,
            [
                (
                    connection_id,
                    None if kind == "sprint" else scope_id,  # a sprint may belong to several scopes
                    external_id,
                    kind,
                    wanted[kind, external_id],
                    fold(wanted[kind, external_id]),
                    False,
                )
                for kind, external_id in missing
            ],
        )
        known |= _known_containers(bulk, connection_id, missing)
    renamed = {
        id_: wanted[name] for name, (id_, title, listed) in known.items() if not listed and title != wanted[name]
    }
    if renamed:
        bulk.run_many(
            "UPDATE container SET title = ?, title_folded = ? WHERE id = ?",
            [(title, fold(title), id_) for id_, title in sorted(renamed.items())],
        )
        mark_members_dirty(bulk, renamed)
    return {name: id_ for name, (id_, _, _) in known.items()}


def mark_members_dirty(bulk: Bulk, container_ids: Iterable[int]) -> None:
    """The items in these containers may match other selectors now."""
    bulk.run(
        f"""
        INSERT INTO dirty (item_id) SELECT DISTINCT item_id FROM work_container WHERE container_id {bulk.among}
        ON CONFLICT DO NOTHING
        """,
        bulk.values(list(container_ids)),
    )


def _known_containers(
    bulk: Bulk, connection_id: int, wanted: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], tuple[int, str, bool]]:
    by_kind = defaultdict(list)
    for kind, external_id in wanted:
        by_kind[kind].append(external_id)
    return {
        (kind, external_id): (id_, title, bool(listed))
        for kind, ids in by_kind.items()
        for id_, external_id, title, listed in bulk.rows(
            f"""
            SELECT id, external_id, title, listed FROM container
            WHERE connection_id = ? AND kind = ? AND external_id {bulk.among}
            """,
            connection_id,
            kind,
            bulk.values(ids),
        )
    }
