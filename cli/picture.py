"""`python -m cli.picture FILE.svg` draws the status of the sample company: the picture of the README.

The company stands still at a fixed day, so that the same program draws the same picture.
"""

import os
import sys
import tempfile
import threading
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

DAY = datetime(2026, 11, 24, 12, tzinfo=UTC)
WIDTH = 164


def main(target: Path) -> None:
    """Writes the picture to `target`."""
    from rich.console import Console
    from rich.terminal_theme import SVG_EXPORT_THEME

    from cli.reader import reading
    from cli.session import Session
    from cli.standing import standing
    from cli.status_view import show
    from cli.wiring import connected, database, loaded
    from simulator import serve
    from simulator.company import sites, write_config
    from sync.engine import sync

    jira, github = sites(DAY.date())
    with tempfile.TemporaryDirectory() as folder, serve(jira, github) as running:
        path = write_config(Path(folder), running.url_of(jira), running.url_of(github), DAY.date())
        at = Session(config=path, quiet=True)
        config, stop = loaded(at).config, threading.Event()
        with database(config.database) as engine, connected(config, stop, lambda *_: None) as connectors:
            sync(engine, config, connectors, now=lambda: DAY, stop=stop)
        with reading(at) as reader:
            found = standing(reader)
    for scope in found.scopes:
        scope["age_s"] = 0  # by the clock of the database, which does not stand still
    os.environ.pop("NO_COLOR", None)
    console = Console(record=True, width=WIDTH, file=StringIO(), force_terminal=True, color_system="truecolor")
    show(found, console)
    svg = console.export_svg(title="northing status", theme=SVG_EXPORT_THEME, unique_id="northing")
    target.write_text(svg, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/images/status.svg"))
