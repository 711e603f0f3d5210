"""Which addresses a source may lead to, whatever its name says and whatever that name leads to a moment later."""

import ipaddress
import socket
from typing import Any

import pytest

from config import HttpValue, PrometheusValue
from connectors.base import Context
from connectors.errors import Refused, TryAgain
from connectors.values import fetch
from connectors.values.addresses import is_public
from tests.connectors.values.small_server import SmallServer

LINE = "add `allow_private: true` to the source"


def ask(url: str, context: Context, **more: Any) -> float:
    return fetch(HttpValue.model_validate({"http": url, "path": "value", **more}), context=context, connectors={})


def resolving(monkeypatch: pytest.MonkeyPatch, **names: list[str]) -> list[str]:
    """Names that lead to these addresses, one after the other; the names that were looked up. No others are known."""
    asked: list[str] = []
    whole = socket.getaddrinfo

    def look_up(host: Any, port: Any, *args: Any, **more: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        key = name.replace(".", "_")
        if key not in names:
            return whole(host, port, *args, **more)
        asked.append(name)
        found = names[key][min(len(asked), len(names[key])) - 1]
        return [
            found
            for one in found.split()
            for found in whole(one, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
        ]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return asked


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.9.9.9",
        "10.0.0.1",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "169.254.169.254",
        "169.254.0.1",
        "100.64.0.1",
        "0.0.0.0",
        "0.1.2.3",
        "192.0.0.1",
        "198.18.0.1",
        "224.0.0.1",
        "239.1.1.1",
        "240.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1",
        "fc00::1",
        "fd12:3456::1",
        "fec0::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "::127.0.0.1",
        "::10.0.0.1",
        "2002:7f00:1::",
        "2002:a00:1::",
        "64:ff9b::127.0.0.1",
        "64:ff9b::a9fe:a9fe",
        "2001:db8::1",
    ],
)
def test_an_address_that_is_no_public_one(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "1.1.1.1", "172.32.0.1", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_an_address_of_the_internet(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "127.1", "2130706433", "0x7f000001", "0", "[::1]", "[::ffff:127.0.0.1]"],
)
def test_this_machine_is_not_asked_unless_that_is_allowed(server: SmallServer, context: Context, host: str) -> None:
    server.says("/v", {"value": 1})
    port = server.url.rpartition(":")[2]
    with pytest.raises(Refused, match=LINE):
        ask(f"http://{host}:{port}/v", context)
    assert server.asked == []


@pytest.mark.parametrize(
    "host", ["169.254.169.254", "10.1.2.3", "192.168.0.1", "[fd00::1]", "[::ffff:a9fe:a9fe]", "100.100.100.200"]
)
def test_private_networks_and_the_machines_metadata_are_not_asked(context: Context, host: str) -> None:
    with pytest.raises(Refused, match="a private or reserved network, which a source may not read unless"):
        ask(f"http://{host}/latest/meta-data", context)


def test_the_line_to_add_is_the_one_that_helps(server: SmallServer, context: Context) -> None:
    url = server.says("/v", {"value": 1})
    with pytest.raises(Refused) as caught:
        ask(url, context)
    assert str(caught.value) == (
        "127.0.0.1: an address of this machine, which a source may not read unless that is allowed. "
        "If it is meant, add `allow_private: true` to the source, beside its url."
    )
    assert ask(url, context, allow_private=True) == 1


def test_the_same_holds_for_prometheus(server: SmallServer, context: Context) -> None:
    one = PrometheusValue(prometheus=server.url, query="up")
    with pytest.raises(Refused, match=LINE):
        fetch(one, context=context, connectors={})
    assert server.asked == []


def test_a_name_that_leads_to_a_private_address_is_refused(
    monkeypatch: pytest.MonkeyPatch, server: SmallServer, context: Context
) -> None:
    resolving(monkeypatch, metrics_example=["127.0.0.1"])
    with pytest.raises(Refused, match=r"metrics.example is 127\.0\.0\.1: an address of this machine"):
        ask(server.says("/v", {"value": 1}).replace("127.0.0.1", "metrics.example"), context)
    assert server.asked == []


def test_a_name_of_which_one_address_is_private_is_refused(monkeypatch: pytest.MonkeyPatch, context: Context) -> None:
    resolving(monkeypatch, metrics_example=["8.8.8.8 10.0.0.7"])
    with pytest.raises(Refused, match=r"metrics.example is 10\.0\.0\.7"):
        ask("http://metrics.example/v", context)


def test_a_name_that_leads_elsewhere_at_the_second_look_gets_no_byte(
    monkeypatch: pytest.MonkeyPatch, server: SmallServer, context: Context
) -> None:
    asked = resolving(monkeypatch, metrics_example=["8.8.8.8", "127.0.0.1"])
    with pytest.raises(Refused, match=r"metrics.example is 127\.0\.0\.1: an address of this machine"):
        ask(server.says("/v", {"value": 1}).replace("127.0.0.1", "metrics.example"), context)
    assert (asked, server.asked) == (["metrics.example", "metrics.example"], [])


def test_a_name_that_leads_nowhere_is_tried_again(monkeypatch: pytest.MonkeyPatch, context: Context) -> None:
    def nowhere(*_args: Any, **_more: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nowhere)
    with pytest.raises(TryAgain, match=r"metrics.example: no such host \(Name or service not known\)"):
        ask("http://metrics.example/v", context)


# --- by a proxy -------------------------------------------------------------------------------------------------------


@pytest.fixture
def proxied(monkeypatch: pytest.MonkeyPatch, server: SmallServer) -> SmallServer:
    """The server is the proxy that the environment names."""
    monkeypatch.setenv("http_proxy", server.url)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    return server


def test_a_proxy_looks_names_up_itself_and_may_be_a_private_address(proxied: SmallServer, context: Context) -> None:
    proxied.says("http://metrics.example/v", {"value": 5})
    assert ask("http://metrics.example/v", context) == 5


@pytest.mark.parametrize("host", ["169.254.169.254", "10.0.0.1", "app.localhost", "[fd00::1]", "127.1", "2130706433"])
def test_a_proxy_is_not_asked_for_a_private_address(proxied: SmallServer, context: Context, host: str) -> None:
    with pytest.raises(Refused, match=LINE):
        ask(f"http://{host}/v", context)
    assert proxied.asked == []


def test_our_own_loopback_is_asked_without_a_proxy(
    monkeypatch: pytest.MonkeyPatch, server: SmallServer, context: Context
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert ask(server.says("/v", {"value": 5}), context, allow_private=True) == 5
