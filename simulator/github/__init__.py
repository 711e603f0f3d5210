"""A GitHub on loopback."""

from simulator.github.server import GitHubSite

__all__ = ["GitHubSite"]
