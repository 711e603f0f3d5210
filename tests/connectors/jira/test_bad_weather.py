"""A reading through faults of all kinds ends with what a quiet one ends with."""

import random
import threading
from collections import Counter
from collections.abc import Awaitable, Callable, MutableMapping
from datetime import UTC, datetime
from typing import Any, Literal

import pytest
from starlette.applications import Starlette

from config import Conventions
from connectors.base import Context, Reading, Usage
from connectors.jira import Jira, JiraOptions
from simulator import JiraSite, serve

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]

LIMITED = (429, [(b"retry-after", b"2")], b"{}")
DOWN = (502, [(b"content-type", b"text/html")], b"<html>Bad gateway</html>")
LOGIN = (200, [(b"content-type", b"text/html")], b"<!doctype html><title>Log in</title>")


class Stormy(JiraSite):
    """Every request goes wrong up to four times before it is answered, in a way that its content decides."""

    def app(self) -> Starlette:
        inner, seen = super().app(), Counter[bytes]()

        class Storm(Starlette):
            async def __call__(self, scope: Message, receive: Callable[[], Awaitable[Message]], send: Send) -> None:
                asked = await receive()
                request = scope["raw_path"] + scope["query_string"] + asked.get("body", b"")
                seen[request] += 1
                chance = random.Random(request)
                faults = [chance.choice(["limited", "down", "login", "cut"]) for _ in range(chance.randrange(5))]
                fault = dict(enumerate(faults, start=1)).get(seen[request])

                async def again() -> Message:
                    return asked

                if fault is None or fault == "cut":
                    await inner(scope, again, _cut_off(send) if fault else send)
                else:
                    status, headers, body = {"limited": LIMITED, "down": DOWN, "login": LOGIN}[fault]
                    await send({"type": "http.response.start", "status": status, "headers": headers})
                    await send({"type": "http.response.body", "body": body})

        return Storm()


def _cut_off(send: Send) -> Send:
    """Half of each body, with headers that fit the half: only the JSON shows that there was more."""
    held: list[Message] = []

    async def half(message: Message) -> None:
        if message["type"] == "http.response.start":
            held.append(message)
            return
        body = message["body"][: len(message["body"]) // 2]
        [start] = held
        headers = [(name, value) for name, value in start["headers"] if name != b"content-length"]
        await send({**start, "headers": [*headers, (b"content-length", str(len(body)).encode())]})
        await send({**message, "body": body})

    return half


@pytest.mark.parametrize("flavour", ["cloud", "datacenter"])
def test_a_reading_through_bad_weather_is_complete(flavour: Literal["cloud", "datacenter"]) -> None:
    site = Stormy(flavour)
    site.add_project("SHOP", "Shop")
    site.add_version("SHOP", "1.0")
    keys = [site.add_issue("SHOP", f"Number {number}") for number in range(1000)]
    waits: list[float] = []
    with serve(site) as running:
        auth = {"email": site.email, "token": site.token} if site.cloud else {"token": site.token}
        options = JiraOptions.model_validate(
            {"kind": "jira", "url": running.url_of(site), "auth": auth, "projects": ["SHOP"], "boards": False}
        )
        context = Context(now=lambda: datetime.now(UTC), stop=threading.Event(), sleep=waits.append)
        jira = Jira("jira", options, Conventions(), "count", context)
        [scope] = jira.scopes().scopes
        assert len(jira.containers(scope, {}, Usage()).containers) == 1
        usage = Usage()
        pages = list(jira.items(scope, Reading(), usage))
        jira.close()
    assert [item.key for page in pages for item in page.items] == keys
    assert all(page.set_aside == [] for page in pages)
    assert usage.waited_s > 0
    assert any(wait >= 2 for wait in waits)
