"""`northing alerts`: trying channels, and looking at what would be sent."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.session import FAILED, ConfigOption, Failure, JsonOption, QuietOption, Session, command, group, session

if TYPE_CHECKING:
    from alerts.channel import Message, Outcome
    from alerts.message import Words
    from alerts.preview import Preview
    from config import Config


class Format(StrEnum):
    """How a message is written."""

    text = "text"
    slack = "slack"
    teams = "teams"
    html = "html"
    json = "json"


ChannelArgument = Annotated[
    str, typer.Argument(metavar="CHANNEL", help="Its name under `alerts.channels`.", show_default=False)
]


def register(program: typer.Typer) -> None:
    """Adds the group with its commands."""
    app = group(program, "alerts", "Try the channels of alerts, and look at what would be sent.")

    @command(app, "test", "northing alerts test leads")
    def test(
        ctx: typer.Context,
        channel: ChannelArgument,
        config: ConfigOption = None,
        json: JsonOption = False,
        quiet: QuietOption = False,
    ) -> None:
        """Send a test message to a channel, and say whether its service took it."""
        _test(session(ctx, config, json, quiet), channel)

    @command(app, "preview", "northing alerts preview", "northing alerts preview --channel leads --format slack")
    def preview(
        ctx: typer.Context,
        channel: Annotated[
            str | None, typer.Option("--channel", metavar="CHANNEL", help="Only this channel. Default: all.")
        ] = None,
        form: Annotated[Format, typer.Option("--format", help="How to write it.")] = Format.text,
        config: ConfigOption = None,
        json: JsonOption = False,
        quiet: QuietOption = False,
    ) -> None:
        """Show what each channel would be sent now, or, with nothing waiting, how it would hear of what is open.

        Nothing is sent.
        """
        _preview(session(ctx, config, json, quiet), channel, form)


def words(code: str) -> "Words":
    """What the rule of a code says: alerts and rules do not know each other. Nothing where another version found it."""
    from alerts.message import Words
    from sync.findings.registry import rules

    rule = rules().get(code)
    if rule is None:
        return Words("", "")
    return Words(rule.why, rule.ends, {reason.code: reason.text for reason in rule.reasons})


def _test(at: Session, name: str) -> None:
    from alerts.channel import deliver
    from alerts.message import plain
    from cli.wiring import loaded, now

    config = loaded(at).config
    _must_be_known(config, name)
    number = f"{name}-test-{now():%Y%m%d%H%M%S}"
    text = f"This is a test of the channel {name}, sent by hand. Nothing happened, and nothing needs doing."
    message = plain("Test message", text, number, {"id": number, "test": True, "alerts": []})
    outcome = deliver(name, config.alerts.channels[name].get_secret_value(), message)
    if not outcome.sent:
        raise _not_taken(at, name, outcome)
    if at.json:
        at.data({"channel": name, "message": number, "sent": True})
    else:
        at.say(f"Channel {name} took the message {number}. Look whether it arrived.")
    _send_what_waits(at, config, name)


def _not_taken(at: Session, name: str, outcome: "Outcome") -> Failure:
    place = f"`alerts.channels.{name}`"
    if outcome.error and outcome.error.startswith("The address"):
        advice = f"{place} holds it; https://appriseit.com/services says how those of each service are written."
    elif outcome.refused:
        advice = f"Compare {place} with what the service gave you: a webhook may be gone, a token may have ended."
    else:
        advice = "Check that this machine reaches the service. It may have taken the message all the same."
    return Failure(f"Channel {name} did not take the message: {at.hide(outcome.error or '')}", advice, code=FAILED)


def _send_what_waits(at: Session, config: "Config", name: str) -> None:
    """Makes what waits for the channel due now. Where the database cannot be reached, it is due within the hour."""
    from sqlalchemy.exc import SQLAlchemyError

    from alerts.outbox import try_now
    from cli.wiring import database
    from store import StoreError

    try:
        with database(config.database) as engine, engine.begin() as conn:
            try_now(conn, name)
    except (SQLAlchemyError, StoreError):
        at.note("The database cannot be reached, so what waits for the channel is tried again within an hour.")


def _preview(at: Session, name: str | None, form: Format) -> None:
    from alerts.message import Setting
    from alerts.preview import preview
    from cli.wiring import database, loaded, now

    config = loaded(at).config
    if name is not None:
        _must_be_known(config, name)
    if not config.alerts.channels:
        config = _with_example(config)
        at.note("There are no channels under `alerts.channels` yet. One that hears of all would begin with this.")
    setting = Setting(words, config.zone, config.service.url)
    with database(config.database) as engine:
        found = [one for one in preview(engine, config, setting, now()) if name in (None, one.channel)]
    if at.json:
        at.data(
            [
                {
                    "channel": one.channel,
                    "about": one.about,
                    "waits_until": one.waits_until,
                    "message": _written(one.message, form),
                }
                for one in found
            ]
        )
        return
    for number, one in enumerate(found):
        if number:
            at.say()
        _show(at, one, form, routed=any(one.channel in route.to for route in config.alerts.routes))


def _with_example(config: "Config") -> "Config":
    """The configuration with a channel that hears of everything."""
    from config.settings import Alerts

    alerts = Alerts.model_validate({"channels": {"example": "json://127.0.0.1"}, "routes": [{"to": "example"}]})
    return config.model_copy(update={"alerts": alerts})


def _show(at: Session, one: "Preview", form: Format, *, routed: bool) -> None:
    until = f", not before {one.waits_until:%Y-%m-%d %H:%M} UTC" if one.waits_until else ""
    at.note(f"Channel {one.channel}{until}:")
    if one.message is None:
        at.say(
            "Nothing waits, and nothing is open that this channel would hear of."
            if routed
            else "No route leads to this channel: `alerts.routes` says who hears of what."
        )
        return
    written = _written(one.message, form)
    if isinstance(written, str):
        if form != Format.html:
            at.say(one.message.title)
            at.say()
        at.say(written)
    else:
        at.data(written)


def _written(message: "Message | None", form: Format) -> Any:
    if message is None:
        return None
    if form == Format.json:
        return {"title": message.title, "message": message.text, **message.data}
    return getattr(message, form.value)


def _must_be_known(config: "Config", name: str) -> None:
    from config.problems import did_you_mean

    if name not in config.alerts.channels:
        raise Failure(
            f"There is no channel {name!r}.{did_you_mean(name, config.alerts.channels)}",
            "Channels stand under `alerts.channels`.",
        )
