"""Noticing that configuration files have changed, and reading them again."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from cli.session import Session

if TYPE_CHECKING:
    from config import ConfigError, Loaded, Sources


class Watch:
    """Watches the files of a configuration by their content. `loaded` is what was read at first."""

    def __init__(self, path: Path) -> None:
        """`path`: the main file. Raises ConfigError where the configuration cannot be used."""
        from config import ConfigError

        self.path = path
        self._noted: Sources
        self._seen: Sources | None = None
        found = self._read()
        if isinstance(found, ConfigError):
            raise found
        self.loaded = found

    def poll(self) -> "Loaded | ConfigError | None":
        """What changed files say, or what is wrong with them; None while nothing has changed.

        Files that still change are left alone until they are the same twice: nobody is caught in the middle of saving
        them. Each content is told once.
        """
        now = self._noted.now()
        settled, self._seen = now == self._seen, now
        if now == self._noted or not settled:
            return None
        return self._read()

    def again(self) -> "Loaded | ConfigError":
        """Reads the files now, changed or not."""
        return self._read()

    def _read(self) -> "Loaded | ConfigError":
        from config import ConfigError, Sources, load
        from connectors.registry import option_models

        self._noted, self._seen = Sources(), None
        try:
            return load(self.path, env=os.environ, kinds=option_models(), sources=self._noted)
        except ConfigError as error:
            return error


def watched(session: Session) -> Watch:
    """Watches the configuration of a call, whose secrets are hidden from now on."""
    from config import find

    watch = Watch(find(session.config, os.environ, Path.cwd()))
    session.hide = watch.loaded.references.hide
    session.secrets.read(watch.loaded)
    return watch
