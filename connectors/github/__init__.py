"""GitHub: github.com and Enterprise Server, read through its REST API."""

from connectors.github.connector import GitHub
from connectors.github.options import GitHubAuth, GitHubOptions

__all__ = ["GitHub", "GitHubAuth", "GitHubOptions"]
