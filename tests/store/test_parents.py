"""From the parents that tools name to the rows that are stored."""

from tests.store.samples import Shop, execute, item, scope_record

FAMILY = (
    "SELECT w.key, p.key, w.parent_pending FROM work_item w LEFT JOIN work_item p ON p.id = w.parent_id ORDER BY w.key"
)


def test_a_parent_is_found_by_id_before_key_and_by_a_former_key(shop: Shop) -> None:
    shop.save(item(1), item(2))
    shop.save(item(2, key="acme/shop#22"))
    shop.save(
        item(3, parent_id="id-1", parent_key="acme/shop#22"),
        item(4, parent_key="ACME/Shop#1"),
        item(5, parent_key="acme/shop#2"),
    )
    assert shop.resolve() == 3
    assert shop.rows(FAMILY) == [
        ("acme/shop#1", None, False),
        ("acme/shop#22", None, False),
        ("acme/shop#3", "acme/shop#1", False),
        ("acme/shop#4", "acme/shop#1", False),
        ("acme/shop#5", "acme/shop#22", False),
    ]


def test_a_child_may_come_before_its_parent(shop: Shop) -> None:
    shop.save(item(2, parent_id="id-1"))
    assert (shop.resolve(), shop.dirty()) == (0, ["acme/shop#2"])
    assert (shop.resolve(), shop.dirty()) == (0, [])
    shop.save(item(1))
    shop.dirty()
    assert (shop.resolve(), shop.dirty()) == (1, ["acme/shop#2"])
    assert shop.rows(FAMILY) == [("acme/shop#1", None, False), ("acme/shop#2", "acme/shop#1", False)]


def test_a_move_to_another_parent_makes_the_former_one_dirty(shop: Shop) -> None:
    shop.save(item(1), item(2), item(3, parent_id="id-1"))
    shop.resolve()
    shop.dirty()
    shop.save(item(3, parent_id="id-2"))
    assert shop.resolve() == 1
    assert shop.dirty() == ["acme/shop#1", "acme/shop#3"]
    assert shop.rows(FAMILY)[2] == ("acme/shop#3", "acme/shop#2", False)


def test_an_item_that_left_its_parent_has_none(shop: Shop) -> None:
    shop.save(item(1), item(3, parent_id="id-1"))
    shop.resolve()
    shop.dirty()
    shop.save(item(3))
    assert (shop.resolve(), shop.dirty()) == (1, ["acme/shop#1", "acme/shop#3"])
    assert shop.rows(FAMILY)[1] == ("acme/shop#3", None, False)


def test_a_move_to_a_parent_that_is_not_stored_waits_without_the_former_one(shop: Shop) -> None:
    shop.save(item(1), item(3, parent_id="id-1"))
    shop.resolve()
    shop.dirty()
    shop.save(item(3, parent_id="elsewhere"))
    assert (shop.resolve(), shop.dirty()) == (1, ["acme/shop#1", "acme/shop#3"])
    assert shop.rows(FAMILY)[1] == ("acme/shop#3", None, True)
    assert (shop.resolve(), shop.dirty()) == (0, [])


def test_no_item_is_its_own_parent(shop: Shop) -> None:
    shop.save(item(1, parent_id="id-1"), item(2, parent_key="acme/shop#2"))
    shop.resolve()
    assert shop.rows(FAMILY) == [("acme/shop#1", None, True), ("acme/shop#2", None, True)]


def test_a_parent_is_looked_for_in_the_items_own_connection(shop: Shop) -> None:
    twin = Shop.in_new(shop.engine, "mirror", scope_record("1", "acme/shop"))
    twin.save(item(1))
    shop.save(item(2, parent_key="acme/shop#1", parent_id="id-1"))
    assert shop.resolve() == 0
    assert twin.resolve() == 0
    assert shop.rows("SELECT key, parent_id FROM work_item WHERE external_id = 'id-2'") == [("acme/shop#2", None)]


def test_what_waits_is_found_through_an_index_of_its_own(shop: Shop) -> None:
    execute(shop.engine, "ANALYZE")
    shop.save(*(item(number) for number in range(100)))
    query = "SELECT w.id FROM work_item w WHERE w.connection_id = 1 AND w.parent_pending"
    if shop.engine.dialect.name == "sqlite":
        plan = shop.rows(f"EXPLAIN QUERY PLAN {query}")
    else:
        execute(shop.engine, "ANALYZE")
        plan = shop.rows(f"EXPLAIN {query}")
    assert "ix_work_item_orphan" in str(plan)
