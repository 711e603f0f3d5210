"""`northing checkin`."""

import math
from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from cli.days import day_of
from cli.session import ConfigOption, Failure, JsonOption, QuietOption, command, session

if TYPE_CHECKING:
    from config import Config, KeyResult

_WORDS = {"true": 1.0, "yes": 1.0, "done": 1.0, "false": 0.0, "no": 0.0}


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @command(
        app,
        "checkin",
        'northing checkin GROW.1 2.4 --confidence 0.6 --note "A/B test is live"',
        "northing checkin GROW.1 2.3 --date 2026-11-02",
        "northing checkin GROW.3 done",
        "northing checkin GROW.4 --confidence 0.4",
        context_settings={"ignore_unknown_options": True},  # so that -3 is a value
    )
    def checkin(
        ctx: typer.Context,
        key: Annotated[str, typer.Argument(metavar="KR", help="Key of the key result.")],
        value: Annotated[
            str | None,
            typer.Argument(
                metavar="VALUE",
                help="The metric's value; `done` for a metric of that type. None where it comes from a source.",
            ),
        ] = None,
        confidence: Annotated[
            float | None, typer.Option("--confidence", metavar="0..1", help="How sure people are to reach it.")
        ] = None,
        note: Annotated[str | None, typer.Option("--note", metavar="TEXT", help="What is behind it.")] = None,
        day: Annotated[
            str | None, typer.Option("--date", metavar="YYYY-MM-DD", help="The day of the value. Default: today.")
        ] = None,
        config: ConfigOption = None,
        json: JsonOption = False,
        quiet: QuietOption = False,
    ) -> None:
        """Record the value of a key result's metric, and measure anew."""
        at = session(ctx, config, json, quiet)
        from cli.wiring import database, loaded, now
        from store import okrs
        from store.transactions import alone
        from sync.apply import apply
        from sync.engine import count

        whole = loaded(at).config
        moment = now()
        one = _key_result(whole, key)
        amount, of = _amount(one, value, confidence, note), _day(day, moment.astimezone(whole.zone).date())
        if confidence is not None and not 0 <= confidence <= 1:
            raise Failure(f"A confidence of {confidence:g} is not between 0 and 1.", "Write 0.6 for 60 %.")
        if note is not None and not note.strip():
            note = None
        with database(whole.database) as engine:
            with alone(engine) as conn:
                apply(conn, whole, moment)
                okrs.add_check_in(conn, key, of, amount, confidence, note, moment)
            count(engine, whole, now=lambda: moment)
        from cli.bars import HEALTH, percent
        from cli.reader import reading

        with reading(at) as reader:
            [row] = reader.rows("SELECT * FROM northing_key_results WHERE key_result = :key", key=key)
        if at.json:
            at.data(
                {"key_result": row, "check_in": {"date": of, "value": amount, "confidence": confidence, "note": note}}
            )
        elif not at.quiet:
            unit = f" {row['unit']}" if row["unit"] else ""
            what = f"{amount:g}{unit}" if amount is not None else "a check-in"
            at.say(f"Recorded {what} for {key} on {of}.")
            at.say(f"Outcome {percent(row['outcome'])}, {HEALTH[row['health']][0]}: {row['health_reason']}")


def _key_result(config: "Config", key: str) -> "KeyResult":
    from config import FromDelivery
    from config.problems import did_you_mean

    known = {one.key: one for objective in config.objectives for one in objective.key_results}
    if key not in known:
        raise Failure(f"There is no key result {key!r}.{did_you_mean(key, known)}", "`northing status` lists them.")
    one = known[key]
    if isinstance(one.value, FromDelivery):
        raise Failure(
            f"The value of {key} is its delivery (`value: {{from: delivery}}`): nothing is to be checked in.",
            "Give it a metric and `value: manual`, or let its work count.",
        )
    return one


def _amount(one: "KeyResult", value: str | None, confidence: float | None, note: str | None) -> float | None:
    """The value to record; None where a source gives it and people say only how sure they are."""
    from config import Manual

    if isinstance(one.value, Manual):
        if value is None:
            raise Failure(f"The VALUE of {one.key} is missing.", "Write it behind the key, like 2.4.")
        return _value(one, value)
    if value is not None:
        raise Failure(
            f"The value of {one.key} comes from a source, not from people.",
            "Leave it out, and record --confidence or --note. Or make it `value: manual`.",
        )
    if confidence is None and not (note or "").strip():
        raise Failure(
            f"The value of {one.key} comes from a source: there is nothing to record.", "Give --confidence or --note."
        )
    return None


def _value(one: "KeyResult", text: str) -> float:
    word = text.strip().lower()
    if one.metric is not None and one.metric.type == "done" and word in _WORDS:
        return _WORDS[word]
    try:
        value = float(word)
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or "_" in word:
        kind = "`done` or `no`" if one.metric is not None and one.metric.type == "done" else "a number, like 2.4"
        raise Failure(f"{text!r} is no value of {one.key}.", f"Write {kind}, without a unit.")
    return value


def _day(text: str | None, today: date) -> date:
    if text is None:
        return today
    day = day_of(text)
    if day > today:
        raise Failure(f"{day} lies in the future: today is {today}.", "A value is known once its day has come.")
    return day
