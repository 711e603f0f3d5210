"""`northing history`."""

from dataclasses import asdict
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.session import ConfigOption, Failure, JsonOption, QuietOption, command, session

if TYPE_CHECKING:
    from sync.history.report import Bounds, History

SHOWN = 5
MOST_DAYS = 3_660


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @command(
        app,
        "history",
        "northing history GROW.1",
        "northing history GROW.1 --from 2026-11-01",
        "northing history GROW.1 --from 2026-11-01 --to 2026-11-15 --json",
    )
    def history(
        ctx: typer.Context,
        key: Annotated[str, typer.Argument(metavar="KR", help="Key of the key result.")],
        start: Annotated[
            str | None, typer.Option("--from", metavar="YYYY-MM-DD", help="First day. Default: its cycle's.")
        ] = None,
        end: Annotated[
            str | None,
            typer.Option(
                "--to", metavar="YYYY-MM-DD", help="Last day. Default: today, or its cycle's where it is over."
            ),
        ] = None,
        everything: Annotated[bool, typer.Option("--all", help="List every item, however many there are.")] = False,
        config: ConfigOption = None,
        json: JsonOption = False,
        quiet: QuietOption = False,
    ) -> None:
        """Show how a key result's work and scope grew day by day, and why its delivery changed."""
        at = session(ctx, config, json, quiet)
        import store
        from cli.as_of import must_reach_back
        from cli.reader import Alchemy, must_be_filled, must_exist, no_key_result, place
        from cli.wiring import database, loaded, now
        from sync.history.load import end_of
        from sync.history.report import bounds
        from sync.history.report import history as history_of

        whole = loaded(at).config
        today = now().astimezone(whole.zone).date()
        must_exist(whole.database)
        with database(whole.database) as engine, store.reading(engine) as conn:
            must_be_filled(Alchemy(conn), place(engine.url))
            of = bounds(conn, key.strip())
            if of is None:
                raise no_key_result(Alchemy(conn), key)
            first, last = _span(of, start, end, today)
            must_reach_back(conn, end_of(first, whole.zone))
            found = history_of(conn, whole, of, first, last)
        if at.json:
            at.data(as_data(found))
            return
        from cli.history_view import show

        show(found, at, shown=None if everything else SHOWN)


def _span(of: "Bounds", start: str | None, end: str | None, today: date) -> tuple[date, date]:
    from cli.as_of import past_day

    first = of.starts_on if start is None else past_day(start, today)
    last = min(today, max(of.ends_on, first)) if end is None else past_day(end, today)
    if first > last:
        if start is None and of.starts_on > today:
            raise Failure(f"The cycle of {of.key} starts on {of.starts_on}.", "There is no history of it yet.")
        raise Failure(f"{first} lies behind {last}.", "Write the earlier day behind --from.")
    if (last - first).days > MOST_DAYS:
        raise Failure(f"From {first} to {last} are more than ten years.", "Write a later day behind --from.")
    return first, last


def as_data(found: "History") -> dict[str, Any]:
    """A history as JSON: the days, and the waterfall with the items behind each of its parts."""
    fall = found.waterfall
    return {
        "kind": "history",
        "key_result": found.key,
        "title": found.title,
        "cycle": found.cycle,
        "cycle_start": found.cycle_start.isoformat(),
        "cycle_end": found.cycle_end.isoformat(),
        "from": found.start.isoformat(),
        "to": found.end.isoformat(),
        "days": [asdict(day) for day in found.days],
        "waterfall": {
            "from": found.start.isoformat(),
            "to": found.end.isoformat(),
            "delivery_from": fall.start,
            "delivery_to": fall.end,
            "change": fall.change,
            **fall.parts,
            "items": {
                part: [{"key": one.key, "change": one.change, "at": one.at} for one in some]
                for part, some in found.items.items()
            },
        },
    }
