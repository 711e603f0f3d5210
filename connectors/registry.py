"""Which kinds of tools there are: the entry points of the group `northing.connectors`, ours and other people's."""

from functools import cache
from importlib.metadata import EntryPoint, entry_points

from config import ConnectionOptions
from connectors.base import Connector
from connectors.errors import Refused

GROUP = "northing.connectors"


@cache
def _entries() -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=GROUP)}


def kinds() -> list[str]:
    """The kinds of connections that can be configured, in order. Imports nothing."""
    return sorted(_entries())


@cache
def connector(kind: str) -> type[Connector]:
    """The connector of a kind, imported on first use. Raises Refused where there is none, or it cannot be imported."""
    entry = _entries().get(kind)
    if entry is None:
        raise Refused(f"There is no connector of kind {kind!r}.", advice=f"Kinds: {', '.join(kinds())}.")
    try:
        return entry.load()
    except (ImportError, AttributeError) as error:
        package = entry.dist.name if entry.dist else "its package"
        raise Refused(
            f"The connector of kind {kind!r} cannot be imported: {error}.", advice=f"Reinstall {package}."
        ) from error


def connectors() -> dict[str, type[Connector]]:
    """All connectors by kind."""
    return {kind: connector(kind) for kind in kinds()}


def option_models() -> dict[str, type[ConnectionOptions]]:
    """By kind, the model that a connection's options are checked with."""
    return {kind: found.options_model for kind, found in connectors().items()}
