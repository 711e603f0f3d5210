"""The way into a site: at its own address or through Atlassian's gateway, and how requests are signed there."""

import threading
from dataclasses import dataclass
from datetime import datetime

from connectors.answers import ABSENT
from connectors.base import Context
from connectors.errors import Refused, SourceError
from connectors.jira import gateway
from connectors.jira.auth import Signer, TokenSigner
from connectors.jira.control import Control
from connectors.jira.oauth import OAuthSigner
from connectors.jira.options import JiraOptions
from connectors.jira.rules import LacksScope, classify, lacks_scope, token_page
from connectors.transport import Transport
from connectors.writing import WRITES

_REFUSED = ABSENT | {401, 403}


@dataclass(frozen=True)
class Access:
    """An open way. `site`: the address that people open, None where only the site itself tells it."""

    transport: Transport
    control: Control
    site: str | None
    scopes: frozenset[str] | None = None
    """What the consent allows, where that is told."""

    def close(self) -> None:
        """Close sockets."""
        self.transport.close()
        self.control.close()


class Door:
    """Finds the way in once, and keeps it. For any number of threads."""

    def __init__(self, name: str, options: JiraOptions, context: Context) -> None:
        self._name = name
        self._options = options
        self._context = context
        self._lock = threading.RLock()
        self._found: Access | None = None
        self.oauth = OAuthSigner(name, options, context) if options.auth.oauth else None

    def open(self) -> Access:
        """The way in. Raises SourceError where there is none."""
        with self._lock:
            if self._found is None:
                self._found = self._find()
            return self._found

    def check(self) -> Access:
        """The way in, having asked the site whether it knows the account. Raises SourceError where it does not."""
        with self._lock:
            new = self._found is None
            access = self.open()
        if not (new and self._asks_first):
            _known(access)
        return access

    def now(self) -> datetime:
        """The time, in UTC."""
        return self._context.now()

    def close(self) -> None:
        """Close sockets. Waits for nobody who is still on the way in."""
        if (found := self._found) is not None:
            found.close()

    @property
    def _asks_first(self) -> bool:
        """Whether only the site can tell which way is the right one."""
        auth = self._options.auth
        return not auth.oauth and (auth.email is not None or gateway.is_atlassians(self._options.url))

    def _find(self) -> Access:
        options = self._options
        if self.oauth is not None:
            site = gateway.consented(options, self.oauth, self._context)
            return self._access(gateway.behind(options, site.id), self.oauth, site.url, frozenset(site.scopes))
        if not self._asks_first:
            return self._access(options.url, TokenSigner(options.auth), None)
        if gateway.is_gateway(options.url):
            return self._first_that_opens(options.url, None)
        direct = self._access(options.url, TokenSigner(options.auth), None)
        try:
            _known(direct, absent_is_fine=False)
        except SourceError as error:
            if not isinstance(error, Refused) or error.status not in _REFUSED:
                direct.close()
                raise
            return self._around(direct, error)
        return direct

    def _around(self, direct: Access, refused: Refused) -> Access:
        """The way through the gateway, where the site itself answers a token as if it were wrong."""
        found = gateway.cloud_id(self._options, self._context)
        if found is None and gateway.is_atlassians(self._options.url):
            direct.close()
            raise Refused(
                f"There is no site of Atlassian's at {self._options.url}.",
                advice="Correct the connection's url: the address that you open Jira with, up to its first slash.",
                status=404,
            ) from refused
        if found is None:
            if refused.status in ABSENT:
                return direct  # a site that does not tell whose token it is
            direct.close()
            raise refused
        direct.close()
        try:
            return self._first_that_opens(gateway.behind(self._options, found), self._options.url)
        except Refused as error:
            if error.status not in _REFUSED or isinstance(error, LacksScope):
                raise
            raise Refused(
                f"{self._options.url} does not accept the credentials, and neither does Atlassian's gateway.",
                advice="The token is wrong, has expired or was revoked, or belongs to another e-mail address or site: "
                f"make a new one at {token_page()}.",
                status=401,
            ) from error

    def _first_that_opens(self, url: str, site: str | None) -> Access:
        """At the gateway a service account's token may count as Bearer only, a person's as Basic only."""
        auth = self._options.auth
        signers = [TokenSigner(auth), *([TokenSigner(auth, bearer=True)] if auth.email else [])]
        first: SourceError | None = None
        for signer in signers:
            access = self._access(url, signer, site)
            try:
                _known(access, absent_is_fine=False)
            except SourceError as error:
                access.close()
                if error.status != 401 or isinstance(error, LacksScope):
                    raise
                first = first or error
            else:
                return access
        assert first is not None
        raise first

    def _access(self, url: str, signer: Signer, site: str | None, scopes: frozenset[str] | None = None) -> Access:
        options = self._options
        transport = Transport(
            url,
            auth=signer.sign,
            context=self._context,
            account=options.account(),
            in_flight=options.in_flight,
            reserve=options.reserve,
            writes=WRITES,
            classify=classify,
            renew=signer.renew,
            expired=lambda answer: answer.status == 401 and not lacks_scope(answer),
            ca_bundle=options.ca_bundle,
            proxy=options.proxy,
        )
        return Access(transport, Control(options, transport, signer), site, scopes)


def _known(access: Access, *, absent_is_fine: bool = True) -> None:
    try:
        access.control.myself()
    except Refused as error:
        if not absent_is_fine or error.status not in ABSENT:
            raise
