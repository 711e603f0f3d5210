"""Where the service listens."""

from typing import Any

import pytest
from pydantic import ValidationError

from config import Config, Service


def service(**given: Any) -> Service:
    return Config(service=given).service


@pytest.mark.parametrize(
    "listen, host, port",
    [
        ("127.0.0.1:8080", "127.0.0.1", 8080),
        ("0.0.0.0:0", "0.0.0.0", 0),
        ("[::1]:80", "::1", 80),
        ("northing.acme.example:65535", "northing.acme.example", 65535),
    ],
)
def test_an_address_and_its_port(listen: str, host: str, port: int) -> None:
    found = service(listen=listen)
    assert (found.host, found.port) == (host, port)


def test_it_listens_on_this_machine_alone_and_messages_have_no_links_unless_told() -> None:
    assert (service().listen, service().url) == ("127.0.0.1:8080", None)


@pytest.mark.parametrize("listen", ["8080", ":8080", "host", "host:", "host:65536", "::1:80", "a b:80", "http://x:80"])
def test_what_is_no_address_is_refused(listen: str) -> None:
    with pytest.raises(ValidationError, match="an address and a port like"):
        service(listen=listen)


def test_the_url_of_links_ends_without_a_slash() -> None:
    assert service(url="https://acme.example/northing/").url == "https://acme.example/northing"


@pytest.mark.parametrize(
    "url", ["acme.example", "ftp://x", "https://u:p@x", "https://x?a=b", "https://x#a", "https://x:y"]
)
def test_what_is_no_url_to_link_to_is_refused(url: str) -> None:
    with pytest.raises(ValidationError, match="a URL like https"):
        service(url=url)
