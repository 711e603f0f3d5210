"""What is around a service under soak: a small company's tools, in which people work, and a channel for alerts.

`python -m benchmarks.soak.world PORT START`: prints the addresses of tools and channel. Each line on standard input is
an `Order`, answered when all of it is done. PORT is where the service takes deliveries, START the instant at which all
clocks begin.
"""

import json
import random
import sys
import threading
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

import msgspec

from simulator import GitHubSite, JiraSite, serve
from simulator.weather import Fault, Weather
from simulator.webhooks import GitHubSender, JiraSender, Sent

SECRET = "a-shared-secret"
Sky = Literal["fair", "rain", "outage", "no entry"]
SKIES: dict[Sky, dict[Fault, float]] = {
    "rain": {
        "reset": 0.05,
        "cut": 0.03,
        "truncated": 0.03,
        "slow": 0.02,
        "429": 0.04,
        "500 page": 0.04,
        "502 page": 0.04,
    },
    "outage": {"502 page": 1.0},
    "no entry": {"expired token": 1.0},
}
ALWAYS = 1_000_000
PLACES = {"jira": ("SHOP", "PLAT"), "github": ("acme/shop", "acme/web")}
ITEMS = 24
"""Of each project and repository."""
STATUSES = ("To Do", "In Progress", "Done")
MARKS = ("kr:GROW.1", "kr:GROW.2", "kr:SOAK.1", "maintenance", "backend")


class Order(msgspec.Struct):
    """What happens: the clocks are set to `now`, then people change `edits` things. `taking`: the channel accepts."""

    now: datetime
    edits: int = 0
    jira: Sky = "fair"
    github: Sky = "fair"
    taking: bool = True


class Done(msgspec.Struct):
    """What came of an order: deliveries that the service took and did not take, and with what each change was told.

    `told`: for each change, the ids of the messages that the channel accepted. `digests`: how often each was accepted.
    Both are of all orders so far, and only given where nothing was to be edited.
    """

    posted: int = 0
    refused: int = 0
    told: dict[int, list[str]] = {}
    digests: dict[str, int] = {}


@dataclass
class Channel:
    """A webhook of the kind that Apprise sends to."""

    taking: bool = True
    told: dict[int, list[str]] = field(default_factory=dict)
    digests: Counter[str] = field(default_factory=Counter)

    def take(self, body: dict[str, Any]) -> int:
        """The status of the answer."""
        if not self.taking:
            return 500
        if "alerts" not in body:
            self.digests[body["id"]] += 1
        for change in body.get("alerts", ()):
            self.told.setdefault(change["id"], []).append(body["id"])
        return 200

    def server(self) -> ThreadingHTTPServer:
        """What listens."""

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.send_response(channel.take(json.loads(self.rfile.read(int(self.headers["Content-Length"])))))
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its base's word
                """Nothing."""

        channel = self
        return ThreadingHTTPServer(("127.0.0.1", 0), Handler)


class JiraPeople:
    """Who works in Jira."""

    def __init__(self, site: JiraSite, chance: random.Random) -> None:
        self._site, self._chance, self._size = site, chance, len(site.issues)

    def act(self) -> None:
        """One change of one issue."""
        site, chance = self._site, self._chance
        key = chance.choice(
            [one.key for one in site.issues.values() if one.fields["issuetype"]["name"] not in ("Epic", "Initiative")]
        )
        labels = site.issue(key)["fields"]["labels"]
        acts: list[tuple[int, Callable[[], object]]] = [
            (30, lambda: site.transition(key, chance.choice(STATUSES))),
            (25, lambda: site.edit(key, summary=f"Changed {chance.randrange(10**6)}", estimate=chance.randrange(1, 9))),
            (15, lambda: _mark(site, key, labels, chance)),
            (10, lambda: self._come_or_go(key)),
            (5, lambda: site.move(key, chance.choice(PLACES["jira"]))),
            (5, lambda: site.block(key, chance.choice(_others(site, key)))),
        ]
        _one_of(acts, chance)()

    def _come_or_go(self, key: str) -> None:
        if len(self._site.issues) >= self._size:
            self._site.delete(key)
        else:
            self._site.add_issue(self._chance.choice(PLACES["jira"]), "New work", labels=[self._chance.choice(MARKS)])


class GitHubPeople:
    """Who works in GitHub."""

    def __init__(self, site: GitHubSite, chance: random.Random) -> None:
        self._site, self._chance, self._size = site, chance, len(site.keys())

    def act(self) -> None:
        """One change of one issue."""
        site, chance = self._site, self._chance
        key = chance.choice(site.keys())
        raw = site.issue(key)
        labels = [one["name"] for one in raw["labels"]]
        acts: list[tuple[int, Callable[[], object]]] = [
            (30, lambda: site.close(key) if raw["state"] == "open" else site.reopen(key)),
            (25, lambda: site.edit(key, title=f"Changed {chance.randrange(10**6)}", body="Key-Result: SOAK.1")),
            (15, lambda: _mark(site, key, labels, chance)),
            (10, lambda: self._come_or_go(key)),
            (5, lambda: self._transfer(key)),
            (5, lambda: site.block(key, chance.choice(_others(site, key)))),
        ]
        _one_of(acts, chance)()

    def _come_or_go(self, key: str) -> None:
        if len(self._site.keys()) >= self._size:
            self._site.delete(key)
        else:
            where = self._chance.choice(PLACES["github"])
            self._site.add_issue(where, "New work", labels=[self._chance.choice(MARKS)])

    def _transfer(self, key: str) -> None:
        where = self._chance.choice(PLACES["github"])
        if key.partition("#")[0] != where and "pull_request" not in self._site.issue(key):
            self._site.transfer(key, where)


def _one_of(acts: list[tuple[int, Callable[[], object]]], chance: random.Random) -> Callable[[], object]:
    [found] = chance.choices([act for _, act in acts], [weight for weight, _ in acts])
    return found


def _others(site: JiraSite | GitHubSite, key: str) -> list[str]:
    keys = site.keys()
    return [one for one in keys if one != key]


def _mark(site: JiraSite | GitHubSite, key: str, labels: list[str], chance: random.Random) -> None:
    label = chance.choice(MARKS)
    (site.remove_label if label in labels else site.add_label)(key, label)


def _sites(start: datetime, now: Callable[[], datetime]) -> tuple[JiraSite, GitHubSite]:
    jira, github, chance = JiraSite("cloud", now=now), GitHubSite(now=now), random.Random(5)
    for place in PLACES["jira"]:
        jira.add_project(place, place.title())
        jira.add_version(place, "4.0", start.date() + timedelta(days=40))
        epic = jira.add_issue(place, "All of it", "Epic", created=start - timedelta(days=40))
        for number in range(ITEMS):
            created = start - timedelta(days=number)
            labels = [MARKS[number % len(MARKS)]]
            jira.add_issue(
                place, f"Work {number}", status=STATUSES[number % 3], labels=labels,
                parent=epic if number % 2 else None, versions=["4.0"] if number % 3 else [],
                estimate=chance.randrange(1, 9), created=created, updated=created + timedelta(hours=9),
            )  # fmt: skip
    for place in PLACES["github"]:
        github.add_repository(place)
        github.add_milestone(place, "Release 4", start.date() + timedelta(days=40))
        for number in range(ITEMS):
            github.add_issue(
                place, f"Work {number}", labels=[MARKS[number % len(MARKS)]], pull_request=number % 8 == 7,
                milestone="Release 4" if number % 3 else None, state="closed" if number % 4 == 1 else "open",
                created=start - timedelta(days=number + 1), updated=start - timedelta(days=number),
            )  # fmt: skip
    return jira, github


class Surroundings:
    """The tools with their people and webhooks, and the channel."""

    def __init__(self, start: datetime, port: int) -> None:
        self.now = start
        self.channel = Channel()
        self.jira, self.github = _sites(start, lambda: self.now)
        self._chance = random.Random(7)
        self._people = (JiraPeople(self.jira, self._chance), GitHubPeople(self.github, self._chance))
        self._senders = {"jira": JiraSender(self.jira, SECRET), "github": GitHubSender(self.github, SECRET)}
        self._late: list[tuple[str, Sent]] = []
        self._port = port

    def do(self, order: Order) -> Done:
        """Carries an order out."""
        self.now, self.channel.taking = order.now, order.taking
        for site, sky in ((self.jira, order.jira), (self.github, order.github)):
            site.requests.clear()
            site.weather = None
            if sky in SKIES:
                always = sky != "rain"
                seed = int(order.now.timestamp())
                site.weather = Weather(seed, SKIES[sky], slow_s=0.05, calm_after=ALWAYS if always else 3)
        for _ in range(order.edits):
            self._chance.choice(self._people).act()
        done = Done() if order.edits else Done(told=self.channel.told, digests=dict(self.channel.digests))
        self._tell(done)
        return done

    def _tell(self, done: Done) -> None:
        """Webhooks as they arrive: most at once, some late, twice or never."""
        due, self._late = self._late, []
        for kind, sender in self._senders.items():
            for sent in sender.deliveries():
                luck = self._chance.random()
                if luck < 0.1:
                    self._late.append((kind, sent))
                elif luck < 0.95:
                    due += [(kind, sent)] * (2 if luck < 0.15 else 1)
        for kind, sent in due:
            address = f"http://127.0.0.1:{self._port}/hooks/{kind}"
            try:
                with urllib.request.urlopen(urllib.request.Request(address, sent.body, sent.headers), timeout=60):
                    done.posted += 1
            except urllib.error.HTTPError as error:
                with error:
                    done.refused += 1


def main() -> None:
    """Carries orders out until there are no more."""
    around = Surroundings(datetime.fromisoformat(sys.argv[2]), int(sys.argv[1]))
    with serve(around.jira, around.github) as running, around.channel.server() as channel:
        threading.Thread(target=channel.serve_forever, daemon=True).start()
        where = {
            "jira": running.url_of(around.jira),
            "github": running.url_of(around.github),
            "channel": f"json://127.0.0.1:{channel.server_address[1]}/hook",
        }
        sys.stdout.write(json.dumps(where) + "\n")
        sys.stdout.flush()
        for line in sys.stdin:
            done = around.do(msgspec.json.decode(line, type=Order))
            sys.stdout.write(msgspec.json.encode(done).decode() + "\n")
            sys.stdout.flush()
        channel.shutdown()


if __name__ == "__main__":
    main()
