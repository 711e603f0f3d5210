"""`python -m cli.alerts_pictures FOLDER` draws messages about the sample company: the pictures of the documentation.

The texts are those that the services are sent. E-mail is drawn by a browser as it is; Slack and Teams are drawn after
their looks. Needs Chromium: `chromium`, or what CHROMIUM names.
"""

import html
import os
import re
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from cli.picture import DAY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alerts.changes import Change
    from alerts.channel import Message

BASE = "https://northing.acme.example"
COLOURS = {"critical": "#a32037", "warning": "#caa037", "info": "#3aa3e3", "good": "#3aa337"}
SLACK = """
<style>
body { margin: 0; padding: 20px 24px; font: 15px/1.47 Lato, 'Helvetica Neue', Arial, sans-serif; color: #1d1c1d }
body > div { display: flex; gap: 10px }
.sign { flex: none; width: 36px; height: 36px; line-height: 36px; border-radius: 6px; background: #1d3557 }
.sign { color: #fff; text-align: center; font-weight: bold }
.app { background: #ddd; border-radius: 2px; font-size: 10px; padding: 1px 3px }
.at { color: #616061; font-size: 12px }
.post { border-left: 4px solid; border-radius: 4px; padding-left: 12px; margin: 8px 0 14px }
.post > * { color: #1d1c1d } .post > b:first-child, a { color: #1264a3; text-decoration: none }
code { background: #f6f6f6; border: 1px solid #ddd; border-radius: 3px; font-size: 12px; padding: 1px 3px }
.post code { color: #c01343 }
</style>
<div><div class="sign">N</div>
<div><b>Northing</b> <span class="app">APP</span> <span class="at">13:00</span>POSTS</div></div>
"""
TEAMS = """
<style>
body { margin: 0; padding: 20px; font: 14px/1.4 'Segoe UI', Helvetica, Arial, sans-serif; background: #f5f5f5 }
p { margin: 0 0 8px } a { color: #5b5fc7 }
.from { color: #616161; font-size: 12px; margin: 0 0 4px 4px }
.card { color: #242424; background: #fff; border: 1px solid #e0e0e0; border-radius: 6px; padding: 16px }
.title { font-size: 20px; font-weight: 600; line-height: 1.25; margin-bottom: 10px }
</style>
<div class="from">Workflows · 13:00</div><div class="card"><div class="title">TITLE</div>TEXT</div>
"""


def main(folder: Path) -> None:
    """Writes all pictures to the folder."""
    import sqlalchemy as sa

    from alerts import changes
    from cli.session import Session
    from cli.wiring import connected, database, loaded
    from simulator import serve
    from simulator.company import sites, write_config
    from store.tables import FindingChange
    from sync.engine import sync

    jira, github = sites(DAY.date())
    with tempfile.TemporaryDirectory() as temporary, serve(jira, github) as running:
        path = write_config(Path(temporary), running.url_of(jira), running.url_of(github), DAY.date())
        config, stop = loaded(Session(config=path, quiet=True)).config, threading.Event()
        with database(config.database) as engine, connected(config, stop, lambda *_: None) as connectors:
            sync(engine, config, connectors, now=lambda: DAY, stop=stop)
            with engine.connect() as conn:
                opened = changes.read(conn, FindingChange.__table__.c.change == sa.literal("opened"))
        zone = config.zone
    by_code = {code: [one for one in opened if one.code == code] for code in {one.code for one in opened}}
    grave = [by_code[code][0] for code in ("COV101", "STR301", "STR304")]
    morning = [*by_code["STR301"][:1], *by_code["COV102"], *by_code["DRF207"][:1]]

    def told(number: str, some: "Sequence[Change]", *, greeting: bool = False) -> "Message":
        from alerts.message import Setting, compose
        from cli.alerts import words

        found = compose(some, Setting(words, zone, BASE), number=number, greeting=greeting)
        assert found is not None
        return found

    _draw(folder / "alerts-mail.png", told("leads-1", grave, greeting=True).html, 700)
    posts = "".join(_post(one) for one in (told("leads-57", by_code["STR301"][:1]), told("leads-58", morning[1:])))
    _draw(folder / "alerts-slack.png", SLACK.replace("POSTS", posts), 760)
    _draw(folder / "alerts-teams.png", _card(told("commerce-57", morning)), 700)


def _post(message: "Message") -> str:
    text = re.sub(r"<(https://[^|>]+)\|([^>]+)>", r'<a href="\1">\2</a>', message.slack)
    text = re.sub(r"\*(?!\u200b)([^*\n]+)\*(?!\u200b)", r"<b>\1</b>", text)
    text = re.sub(r"`(?!\u200b)([^`\n]+)`(?!\u200b)", r"<code>\1</code>", text).replace("\n", "<br>")
    colour, title = COLOURS[message.tone], html.escape(message.title)
    return f'<div class="post" style="border-color: {colour}"><b>{title}</b><br><span>{text}</span></div>'


def _card(message: "Message") -> str:
    from markdown_it import MarkdownIt

    text = MarkdownIt().render(message.teams)
    return TEAMS.replace("TITLE", html.escape(message.title)).replace("TEXT", text)


def _draw(target: Path, page: str, width: int) -> None:
    """A picture of a page as high as the page is."""
    browser = [os.environ.get("CHROMIUM", "chromium"), "--headless", "--no-sandbox", "--hide-scrollbars"]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "page.html")
        measured = f"{page}<script>document.title = document.documentElement.getBoundingClientRect().height</script>"
        file.write_text(measured, encoding="utf-8")
        shown = _run([*browser, f"--window-size={width},200", "--dump-dom", file.as_uri()])
        height = int(re.findall(r"<title>(\d+)", shown)[-1]) + 1
        _run([*browser, f"--window-size={width},{height}", f"--screenshot={target.absolute()}", file.as_uri()])


def _run(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout  # noqa: S603 - made above


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/images"))
