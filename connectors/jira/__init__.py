"""Jira Cloud and Jira Data Center."""

from connectors.jira.connector import Jira
from connectors.jira.options import JiraOptions

__all__ = ["Jira", "JiraOptions"]
