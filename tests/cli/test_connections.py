"""Connectors follow the configuration, one by one, and never under a job that uses them."""

from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from cli.connections import Connections
from config import Config, ConnectionOptions
from connectors.base import Connector


@dataclass
class Made:
    """A connector that only knows whether it was closed."""

    name: str
    closed: bool = False

    def close(self) -> None:
        assert not self.closed
        self.closed = True


@dataclass
class Workshop:
    made: list[Made] = field(default_factory=list)
    breaks: str | None = None

    def make(self, name: str, _config: Config) -> Connector:
        if name == self.breaks:
            raise OSError("no such certificate")
        self.made.append(Made(name))
        return cast("Connector", self.made[-1])

    def open(self) -> list[str]:
        return [one.name for one in self.made if not one.closed]


def config(**connections: dict[str, Any]) -> Config:
    return Config(connections={name: ConnectionOptions(kind="fake", **more) for name, more in connections.items()})


def test_only_what_changed_is_made_anew() -> None:
    shop = Workshop()
    held = Connections(config(a={}, b={}, c={}), shop.make)
    assert held.replace(config(a={}, b={"in_flight": 3}, d={})) == ["b", "d"]
    assert shop.open() == ["a", "b", "d"]
    assert held.replace(held.config.model_copy(update={"timezone": "Europe/Zurich"})) == []
    held.close()
    assert shop.open() == []


def test_a_job_ends_with_what_it_began_with() -> None:
    shop = Workshop()
    held = Connections(config(a={}, b={}), shop.make)
    with held.lease() as leased:
        held.replace(config(a={"in_flight": 3}))
        with held.lease() as later:
            assert list(later.connectors) == ["a"]
            assert later.config.connections["a"].in_flight == 3
        assert shop.open() == ["a", "b", "a"], "nothing is closed under the job"
        assert leased.config.connections["a"].in_flight == 8
        assert [cast("Made", one) for one in leased.connectors.values()] == shop.made[:2]
    assert shop.open() == ["a"]
    assert not shop.made[2].closed


def test_where_a_connector_cannot_be_made_all_stays_as_it_was() -> None:
    shop = Workshop()
    held = Connections(config(a={}), shop.make)
    shop.breaks = "c"
    with pytest.raises(OSError, match="no such certificate"):
        held.replace(config(a={"in_flight": 3}, b={}, c={}))
    assert shop.open() == ["a"]
    assert held.config == config(a={})
