"""`northing init`."""

import os
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.session import FAILED, ConfigOption, Failure, JsonOption, QuietOption, Session, command, session

if TYPE_CHECKING:
    from cli.init_text import Answers


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @command(
        app,
        "init",
        "northing init",
        "northing init --jira-url https://acme.atlassian.net --jira-email me@acme.example --projects SHOP,PLAT",
        "northing init --repositories acme/shop,acme/platform-*",
    )
    def init(
        ctx: typer.Context,
        jira_url: Annotated[str | None, typer.Option("--jira-url", metavar="URL", help="Address of your Jira.")] = None,
        jira_email: Annotated[
            str | None,
            typer.Option("--jira-email", metavar="EMAIL", help="Account of the token (Cloud; none for Data Center)."),
        ] = None,
        projects: Annotated[
            str | None, typer.Option("--projects", metavar="KEYS", help="Jira projects to read, with commas between.")
        ] = None,
        jira_token: Annotated[
            str, typer.Option("--jira-token-variable", metavar="NAME", help="Environment variable of Jira's token.")
        ] = "JIRA_TOKEN",  # noqa: S107 - the name of a variable
        github: Annotated[
            str | None, typer.Option("--github", metavar="URL", help="Address of GitHub's API, if not api.github.com.")
        ] = None,
        repositories: Annotated[
            str | None, typer.Option("--repositories", metavar="NAMES", help="Repositories to read, as owner/name.")
        ] = None,
        github_token: Annotated[
            str, typer.Option("--github-token-variable", metavar="NAME", help="Environment variable of GitHub's token.")
        ] = "GITHUB_TOKEN",  # noqa: S107 - the name of a variable
        database: Annotated[
            str, typer.Option("--database", metavar="URL", help="Where the data is kept.")
        ] = "sqlite:///northing.db",
        timezone: Annotated[str, typer.Option("--timezone", metavar="ZONE", help="Zone of days and cycles.")] = "UTC",
        config: ConfigOption = None,
        json: JsonOption = False,
        quiet: QuietOption = False,
    ) -> None:
        """Write a commented northing.yaml, from flags or a few questions, and try the tokens that are set."""
        at = session(ctx, config, json, quiet)
        from cli.init_text import Answers, northing_yaml

        path = Path.cwd() / (at.config or "northing.yaml")
        if path.exists():
            raise Failure(f"{path} exists already, and is not written over.", "Edit it, or name another with --config.")
        if not path.parent.is_dir():
            raise Failure(f"There is no folder {path.parent}.", "Make it first.")
        answers = Answers(
            jira_url,
            jira_email,
            _words(projects),
            jira_token,
            github,
            _words(repositories),
            github_token,
            database,
            timezone,
        )
        if not (jira_url or repositories):
            if not sys.stdin.isatty():
                raise Failure(
                    "Nothing says what to read, and nobody is there to ask.",
                    "Give --jira-url with --projects, or --repositories.",
                )
            answers = _asked(answers)
        if answers.jira_url and not answers.projects:
            raise Failure("--jira-url needs the projects to read.", "Add --projects SHOP,PLAT; globs are allowed.")
        if answers.projects and not answers.jira_url:
            raise Failure("--projects needs the address of the Jira.", "Add --jira-url https://acme.atlassian.net.")
        if answers.github and not answers.repositories:
            raise Failure("--github needs the repositories to read.", "Add --repositories acme/shop.")
        from cli.wiring import now

        path.write_text(northing_yaml(answers, now().date()), encoding="utf-8")
        at.say(f"Wrote {path}.")
        raise typer.Exit(_try(at, path, answers.variables()))


def _words(text: str | None) -> tuple[str, ...]:
    return tuple(word.strip() for word in (text or "").split(",") if word.strip())


def _asked(answers: "Answers") -> "Answers":
    """The answers of a person at the terminal."""
    from dataclasses import replace

    url = typer.prompt("Address of your Jira (empty: none)", default="", show_default=False).strip()
    if url:
        email = typer.prompt("E-mail of the account (empty for Data Center)", default="", show_default=False).strip()
        keys = typer.prompt("Keys of the projects to read, with commas between (globs allowed)")
        answers = replace(answers, jira_url=url, jira_email=email or None, projects=_words(keys))
    names = typer.prompt("GitHub repositories to read, as owner/name (empty: none)", default="", show_default=False)
    answers = replace(answers, repositories=_words(names))
    if not (answers.jira_url or answers.repositories):
        raise Failure("There is nothing to read.", "Name a Jira or a repository.")
    return answers


def _try(at: Session, path: Path, variables: list[str]) -> int:
    """Checks the new file and tries its connections, where their tokens are set; the exit code."""
    from cli.doctor import connection_checks
    from cli.wiring import loaded

    missing = [name for name in variables if not os.environ.get(name)]
    if missing:
        for name in missing:
            at.say(f"Next: export {name}=…, a token that may read. Then `northing doctor` and `northing sync`.")
        return 0
    at.config = path
    config = loaded(at).config
    code = 0
    for name in config.connections:
        for check in connection_checks(at, config, name, threading.Event()):
            if not check.ok:
                code = FAILED
            if not check.ok or check.name in ("reachable", "account"):
                at.say(f"  {'✓' if check.ok else '✗'} {name}: {check.name}: {check.detail}")
            if check.advice and not check.ok:
                at.say(f"      → {check.advice}")
    at.say("Next: write your objectives into it, then `northing sync`." if not code else "Next: `northing doctor`.")
    return code
