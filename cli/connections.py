"""The configuration in force and its connectors, which change under the jobs that use them without disturbing any."""

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from config import Config
    from connectors.base import Connector


@dataclass(frozen=True)
class Leased:
    """What a job works with until it ends: a configuration, and the connector of each of its connections by name."""

    config: "Config"
    connectors: "dict[str, Connector]"


@dataclass
class _Held:
    """A connector, what it was made of, and how many jobs use it. Once replaced it is closed after the last of them."""

    connector: "Connector"
    made_of: object
    users: int = 0
    replaced: bool = False


class Connections:
    """Holds connectors. `make` makes one by its connection's name and the configuration."""

    def __init__(self, config: "Config", make: "Callable[[str, Config], Connector]") -> None:
        self._make = make
        self._lock = threading.Lock()
        self._config = config
        self._held: dict[str, _Held] = {}
        self.replace(config)

    @property
    def config(self) -> "Config":
        """The configuration in force."""
        return self._config

    def replace(self, config: "Config") -> list[str]:
        """Takes another configuration: makes the connectors that it changes anew, and tells which.

        All others stay, and so do all for jobs that have begun. Where one cannot be made, everything stays.
        """
        anew: dict[str, _Held] = {}
        try:
            for name in config.connections:
                made_of = config.connections[name], config.conventions, config.counting.measure
                before = self._held.get(name)
                if before is None or before.made_of != made_of:
                    anew[name] = _Held(self._make(name, config), made_of)
        except BaseException:
            for one in anew.values():
                one.connector.close()
            raise
        with self._lock:
            before_all = self._held
            self._config = config
            self._held = {name: anew.get(name) or before_all[name] for name in config.connections}
            gone = [one for name, one in before_all.items() if self._held.get(name) is not one]
            for one in gone:
                one.replaced = True
            unused = [one for one in gone if not one.users]
        for one in unused:
            one.connector.close()
        return sorted(anew)

    @contextmanager
    def lease(self) -> Generator[Leased]:
        """The configuration and connectors of now, for as long as a job takes."""
        with self._lock:
            held = dict(self._held)
            leased = Leased(self._config, {name: one.connector for name, one in held.items()})
            for one in held.values():
                one.users += 1
        try:
            yield leased
        finally:
            with self._lock:
                for one in held.values():
                    one.users -= 1
                unused = [one for one in held.values() if one.replaced and not one.users]
            for one in unused:
                one.connector.close()

    def close(self) -> None:
        """Closes all connectors."""
        for one in self._held.values():
            one.connector.close()
