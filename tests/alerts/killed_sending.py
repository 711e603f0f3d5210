"""`python tests/alerts/killed_sending.py DATABASE URL NOW`: sends what waits, again and again, to be killed."""

import sys
import threading
from datetime import datetime

import store
from alerts.channel import form
from alerts.send import send_alerts
from tests.alerts.office import configured, words


def run(database: str, url: str, now: str) -> None:
    engine = store.connect(database)
    config = configured({"hook": url})
    stop = threading.Event()
    at = datetime.fromisoformat(now)
    form(url)  # loads the plugins, so that this takes none of the moments
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    while True:
        send_alerts(engine, config, now=lambda: at, stop=stop, words=words, hide=str)


if __name__ == "__main__":
    run(*sys.argv[1:])
