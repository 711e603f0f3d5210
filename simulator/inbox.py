"""A webhook on loopback that takes messages: where the sample company's alerts go in place of a chat."""

from collections.abc import Callable
from typing import TypeAlias

from simulator.site import Answer, Call, Endpoints, Handler, Refusal, Site

Told: TypeAlias = Callable[[str, str, str], None]


class Inbox(Site):
    """Calls `told` with the channel, the title and the text of each message. A channel is the path that it posts to."""

    def __init__(self, told: Told) -> None:
        super().__init__()
        self._told = told

    def endpoints(self) -> "InboxEndpoints":
        return InboxEndpoints(self._told)


class InboxEndpoints(Endpoints):
    """The one call that a webhook has."""

    def __init__(self, told: Told) -> None:
        self._told = told

    def routes(self) -> list[tuple[str, str, Handler]]:
        return [("POST", "/{channel}", self.take)]

    def admit(self, call: Call) -> None:
        """Nobody needs a password."""

    def take(self, call: Call) -> Answer:
        """One message, as `json://` of Apprise posts it."""
        body = call.json()
        self._told(call.params["channel"], str(body.get("title", "")), str(body.get("message", "")))
        return Answer(b"{}")

    def nothing_here(self, call: Call) -> Answer:
        raise Refusal(404, {"message": "Messages go to /CHANNEL."})
