"""Values over TLS: whom is believed, and that a time-out ends a connection that is wrapped."""

import ssl
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from config import HttpValue
from connectors.base import Context
from connectors.errors import Refused, TryAgain
from connectors.values import fetch, web
from tests.connectors.values.small_server import SmallServer


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of 127.0.0.1 that signs itself, and its key, in one file."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "here")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "both.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return file


@pytest.fixture
def secure(server: SmallServer, certificate: Path) -> SmallServer:
    """The server, over TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    assert isinstance(server.running, ThreadingHTTPServer)
    server.running.socket = context.wrap_socket(server.running.socket, server_side=True, do_handshake_on_connect=False)
    server.url = server.url.replace("http:", "https:")
    return server


@pytest.fixture
def believed(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The environment names the certificate as one to trust."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    web.trusted.cache_clear()
    yield
    web.trusted.cache_clear()


def ask(url: str, context: Context, timeout: float = 30) -> float:
    one = HttpValue(http=url, path="value", allow_private=True, timeout=timeout)
    return fetch(one, context=context, connectors={})


@pytest.mark.usefixtures("believed")
def test_a_certificate_that_the_environment_names_is_believed(secure: SmallServer, context: Context) -> None:
    assert ask(secure.says("/v", {"value": 3}), context) == 3


def test_an_unknown_certificate_is_refused(secure: SmallServer, context: Context) -> None:
    with pytest.raises(Refused, match=r"certificate is not trusted.*Add its authority to the certificates"):
        ask(secure.says("/v", {"value": 3}), context)
    assert secure.asked == []


@pytest.mark.usefixtures("believed")
def test_a_certificate_of_another_host_is_refused(secure: SmallServer, context: Context) -> None:
    with pytest.raises(Refused, match="certificate is not trusted"):
        ask(secure.says("/v", {"value": 3}).replace("127.0.0.1", "localhost"), context)


@pytest.mark.usefixtures("believed")
def test_a_server_that_drips_is_left_at_the_time_out(secure: SmallServer, context: Context) -> None:
    def drip(handler: BaseHTTPRequestHandler) -> None:
        write = handler.wfile.write
        write(b"HTTP/1.0 200 OK\r\n\r\n")
        while not secure.over.wait(0.05):
            write(b" ")

    began, threads = time.monotonic(), threading.active_count()
    with pytest.raises(TryAgain, match="no whole answer within"):
        ask(secure.does("/v", drip), context, 0.5)
    assert time.monotonic() - began < 2
    assert threading.active_count() <= threads + 1  # the server's own
