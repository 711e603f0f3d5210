"""A Jira and a GitHub that run on loopback: for the demo, the tests and the benchmarks.

    jira, github = company.sites(today=date(2026, 11, 24))
    with serve(jira, github) as running:
        running.url_of(jira)      # http://127.0.0.1:43121

A site is a Starlette application over a state in raw API shape. Tests drive it (`site.edit(…)`, `site.delete(…)`,
`site.advance(timedelta(hours=1))`) and read what clients asked (`site.requests`). Safe from several threads.
"""

from simulator.github import GitHubSite
from simulator.inbox import Inbox
from simulator.jira import JiraSite
from simulator.server import Running, serve
from simulator.site import Seen, Site

__all__ = ["GitHubSite", "Inbox", "JiraSite", "Running", "Seen", "Site", "serve"]
