"""The database URL: which are understood, where a relative file lies, and how one is shown."""

import re
from pathlib import Path

from config.base import wrong

_SCHEME = re.compile(r"(sqlite|postgres(?:ql)?)(\+[a-z0-9_]+)?://", re.IGNORECASE)


def resolve(url: str, base: Path | None) -> str:
    """`url` with a relative SQLite path made absolute under `base` and `postgres://` spelled out.

    Raises ValueError, without repeating the URL, where it leads to neither SQLite nor PostgreSQL.
    """
    scheme = _SCHEME.match(url)
    if not scheme:
        raise wrong("a URL like sqlite:///northing.db or postgresql://user:password@host/database")
    rest = url[scheme.end() :]
    if scheme[1].lower() != "sqlite":
        return f"postgresql{scheme[2] or ''}://{rest}"
    if rest and not rest.startswith("/"):
        raise wrong("three slashes before a relative SQLite path, four before an absolute one: sqlite:///northing.db")
    path = rest[1:]
    if base is None or not path or path.startswith(("/", ":memory:", "file:", "?")):
        return url
    return f"sqlite{scheme[2] or ''}:///{Path(base).absolute() / path}"


def masked(text: str) -> str:
    """`text` without what its URLs say before an `@` or under a secret's name. A database's URL keeps its user."""
    text = re.sub(r"(?<=://)[^\s/?#:@]*:\S*@" if _SCHEME.match(text) else r"(?<=://)[^\s/?#]*@", _without, text)
    return re.sub(r"(?i)([?&][^\s=&#]*(?:token|key|secret|passw|auth|sig)[^\s=&#]*=)[^\s&#]+", r"\1***", text)


def _without(match: re.Match[str]) -> str:
    user = match[0].partition(":")[0] if _SCHEME.match(match.string) else ""
    return f"{user}:***@" if user else "***@"
