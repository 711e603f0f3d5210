"""A Jira Cloud or Data Center on loopback."""

from simulator.jira.jql import BadQuery
from simulator.jira.server import JiraSite

__all__ = ["BadQuery", "JiraSite"]
