"""`northing finding`: what people say to findings, and what was said."""

from enum import StrEnum
from typing import Annotated

import typer

from cli.selection import IgnoreOption, SelectOption, selection
from cli.session import ConfigOption, Failure, JsonOption, QuietOption, command, group, session


class Verdict(StrEnum):
    """What may be decided about a barrier."""

    restructure = "restructure"
    rescope = "rescope"
    lend = "lend"
    accept = "accept"


class Kind(StrEnum):
    """What a team may object to."""

    structure = "structure"
    dependency = "dependency"
    capacity = "capacity"
    metric = "metric"
    conflict = "conflict"


CodeArgument = Annotated[
    str, typer.Argument(metavar="CODE", help="Code of the finding, like STR301; or `objection`.", show_default=False)
]
SubjectArgument = Annotated[
    str, typer.Argument(metavar="SUBJECT", help="Key of what it is about, like GROW.1.", show_default=False)
]
KeyResultArgument = Annotated[str, typer.Argument(metavar="KR", help="Key of the key result.", show_default=False)]
ByOption = Annotated[str | None, typer.Option("--by", metavar="NAME", help="Who says so. Default: who runs this.")]
NoteOption = Annotated[str | None, typer.Option("--note", metavar="TEXT", help="What is behind it.")]
TeamOption = Annotated[str, typer.Option("--team", metavar="TEAM", help="Key of the team.")]
WhoseOption = Annotated[
    str | None, typer.Option("--team", metavar="TEAM", help="Whose objection, where several teams object.")
]


def register(program: typer.Typer) -> None:
    """Adds the group with its commands."""
    app = group(program, "finding", "Acknowledge findings, decide about barriers, object to key results.")

    _register_reading(app)
    _register_saying(app)


def _register_reading(app: typer.Typer) -> None:
    @command(app, "list", "northing finding list", "northing finding list --select STR --team commerce --suppressed")
    def everything(
        ctx: typer.Context,
        select: SelectOption = None,
        ignore: IgnoreOption = None,
        team: Annotated[
            str | None, typer.Option("--team", metavar="TEAM", help="Only those that concern this team.")
        ] = None,
        suppressed: Annotated[
            bool, typer.Option("--suppressed", help="Also what the configuration suppresses, with why and until when.")
        ] = False,
        config: ConfigOption = None,
        json: JsonOption = False,
        quiet: QuietOption = False,
    ) -> None:
        """List open findings and standing objections, with what people said to them."""
        at = session(ctx, config, json, quiet)
        from cli.finding_show import show_list

        show_list(at, selection(select, ignore), team, suppressed=suppressed)

    @command(app, "show", "northing finding show STR301 GROW.1", "northing finding show objection GROW.1 --json")
    def show(
        ctx: typer.Context,
        code: CodeArgument,
        subject: SubjectArgument,
        config: ConfigOption = None,
        json: JsonOption = False,
        quiet: QuietOption = False,
    ) -> None:
        """Show a finding, or the objections to a key result, with all that happened to them."""
        at = session(ctx, config, json, quiet)
        from cli.finding_show import show_one

        show_one(at, code, subject)

    @command(app, "barriers", "northing finding barriers", "northing finding barriers --cycle 2026-Q4 --json")
    def barriers(
        ctx: typer.Context,
        cycle: Annotated[
            str | None, typer.Option("--cycle", metavar="CYCLE", help="Only this cycle. Default: all.")
        ] = None,
        config: ConfigOption = None,
        json: JsonOption = False,
        quiet: QuietOption = False,
    ) -> None:
        """Count barriers by cycle: how many, how early they were raised, and how long a decision took."""
        at = session(ctx, config, json, quiet)
        from cli.finding_barriers import show_barriers

        show_barriers(at, cycle)


def _register_saying(app: typer.Typer) -> None:
    @command(
        app,
        "ack",
        "northing finding ack STR302 GROW.1 --note 'we talk on Monday'",
        "northing finding ack GROW.1 --team platform",
    )
    def ack(
        ctx: typer.Context,
        code: Annotated[
            str, typer.Argument(metavar="CODE|KR", help="Code of a finding, `objection`, or a key result with --team.")
        ],
        subject: Annotated[
            str | None, typer.Argument(metavar="SUBJECT", help="Key of what the finding is about.")
        ] = None,
        team: Annotated[
            str | None, typer.Option("--team", metavar="TEAM", help="The team that works for the key result.")
        ] = None,
        by: ByOption = None,
        note: NoteOption = None,
        config: ConfigOption = None,
        json: JsonOption = False,
        quiet: QuietOption = False,
    ) -> None:
        """Acknowledge a finding: you have seen it and take it up. Or, for a team, that it works for a key result."""
        at = session(ctx, config, json, quiet)
        from cli.finding_say import acknowledge, acknowledge_work

        if subject is not None:
            acknowledge(at, code, subject, team, by, note)
        elif team is not None:
            acknowledge_work(at, code, team, by, note)
        else:
            raise Failure(
                f"What {code} is about is missing.",
                "Write `ack CODE SUBJECT` for a finding, or `ack KR --team TEAM` for a team that works for it.",
            )

    @command(
        app,
        "decide",
        "northing finding decide STR301 GROW.1 restructure --by Dana --note 'sales tooling moves to Commerce'",
        "northing finding decide STR302 GROW.1 accept --until 2026-12-01",
        "northing finding decide objection GROW.1 rescope --team platform",
    )
    def decide(
        ctx: typer.Context,
        code: CodeArgument,
        subject: SubjectArgument,
        verdict: Annotated[Verdict, typer.Argument(metavar="DECISION", help="restructure, rescope, lend or accept.")],
        until: Annotated[
            str | None, typer.Option("--until", metavar="YYYY-MM-DD", help="Last day on which it holds.")
        ] = None,
        team: WhoseOption = None,
        by: ByOption = None,
        note: NoteOption = None,
        config: ConfigOption = None,
        json: JsonOption = False,
        quiet: QuietOption = False,
    ) -> None:
        """Record what was decided about a finding or an objection. It replaces the decision before."""
        at = session(ctx, config, json, quiet)
        from cli.finding_say import decide as record

        record(at, code, subject, verdict.value, until, team, by, note)

    @command(
        app,
        "object",
        "northing finding object GROW.1 structure --team commerce --note 'sales tooling is not ours'",
        "northing finding object GROW.1 metric --team commerce",
    )
    def object_(
        ctx: typer.Context,
        key: KeyResultArgument,
        kind: Annotated[
            Kind, typer.Argument(metavar="WHY", help="structure, dependency, capacity, metric (not ours) or conflict.")
        ],
        team: TeamOption,
        by: ByOption = None,
        note: NoteOption = None,
        config: ConfigOption = None,
        json: JsonOption = False,
        quiet: QuietOption = False,
    ) -> None:
        """Object to a key result for a team. This opens a barrier, which stands until it is withdrawn."""
        at = session(ctx, config, json, quiet)
        from cli.finding_say import object_to

        object_to(at, key, kind.value, team, by, note)

    @command(app, "withdraw", "northing finding withdraw GROW.1 --team commerce --note 'two people are on loan'")
    def withdraw(
        ctx: typer.Context,
        key: KeyResultArgument,
        team: TeamOption,
        by: ByOption = None,
        note: NoteOption = None,
        config: ConfigOption = None,
        json: JsonOption = False,
        quiet: QuietOption = False,
    ) -> None:
        """Withdraw all that a team objects to a key result."""
        at = session(ctx, config, json, quiet)
        from cli.finding_say import withdraw as record

        record(at, key, team, by, note)
