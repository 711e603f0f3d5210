"""`northing forecast`."""

import json as json_module
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.session import ConfigOption, Failure, JsonOption, QuietOption, Session, command, session

if TYPE_CHECKING:
    from cli.reader import Reader, Row

KEY_RESULTS = """
    SELECT v.key_result, v.title, v.kind, v.team, v.cycle, v.cycle_end, f.day, f.remaining, f.teams,
        f.p50, f.p85, f.chance, f.reason
    FROM forecast f
    JOIN key_result k ON k.id = f.key_result_id
    JOIN objective o ON o.id = k.objective_id
    JOIN northing_key_results v ON v.key_result = k.key
    ORDER BY o.position, k.position, k.id
"""
TEAMS = """
    SELECT f.team_id, t.key AS team, t.name, f.backlog, f.completions, f.additions, f.active_days, f.days, f.fits,
        f.ends_on, f.p50, f.p85, f.chance, f.reason
    FROM team_forecast f LEFT JOIN team t ON t.id = f.team_id ORDER BY t.key
"""

NAMED = 10
"""Key results named with a reason why they have no number; all of them stand in the table."""


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @command(
        app,
        "forecast",
        "northing forecast",
        "northing forecast GROW.1",
        "northing forecast --json",
        "northing forecast --backtest",
    )
    def forecast(
        ctx: typer.Context,
        key: Annotated[str | None, typer.Argument(metavar="[KR]", help="Only this key result, with its basis.")] = None,
        backtest: Annotated[
            bool,
            typer.Option("--backtest", help="Hide the last weeks of history: how often would forecasts have held?"),
        ] = False,
        config: ConfigOption = None,
        json: JsonOption = False,
        quiet: QuietOption = False,
    ) -> None:
        """Show when the work of running key results will be done, by what their teams finish."""
        at = session(ctx, config, json, quiet)
        if backtest:
            if key is not None:
                raise Failure(
                    "A backtest is of all teams.", "Leave the key result out: `northing forecast --backtest`."
                )
            from cli.forecast_backtest import show

            show(at)
            return
        from cli.reader import reading

        with reading(at) as reader:
            teams = {str(row["team_id"]): row for row in reader.rows(TEAMS)}
            found = [
                _as_data(row, teams) for row in reader.rows(KEY_RESULTS) if key is None or row["key_result"] == key
            ]
            if key is not None and not found:
                raise _missing(reader, key)
        if key is not None:
            _show_one(at, found[0])
        else:
            _show_all(at, found)


def _missing(reader: "Reader", key: str) -> Failure:
    from cli.reader import no_key_result

    rows = reader.rows("SELECT cycle, cycle_end FROM northing_key_results WHERE key_result = :key", key=key)
    if rows:
        return Failure(
            f"There is no forecast of {key}: its cycle {rows[0]['cycle']} does not run.",
            "Each sync forecasts the work of running cycles. Of a coming one, `northing plan check` tells.",
        )
    return no_key_result(reader, key)


def _as_data(row: "Row", teams: dict[str, "Row"]) -> "Row":
    """A forecast with what it starts from: the teams with work for it, the most remaining first."""
    counts = row["teams"] if isinstance(row["teams"], dict) else json_module.loads(row["teams"])
    of_teams = [
        {
            "team": team["team"],
            "remaining": counts[team_id][0],
            "done": counts[team_id][1],
            "backlog": team["backlog"],
            "completions": team["completions"],
            "additions": team["additions"],
            "active_days": team["active_days"],
            "days": team["days"],
            "chance_for_backlog": team["chance"],
        }
        for team_id, team in teams.items()
        if team_id in counts
    ]
    from sync.forecast.work import chance_text

    names = ("key_result", "title", "team", "kind", "cycle", "cycle_end", "day", "remaining")
    return {
        **{name: row[name] for name in names},
        "p50": row["p50"],
        "p85": row["p85"],
        "chance": row["chance"],
        "chance_shown": chance_text(row["chance"]),
        "reason": row["reason"],
        "teams": sorted(of_teams, key=lambda one: (-one["remaining"], one["team"] or "")),
    }


def _show_all(at: Session, found: list["Row"]) -> None:
    if at.json:
        at.data(found)
        return
    if not found:
        at.say("No key result is running: nothing to forecast.")
        return
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    table.add_column("key result", no_wrap=True)
    for name in ("remaining", "teams", "P50", "P85", "cycle ends", "chance"):
        is_day = name in ("P50", "P85", "cycle ends")
        table.add_column(name, justify="right", no_wrap=True, min_width=10 if is_day else None)
    for one in found:
        working = sum(1 for team in one["teams"] if team["remaining"])
        table.add_row(
            Text(at.hide(one["key_result"])),
            f"{one['remaining']:,}",
            str(working),
            _day(one, "p50"),
            _day(one, "p85"),
            one["cycle_end"],
            f"[{_style(one['chance'])}]{one['chance_shown']}[/]",
        )
    at.out.print(table)
    _show_unknown(at, found)
    at.note(
        "P50, P85: the day by which it is done in 50 and in 85 of 100 trials. `northing forecast KR` shows its basis."
    )


def _show_unknown(at: Session, found: list["Row"]) -> None:
    """Says which key results have no number, by the reason."""
    keys: dict[str, list[str]] = {}
    for one in found:
        if one["chance"] is None:
            keys.setdefault(one["reason"], []).append(one["key_result"])
    if keys:
        at.say("No number")
        for reason, of_reason in keys.items():
            more = f" and {len(of_reason) - NAMED} more" if len(of_reason) > NAMED else ""
            at.say(f"  {', '.join(of_reason[:NAMED])}{more}: {reason}")
        at.say()


def _show_one(at: Session, one: "Row") -> None:
    if at.json:
        at.data(one)
        return
    at.say(f"{one['key_result']}  {one['title']}")
    left = "1 item remains" if one["remaining"] == 1 else f"{one['remaining']:,} items remain"
    at.say(f"as of {one['day']}: {left}, the cycle {one['cycle']} ends on {one['cycle_end']}")
    if one["chance"] is None:
        at.say(f"no forecast: {one['reason']}")
    elif not one["remaining"]:
        at.say("all its work is done")
    else:
        at.say(f"P50     {_day(one, 'p50')}   as likely as not done by then")
        at.say(f"P85     {_day(one, 'p85')}   done by then in 85 of 100 trials")
        at.say(f"chance  {one['chance_shown']} to be done by {one['cycle_end']}")
    for team in one["teams"]:
        at.say(_basis(team))
    if one["remaining"] and one["chance"] is not None:
        at.note(
            "How it is computed, and how often it holds: docs/explanation/forecast.md, `northing forecast --backtest`."
        )


def _basis(team: dict[str, Any]) -> str:
    name = team["team"] or "work of no team"
    items = "item" if team["backlog"] == 1 else "items"
    were = "was" if team["additions"] == 1 else "were"
    grows = f", while about {team['additions']} {were} added" if team["additions"] else ""
    return (
        f"  {name}: {team['remaining']} of its {team['backlog']} remaining {items}; finished {team['completions']} on"
        f" {team['active_days']} of the last {team['days']} days{grows}"
    )


def _day(one: "Row", name: str) -> str:
    """The day; a dash where there is no number, and words where it lies further away than can be told."""
    if one[name]:
        return one[name]
    return "–" if one["chance"] is None or not one["remaining"] else "later"


def _style(chance: float | None) -> str:
    if chance is None:
        return "bright_black"
    return "green" if chance >= 0.85 else "yellow" if chance >= 0.5 else "red"
