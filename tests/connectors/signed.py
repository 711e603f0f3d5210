"""Deliveries as the tools sign them."""

import hmac
import json
from typing import Any

from connectors.hooks import Delivery

SECRET = "It's a Secret to Everybody"


def signature(body: bytes, secret: str = SECRET) -> str:
    return f"sha256={hmac.digest(secret.encode(), body, 'sha256').hex()}"


def github(event: str, body: Any, delivery: str = "72d3162e-cc78-11e3-81ab-4c9367dc0958", **more: str) -> Delivery:
    """A delivery of GitHub. `body` is JSON, or the bytes themselves. Headers in `more` replace others; "" drops one."""
    return _delivery({"x-github-event": event, "x-github-delivery": delivery}, body, "x-hub-signature-256", more)


def jira(body: Any, delivery: str = "1764000000000-17", **more: str) -> Delivery:
    """A delivery of Jira."""
    return _delivery({"x-atlassian-webhook-identifier": delivery}, body, "x-hub-signature", more)


def _delivery(headers: dict[str, str], body: Any, signed: str, more: dict[str, str]) -> Delivery:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    all_ = {"content-type": "application/json", **headers, signed: signature(raw)}
    all_ |= {name.replace("_", "-"): value for name, value in more.items()}
    return Delivery({name: value for name, value in all_.items() if value}, raw)
