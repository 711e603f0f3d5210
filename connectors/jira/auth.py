"""What signs a request to Jira."""

import base64
from typing import Protocol

from connectors.jira.options import JiraAuth


class Signer(Protocol):
    """Signs requests, from any thread. Both methods raise SourceError where no credentials are to be had."""

    def sign(self) -> dict[str, str]:
        """The header that signs a request now."""
        ...

    def renew(self) -> bool:
        """The last request of this thread met 401. True: credentials are new since, and it may be sent again."""
        ...


class TokenSigner:
    """An API token or a personal access token: Basic with the account's e-mail address, else Bearer.

    `bearer`: Bearer although there is an address, as some service accounts want it.
    """

    def __init__(self, auth: JiraAuth, *, bearer: bool = False) -> None:
        token = auth.token.get_secret_value() if auth.token else ""
        if auth.email is None or bearer:
            self._header = f"Bearer {token}"
        else:
            self._header = "Basic " + base64.b64encode(f"{auth.email}:{token}".encode()).decode()

    def sign(self) -> dict[str, str]:
        """The same header each time."""
        return {"Authorization": self._header}

    def renew(self) -> bool:
        """A token that is refused stays so: False."""
        return False
