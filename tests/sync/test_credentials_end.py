"""When a connection's credentials end is kept with it, as the tool told it last."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from connectors.base import Listing
from connectors.errors import Refused
from store import tables
from tests.sync.fake import START, Fake, Tool, World, world


@dataclass
class Ending(Fake):
    """Tells when its token ends."""

    ends: datetime | None = START + timedelta(days=20)

    def scopes(self) -> Listing:
        return replace(super().scopes(), credentials_end_at=self.ends)


def ends(shop: World) -> datetime | None:
    [row] = shop.rows(tables.Connection)
    return row["credentials_end_at"]


def codes(shop: World) -> list[tuple[str, str]]:
    return [(row["code"], row["severity"]) for row in shop.rows(tables.Finding) if row["code"] == "SYN505"]


def test_the_end_is_kept_through_failures_and_follows_a_new_token(migrated_url: str) -> None:
    tool = Tool()
    tool.fill("SHOP", 1)
    fake = Ending(tool)
    shop = world(migrated_url, fake)
    shop.sync()
    assert ends(shop) == START + timedelta(days=20)
    assert codes(shop) == []

    fake.list_error = Refused("the token has ended")
    shop.now += timedelta(days=18)
    shop.sync()
    assert ends(shop) == START + timedelta(days=20)
    assert codes(shop) == [("SYN505", "critical")]

    fake.list_error, fake.ends = None, None
    shop.sync()
    assert ends(shop) is None
