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


def masked(url: str) -> str:
    """`url` with the password, and what a query says under a name like a secret's, replaced by `***`."""
    url = re.sub(r"(?<=://)([^/?#@:]*):[^/?#]*@", r"\1:***@", url)
    return re.sub(r"(?i)([?&][^=&#]*(?:token|key|secret|passw|auth|sig)[^=&#]*=)[^&#]+", r"\1***", url)
