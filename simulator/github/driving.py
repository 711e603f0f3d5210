"""What tests may do to the simulated GitHub beside its issues: projects (v2), tokens and Apps."""

from collections.abc import Callable, Iterable
from datetime import date, datetime
from typing import Any

from simulator.github.access import Access, Denial
from simulator.github.projects import Card, Project, iteration, option
from simulator.github.state import Issue, stamp
from simulator.github.writing import comment_shape
from simulator.site import Raw, Site, driven


class Driving(Site):
    """The part of a site that has projects and access. Its issues are found by the rest of it."""

    def __init__(self, now: Callable[[], datetime] | None = None) -> None:
        super().__init__(now)
        self.access = Access()
        self.projects: dict[str, Project] = {}
        self.graphql_faults: list[Raw] = []
        """What the next questions to GraphQL are answered with instead."""

    def find(self, key: str) -> Issue:
        """An issue by `owner/name#number`. Raises KeyError."""
        raise NotImplementedError

    def _next(self) -> int:
        raise NotImplementedError

    @driven
    def comment(self, key: str, body: str, login: str = "robin-keller") -> Raw:
        """A person's comment at an issue; bumps it."""
        issue = self.find(key)
        made = self.make_comment(issue, login, body)
        issue.raw |= {"comments": len(issue.comments), "updated_at": made["updated_at"]}
        issue.changed()
        return made

    def make_comment(self, issue: Issue, login: str, body: str) -> Raw:
        """Puts a comment at an issue, which is not bumped."""
        made = comment_shape(issue, self._next(), login, body, stamp(self.now()))
        issue.comments.append(made)
        return made

    @driven
    def add_project(
        self,
        owner: str,
        number: int,
        *,
        options: Iterable[str] = ("Todo", "In Progress", "Done"),
        iterations: Iterable[tuple[str, date, int, bool]] = (),
        numbers: Iterable[str] = (),
        dates: Iterable[str] = (),
        person: bool = False,
    ) -> str:
        """A project with a field Status of these options, a field Iteration of (title, first day, days, completed),
        and fields for numbers and dates; gives its name.
        """
        project, now = Project(owner, number, person), stamp(self.now())
        project.add_field(self._next(), "Title", "title", now)
        project.add_field(
            self._next(), "Status", "single_select", now, options=[option(self._next(), name) for name in options]
        )
        times = [iteration(self._next(), title, start, days, completed=end) for title, start, days, end in iterations]
        if times:
            settings = {"start_day": 1, "duration": 14, "iterations": times}
            project.add_field(self._next(), "Iteration", "iteration", now, configuration=settings)
        for name in numbers:
            project.add_field(self._next(), name, "number", now)
        for name in dates:
            project.add_field(self._next(), name, "date", now)
        self.projects[project.name.lower()] = project
        return project.name

    @driven
    def set_value(self, project: str, key: str, **values: Any) -> None:
        """Put an issue into a project, or change its values there, by field (`Story_Points` for Story Points): names of
        options and iterations, numbers, days, None. Bumps the card and not the issue.
        """
        board, issue, now = self.projects[project.lower()], self.find(key), stamp(self.now())
        card = next((one for one in board.cards if one.issue is issue), None)
        if card is None:
            card = Card(self._next(), issue, now, now)
            board.cards.append(card)
        card.updated_at = now
        for name, value in values.items():
            field = name.replace("_", " ")
            card.values[field] = None if value is None else board.value(field, value)

    @driven
    def delete_iteration(self, project: str, title: str) -> None:
        """Take an iteration out of its field. Cards that point to it keep doing so."""
        settings = self.projects[project.lower()].fields["Iteration"]["configuration"]
        settings["iterations"] = [one for one in settings["iterations"] if one["title"]["raw"] != title]

    @driven
    def add_app(self, app_id: str, installation: int, public_key: str) -> None:
        """A GitHub App with an installation that sees all repositories; `public_key` is in PEM."""
        self.access.apps[app_id] = public_key
        self.access.installations.add(installation)

    @driven
    def deny(self, token: str, status: int, message: str, path: str = "", **headers: str) -> None:
        """Answer a token with this from now on, where a call's path holds `path`; `x_github_sso` for `x-github-sso`."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.access.denials[token] = Denial(status, message, named, path)
