"""A Jira Cloud or Data Center on loopback."""

from simulator.jira.atlassian import ALL_SCOPES, Atlassian
from simulator.jira.jql import BadQuery
from simulator.jira.server import JiraSite

__all__ = ["ALL_SCOPES", "Atlassian", "BadQuery", "JiraSite"]
