"""`python -m simulator`: sites in a process of their own.

Prints their URLs as one line of JSON as soon as they take requests.
"""

import argparse
import gc
import json
import signal
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

from simulator import GitHubSite, JiraSite, Site, serve


def sites_asked_for(args: argparse.Namespace) -> dict[str, Site]:
    """Name of each site that the command line asks for, and the site."""
    sites: dict[str, Site] = {}
    if args.demo:
        from simulator import company

        now = datetime.now(UTC)
        sites["jira"], sites["github"] = company.sites(now.date(), now=lambda: datetime.now(UTC))
    if args.jira_cloud:
        sites["jira_cloud"] = JiraSite.from_folder(args.jira_cloud, "cloud")
    if args.jira_dc:
        sites["jira_dc"] = JiraSite.from_folder(args.jira_dc, "datacenter")
    if args.github:
        sites["github_recorded"] = GitHubSite.from_folder(args.github)
    if args.bulk_github or args.bulk_jira:
        from simulator import bulk

        if args.bulk_github:
            sites["bulk_github"] = bulk.github(*bulk.size(args.bulk_github), kilobytes=args.kb, seed=args.seed)
        if args.bulk_jira:
            flavour, measure = args.bulk_jira
            sites["bulk_jira"] = bulk.jira(flavour, *bulk.size(measure), kilobytes=args.kb, seed=args.seed)
    return sites


def main() -> None:
    """Serve until SIGINT or SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m simulator", description=__doc__)
    parser.add_argument("--jira-cloud", metavar="DIR", type=Path, help="a folder of raw issues, served as Jira Cloud")
    parser.add_argument(
        "--jira-dc", metavar="DIR", type=Path, help="a folder of raw issues, served as Jira Data Center"
    )
    parser.add_argument("--github", metavar="DIR", type=Path, help="a folder of raw issues, served as GitHub")
    parser.add_argument("--demo", action="store_true", help="the sample company: a Jira Cloud and a GitHub")
    parser.add_argument("--bulk-github", metavar="NxM", help="N repositories of M issues")
    parser.add_argument(
        "--bulk-jira", nargs=2, metavar=("FLAVOUR", "NxM"), help="cloud or datacenter, N projects of M issues"
    )
    parser.add_argument("--kb", type=float, default=5, help="kilobytes of an issue of the bulk sites (5)")
    parser.add_argument("--seed", type=int, default=1, help="seed of the bulk sites (1)")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds added to every answer (0)")
    parser.add_argument("--port", type=int, default=0, help="port of the first site, the others follow (any free ones)")
    args = parser.parse_args()
    # Issues stay for good: looking through all of them for garbage would show in loading and in measured times.
    gc.disable()
    sites = sites_asked_for(args)
    gc.freeze()
    gc.enable()
    if not sites:
        parser.error("nothing to serve: give --demo, a folder or a bulk size")
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with serve(*sites.values(), port=args.port, latency=args.latency) as running:
        sys.stdout.write(json.dumps({name: running.url_of(site) for name, site in sites.items()}) + "\n")
        sys.stdout.flush()
        stop.wait()


if __name__ == "__main__":
    main()
