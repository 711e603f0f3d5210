"""What answers point to: as a whole address, and whether credentials may be sent there."""

from urllib.parse import SplitResult, urljoin, urlsplit


def joined(base: str, to: str) -> str:
    """`to`, seen from `base`, as a whole address. Raises ValueError where it is none."""
    address = urljoin(base, to)
    _port(urlsplit(address))
    return address


def same_place(address: str, home: SplitResult) -> bool:
    """Whether `address` has the host and port of `home`, and is no step back from https to http."""
    to = urlsplit(address)
    if to.hostname != home.hostname:
        return False
    upgraded = home.scheme == "http" and to.scheme == "https"
    return upgraded or (to.scheme == home.scheme and _port(to) == _port(home))


def _port(url: SplitResult) -> int:
    return url.port or {"https": 443}.get(url.scheme, 80)
