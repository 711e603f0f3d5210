"""`python tests/alerts/killed_sending.py DATABASE URL`: for each moment on standard input, a process that sends what
waits, again and again, until it is killed. Forked, as Apprise takes seconds to load.
"""

import os
import sys
import threading
from datetime import datetime

import store
from alerts.channel import form
from alerts.message import plain
from alerts.send import send_alerts
from tests.alerts.office import configured, words


def run(database: str, url: str, now: datetime) -> None:
    """Sends without end."""
    engine = store.connect(database)
    config = configured({"hook": url})
    stop = threading.Event()
    while True:
        send_alerts(engine, config, now=lambda: now, stop=stop, words=words, hide=str)
        stop.wait(0.002)  # it is set by nobody: others need the processor, too


def say(text: str) -> None:
    """A line to whoever kills."""
    os.write(1, f"{text}\n".encode())


if __name__ == "__main__":
    _, database, url = sys.argv
    form(url)
    # What a process loads at its first use is loaded before it is forked.
    store.connect(database).dispose()
    plain("", "", "", {})
    say("ready")
    for line in sys.stdin:
        if (child := os.fork()) == 0:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            run(database, url, datetime.fromisoformat(line.strip()))
        say(str(child))
        os.waitpid(child, 0)
        say("dead")
