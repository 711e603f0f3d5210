"""Whether an address of a channel names a service that Apprise knows."""

import re
import warnings
from collections.abc import Iterator
from functools import cache
from typing import Any

from config.models import Config
from config.places import Places
from config.problems import Problem, nearest, shown

USUAL = frozenset(
    {
        *("discord", "form", "forms", "gchat", "json", "jsons", "mailto", "mailtos", "matrix", "matrixs", "mmost"),
        *("mmosts", "msteams", "ntfy", "ntfys", "opsgenie", "pagerduty", "rocket", "rockets", "ses", "sendgrid"),
        *("signl4", "slack", "sns", "splunk", "syslog", "tgram", "twilio", "webex", "workflow"),
        *("workflows", "xml", "xmls", "zulip"),
    }
)
"""Those of most installations. Only for others is Apprise asked, whose 170 plugins take two seconds to load."""
_SCHEMA = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,30}(?=://)")


def channels(config: Config, places: Places) -> Iterator[Problem]:
    """Errors about services that Apprise does not know; warnings about addresses that name none. No address is shown:
    it may be a secret.
    """
    for name, secret in config.alerts.channels.items():
        url, place = secret.get_secret_value(), ("alerts", "channels", name)
        found = _SCHEMA.match(url.strip())
        if places.is_damaged(place) or (found and found[0].lower() in USUAL):
            continue
        if not found:
            message = "no address of Apprise's, expected one like slack://… or mailtos://…: nothing can be sent to it"
            yield places.problem(place, message, warning=True)
        elif found[0].lower() in ("http", "https"):
            if not _is_native(url):
                message = "a web address of no service that Apprise knows. A webhook of your own is json://… (http)"
                yield places.problem(place, f"{message} or jsons://…")
        elif found[0].lower() not in _schemas():
            near = nearest(found[0].lower(), sorted(USUAL)) or nearest(found[0].lower(), _schemas())
            meant = f" Did you mean `{near}`?" if near else " https://appriseit.com/services lists them."
            yield places.problem(place, f"Apprise knows no service {shown(found[0])}.{meant}")


@cache
def _manager() -> Any:
    from apprise.manager_plugins import NotificationManager

    with warnings.catch_warnings():
        # Some of its plugins use what Python is about to drop.
        warnings.simplefilter("ignore")
        manager = NotificationManager()
        manager.load_modules()
    return manager


@cache
def _schemas() -> frozenset[str]:
    return frozenset(_manager().schemas())


def _is_native(url: str) -> bool:
    return any(plugin.parse_native_url(url) for plugin in _manager().plugins())
