"""What a connection names and does not see: kept until it sees it, for findings and for trust in the numbers."""

import json
from collections.abc import Iterable

import sqlalchemy as sa

from connectors.base import Listing
from mapping.vocabulary import glob_pattern
from store import fold, meta
from store.tables import Scope

_SCOPE = Scope.__table__


def keep(conn: sa.Connection, connection: str, connection_id: int, listing: Listing) -> dict[str, int]:
    """Keeps the refusals of a listing whose scopes are stored.

    A scope known from before that is refused now bears the reason as its error, and one that is merely gone bears none.
    Gives the id of the known scope by the words that name it, where one is so named.
    """
    hidden = conn.execute(
        sa.select(_SCOPE.c.id, _SCOPE.c.key_folded, _SCOPE.c.error).where(
            _SCOPE.c.connection_id == connection_id, ~_SCOPE.c.visible
        )
    ).all()
    by_words: dict[str, int] = {}
    for row in hidden:
        words, error = next(
            ((words, str(error)) for words, error in listing.refused if covers(words, row.key_folded)), (None, None)
        )
        if row.error != error:
            conn.execute(sa.update(_SCOPE).where(_SCOPE.c.id == row.id).values(error=error))
        if words is not None and fold(words) == row.key_folded:
            by_words[words] = row.id
    told = {words: str(error) for words, error in listing.refused}
    meta.write(conn, {_key(connection): json.dumps(told, ensure_ascii=False, sort_keys=True)})
    return by_words


def kept(conn: sa.Connection, connection: str, wanted: Iterable[str]) -> dict[str, str]:
    """What the connection refused at its last listing, and why, by the words that are still `wanted`."""
    told = json.loads(meta.read(conn, _key(connection)) or "{}")
    return {words: told[words] for words in wanted if words in told}


def covers(words: str, key_folded: str) -> bool:
    """Whether a scope's folded key is what these words (a key or a glob) name."""
    return glob_pattern(fold(words)).fullmatch(key_folded) is not None


def _key(connection: str) -> str:
    return f"refused {connection}"
