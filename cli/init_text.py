"""The text of a first configuration."""

import json
from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True)
class Answers:
    """What is known of the tools to read. Tokens are named by their environment variable, never written."""

    jira_url: str | None
    jira_email: str | None
    projects: tuple[str, ...]
    jira_token: str
    github: str | None
    repositories: tuple[str, ...]
    github_token: str
    database: str
    timezone: str

    def variables(self) -> list[str]:
        """The environment variables that the file will refer to."""
        return [self.jira_token] * bool(self.jira_url) + [self.github_token] * bool(self.repositories)


def northing_yaml(answers: Answers, today: date) -> str:
    """A commented configuration with an example objective in the calendar quarter of `today`."""
    quarter = (today.month - 1) // 3
    start = date(today.year, 3 * quarter + 1, 1)
    end = date(today.year + (quarter == 3), 3 * ((quarter + 1) % 4) + 1, 1) - timedelta(days=1)
    return _TEXT.format(
        database=_quoted(answers.database),
        timezone=_quoted(answers.timezone),
        connections="\n".join([*_jira(answers), *_github(answers)]),
        owns=_whole(answers),
        cycle=f"{today.year}-Q{quarter + 1}",
        start=start,
        end=end,
        work=_example(answers),
    )


def _quoted(text: str) -> str:
    """A text as YAML reads it back: JSON's quotes are YAML's."""
    return json.dumps(text, ensure_ascii=False)


def _listed(words: tuple[str, ...]) -> str:
    return f"[{', '.join(_quoted(word) for word in words)}]"


def _jira(answers: Answers) -> list[str]:
    if not answers.jira_url:
        return []
    token = f'token: "${{{answers.jira_token}}}"'
    email = f"email: {_quoted(answers.jira_email)}, " if answers.jira_email else ""
    return [
        "  jira:                                    # a name of your choice",
        "    kind: jira",
        f"    url: {_quoted(answers.jira_url)}",
        f"    auth: {{{email}{token}}}    # the token comes from the environment; it only ever reads",
        f"    projects: {_listed(answers.projects)}    # keys; * and ? are globs",
    ]


def _github(answers: Answers) -> list[str]:
    if not answers.repositories:
        return []
    return [
        "  github:",
        "    kind: github",
        *([f"    url: {_quoted(answers.github)}"] if answers.github else []),
        f'    auth: {{token: "${{{answers.github_token}}}"}}    # needs to read issues, nothing else',
        f"    repositories: {_listed(answers.repositories)}",
    ]


def _whole(answers: Answers) -> str:
    if answers.jira_url:
        return f"{{connection: jira, project: {_quoted(answers.projects[0])}}}"
    return f"{{connection: github, repository: {_quoted(answers.repositories[0])}}}"


def _example(answers: Answers) -> str:
    return _whole(answers).replace("}", ', label: "checkout"}')


_TEXT = """\
# Northing: how far delivery work has carried you toward your objectives.
# `northing config check` tests this file, `northing sync` reads the tools, `northing status` shows where you stand.
# For completion in editors: `northing config schema > northing.schema.json`
# yaml-language-server: $schema=northing.schema.json
version: 1
# include: [okrs/*.yaml, teams/*.yaml]         # more files, each with any of these sections
database: {database}    # or postgresql://user:password@host/name
timezone: {timezone}    # days and cycles are in this zone

connections:
{connections}

# Teams form a tree. `owns` says who does which work.
teams:
  - key: team
    name: Our team
    owns:
      - {owns}

cycles:
  - {{key: {cycle}, start: {start}, end: {end}}}

# Replace this example by your own objectives.
objectives:
  - key: GROW
    title: Make checkout the reason customers come back
    cycle: {cycle}
    team: team
    key_results:
      - key: GROW.1
        title: Checkout conversion from 2.1 % to 3.0 %
        metric: {{unit: "%", start: 2.1, target: 3.0}}    # `northing checkin GROW.1 2.4` records a value
      - key: GROW.2
        title: Ship one-click payment in 12 markets
        value: {{from: delivery}}    # its value is its delivery

# Which work serves which key result: `northing map test SELECTOR` tries one.
mappings:
  - key_result: GROW.1
    work: {work}
  # - {{key_result: GROW.2, work: {{epic: KEY-1}}}}    # an epic and everything below it

# Or let teams link in their own tools: a label kr:GROW.1, or a line "Key-Result: GROW.1" in the text of an issue.
conventions:
  label: "kr:{{key}}"
  trailer: Key-Result

# Work that serves no key result on purpose is counted apart.
intentional:
  - {{reason: Keep the lights on, work: {{label: [maintenance, security]}}}}
"""
