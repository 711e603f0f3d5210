"""Records that could not be read, kept until they read well again."""

from datetime import timedelta

from connectors.records import SetAside
from store import quarantine
from store.work import Saved
from tests.store.samples import NOW, Shop, item, listed

NOTES = "SELECT external_id, reason, excerpt, whole FROM quarantine ORDER BY external_id, reason"


def aside(number: int, reason: str = "no title", *, whole: bool = True) -> SetAside:
    return SetAside(external_id=f"id-{number}", reason=reason, excerpt='{"a": 1}', whole=whole)


def test_a_record_set_aside_is_noted_once_and_keeps_its_first_day(shop: Shop) -> None:
    assert shop.save(item(1), set_aside=[aside(2)]) == Saved(read=1, changed=1, set_aside=1)
    shop.save(set_aside=[aside(2)], now=NOW + timedelta(hours=1))
    assert shop.rows(NOTES) == [("id-2", "no title", '{"a": 1}', True)]
    with shop.engine.connect() as conn:
        table = quarantine.Quarantine.__table__
        first, last = conn.execute(table.select().with_only_columns(table.c.first_seen_at, table.c.last_seen_at)).one()
        assert (first, last) == (NOW, NOW + timedelta(hours=1))
        assert quarantine.count(conn, shop.id) == 1


def test_a_record_that_reads_well_again_leaves(shop: Shop) -> None:
    shop.save(set_aside=[aside(1), aside(2)])
    shop.save(item(1))
    assert shop.rows(NOTES) == [("id-2", "no title", '{"a": 1}', True)]


def test_an_unchanged_record_leaves_too(shop: Shop) -> None:
    shop.save(item(1))
    shop.save(set_aside=[aside(1)])
    assert shop.save(item(1)) == Saved(read=1, changed=0, set_aside=0)
    assert shop.rows(NOTES) == []


def test_a_part_that_was_dropped_is_noted_beside_its_item(shop: Shop) -> None:
    shop.save(item(1), set_aside=[aside(1, "bad date", whole=False), aside(1, "bad parent", whole=False)])
    shop.save(item(1), set_aside=[aside(1, "bad date", whole=False)])
    assert shop.rows(NOTES) == [("id-1", "bad date", '{"a": 1}', False)]


def test_what_no_database_keeps_is_cleaned_out(shop: Shop) -> None:
    shop.save(set_aside=[SetAside(external_id=None, reason="bad \x00", excerpt="a\x00b\ud800c")])
    assert shop.rows(NOTES) == [("", "bad ", "abc", True)]


def test_a_full_reading_forgets_what_it_did_not_meet(shop: Shop) -> None:
    shop.save(set_aside=[aside(1), aside(2)])
    later = NOW + timedelta(hours=1)
    shop.save(set_aside=[aside(2)], now=later)
    with shop.engine.begin() as conn:
        assert quarantine.forget_unseen(conn, shop.id, later) == 1
    assert shop.rows(NOTES) == [("id-2", "no title", '{"a": 1}', True)]


def test_a_container_and_an_item_with_the_same_id_are_two_records(shop: Shop) -> None:
    shop.save_containers(set_aside=[aside(1)])
    shop.save(item(1))
    assert shop.rows(NOTES) == [("container id-1", "no title", '{"a": 1}', True)]
    shop.save_containers(listed("id-1", "Reads well"))
    assert shop.rows(NOTES) == []
