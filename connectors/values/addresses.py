"""Which addresses a source may lead to: those of the Internet, and others only where its configuration allows them.

Whoever writes a key result may not read the metadata of the machine or what listens behind the firewall with it.
"""

import ipaddress
import socket

from connectors.errors import Refused, TryAgain

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def is_public(address: Address) -> bool:
    """Whether an address belongs to the Internet, by what it leads to: IPv4 hides in IPv6 in several ways."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if inner is None and address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
        if int(address) >> 32 == 0 or address.is_site_local:  # ::a.b.c.d, and fec0::/10
            return False
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


def check_peer(host: str, peer: str) -> None:
    """Raises Refused where `peer`, the address that `host` leads to, is no public one."""
    address = ipaddress.ip_address(peer.partition("%")[0])
    if is_public(address):
        return
    kind = "this machine" if address.is_loopback else "a private or reserved network"
    told = f"{host} is {address}" if host.strip("[]") != str(address) else host
    raise Refused(
        f"{told}: an address of {kind}, which a source may not read unless that is allowed.",
        advice="If it is meant, add `allow_private: true` to the source, beside its url.",
    )


def check_host(host: str, port: int) -> None:
    """Raises Refused where any address of `host` is no public one, TryAgain where its name leads nowhere."""
    for address in _resolved(host, port):
        check_peer(host, address)


def check_named(host: str) -> None:
    """Raises Refused where `host` itself is an address, or the name of this machine, and no public one.

    For requests by a proxy: it looks the names up, and decides what may be reached.
    """
    name = host.rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        check_peer(host, "127.0.0.1")
    try:
        ipaddress.ip_address(name)
    except ValueError:
        try:
            # 127.1, 2130706433, 0x7f000001: what is no address in writing may well be one to a resolver.
            name = socket.inet_ntoa(socket.inet_aton(name))
        except OSError:
            return
    check_peer(host, name)


def _resolved(host: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise TryAgain(
            f"{host}: no such host ({getattr(error, 'strerror', None) or error})",
            advice="Check the url and the name server.",
        ) from error
    return [str(place[4][0]) for place in found]
