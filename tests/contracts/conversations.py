"""What connectors say in a life: listing, full and incremental reading, sweep, looking after the lost, `doctor`."""

import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from config import Conventions
from connectors.base import Connector, Context, Reading, Usage
from connectors.errors import Refused
from connectors.github import GitHub, GitHubOptions
from connectors.jira import Jira, JiraOptions
from connectors.records import Ref, Scope
from simulator import GitHubSite, JiraSite, serve
from simulator.jira import Atlassian
from tests.contracts.wire import Exchange, Recorder
from tests.contracts.writing import writing_life

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def _context() -> Context:
    waited = [0.0]  # what writes waits its turn, and the time has to come
    return Context(lambda: NOW + timedelta(seconds=sum(waited)), threading.Event(), waited.append)


def github_site(**options: Any) -> GitHubSite:
    """Two repositories with a milestone, an epic with sub-issues here and there, a blocked one and a pull request."""
    site = GitHubSite(now=lambda: NOW, **options)
    for name in ("merlo/shop", "merlo/tools"):
        site.add_repository(name)
    site.add_milestone("merlo/shop", "Checkout v2", NOW.date())
    epic = site.add_issue("merlo/shop", "Express checkout", labels=["epic"])
    site.add_issue("merlo/shop", "Wallet buttons", milestone="Checkout v2", assignees=["dana-weiss"], parent=epic)
    site.add_issue("merlo/shop", "Add wallet buttons", pull_request=True)
    site.add_issue("merlo/shop", "Total differs by a cent", type="Bug", body="Key-Result: CHECKOUT.1")
    site.add_issue("merlo/tools", "Deploy at night", parent=epic)
    for number in range(110):
        site.add_issue("merlo/tools", f"Chore {number}")
    site.block("merlo/shop#2", by="merlo/shop#4")
    return site


def github(site: GitHubSite, url: str, **options: Any) -> GitHub:
    values = {"kind": "github", "url": url, "auth": {"token": "github-token"}, "repositories": ["merlo/*"], **options}
    return GitHub("github", GitHubOptions.model_validate(values), Conventions(), "count", _context())


def jira_site(flavour: Any, **options: Any) -> JiraSite:
    """Two projects with a version, a board of each kind, a sprint, and an epic, a story, its sub-task and a bug."""
    site = JiraSite(flavour, now=lambda: NOW, **options)
    site.add_project("SHOP", "Shop")
    site.add_project("PLAT", "Platform")
    board = site.add_board("SHOP")["id"]
    site.add_board("PLAT", "kanban")
    sprint = site.add_sprint(board, "Shop 1", "active", NOW.date(), NOW.date())["id"]
    site.add_version("SHOP", "Checkout 4.0", NOW.date())
    site.add_component("SHOP", "Checkout")
    epic = site.add_issue("SHOP", "One-page checkout", "Epic", labels=["kr:CHECKOUT.1"])
    story = site.add_issue(
        "SHOP",
        "Guest checkout",
        parent=epic,
        sprint=sprint,
        estimate=3,
        versions=["Checkout 4.0"],
        components=["Checkout"],
        assignee="Dana Weiss",
        description="First line\nsecond line\n\nNew paragraph",
    )
    site.add_issue("SHOP", "Texts and translations", "Sub-task", parent=story)
    site.add_issue("PLAT", "Queue stops without an error", "Bug", status="In Progress")
    site.block(story, by="PLAT-1")
    for number in range(110):
        site.add_issue("PLAT", f"Chore {number}")
    site.transition(story, "In Progress")
    return site


def jira(site: JiraSite, url: str, **options: Any) -> Jira:
    auth = {"email": site.email, "token": site.token} if site.cloud else {"token": site.token}
    values = {"kind": "jira", "url": url, "auth": auth, "projects": ["SHOP", "PLAT"], **options}
    return Jira("jira", JiraOptions.model_validate(values), Conventions(), "points", _context())


def life(connector: Connector, change: Callable[[], list[Ref]], query: str | None = None) -> None:
    """Everything that the program asks of a connector. `change` edits the tool and names items that are gone."""
    usage = Usage()
    assert all(check.name for check in connector.doctor())
    scopes = connector.scopes().scopes
    validators = {scope.key: _read(connector, scope, None, {}) for scope in scopes}
    lost = change()
    for scope in connector.scopes().scopes:
        # An unchanged window is asked for twice: the second time with validators, where the tool has them.
        known = _read(connector, scope, NOW - DAY, validators[scope.key])
        _read(connector, scope, NOW - DAY, known)
        there = list(_listed(connector, scope))
        refs = [Ref(external_id=one, key="?") for one in there[:3]]
        connector.look(scope, [*refs, *lost], usage)
    if query is not None:
        assert connector.matching(query, usage)


def _read(connector: Connector, scope: Scope, since: datetime | None, validators: dict[str, str]) -> dict[str, str]:
    """Containers and items of a scope; gives the validators of both."""
    usage, found = Usage(), dict(validators)
    containers = connector.containers(scope, found, usage)
    found |= dict(containers.validators) if containers else {}
    pages = list(connector.items(scope, Reading(since=since, validators=found), usage))
    for page in pages:
        found |= dict(page.validators)
    resume = pages[0].resume if pages else None
    if resume is not None:
        assert list(connector.items(scope, Reading(since=since, resume=resume), usage))
    return found


def _listed(connector: Connector, scope: Scope) -> Iterator[str]:
    for part in connector.ids(scope, Usage()) or ():
        yield from part


@contextmanager
def _heard(*sites: Any) -> Generator[tuple[Any, list[Exchange]]]:
    recorder = Recorder()
    recorder.listen(*sites)
    with serve(*sites) as running:
        yield running, recorder.exchanges


def _ref(site: GitHubSite, key: str) -> Ref:
    return Ref(external_id=str(site.issue(key)["id"]), key=key)


def _change_github(site: GitHubSite) -> list[Ref]:
    lost = [_ref(site, key) for key in ("merlo/tools#5", "merlo/tools#6", "merlo/tools#7")]
    site.edit("merlo/shop#2", title="Wallet buttons in all shops")
    site.delete("merlo/tools#5")
    site.transfer("merlo/tools#6", "merlo/shop")
    site.hide("merlo/tools#7")
    return lost


def github_life() -> list[Exchange]:
    """github.com, with a token."""
    site = github_site()
    with _heard(site) as (running, exchanges), closing(github(site, running.url_of(site))) as connector:
        life(connector, lambda: _change_github(site))
        return exchanges


def github_renamed() -> list[Exchange]:
    """A repository that has another name now, one that is not there, and one whose issues are off."""
    site = github_site()
    with _heard(site) as (running, exchanges):
        names = ["merlo/shop", "merlo/nothing", "merlo/tools"]
        with closing(github(site, running.url_of(site), repositories=names)) as connector:
            listed = connector.scopes()
            assert [words for words, _ in listed.refused] == ["merlo/nothing"]
            site.rename("merlo/shop", "merlo/store")
            site.repository("merlo/tools").raw["has_issues"] = False
            for scope in listed.scopes:
                with suppress(Refused):
                    _read(connector, scope, None, {})
            connector.scopes()
        return exchanges


def github_refused() -> list[Exchange]:
    """A token that GitHub does not accept."""
    site = github_site()
    with _heard(site) as (running, exchanges):
        with closing(github(site, running.url_of(site), auth={"token": "another"})) as connector:
            assert not all(check.ok for check in connector.doctor())
        return exchanges


def enterprise_life() -> list[Exchange]:
    """An Enterprise Server without limits."""
    site = github_site(enterprise=True, limit=None)
    with _heard(site) as (running, exchanges), closing(github(site, running.url_of(site))) as connector:
        life(connector, lambda: _change_github(site))
        return exchanges


def _projects(site: GitHubSite) -> None:
    """A project with an iteration that is over and one that runs, a number and a date, and two issues in it."""
    iterations = [("Sprint 1", NOW.date() - 20 * DAY, 14, True), ("Sprint 2", NOW.date() - 6 * DAY, 14, False)]
    site.add_project("merlo", 7, iterations=iterations, numbers=["Estimate"], dates=["Target date"])
    site.set_value("merlo/7", "merlo/shop#2", Status="In Progress", Iteration="Sprint 2", Estimate=5)
    site.set_value("merlo/7", "merlo/shop#4", Status="Done", Iteration="Sprint 1", Target_date=NOW.date())


def github_projects() -> list[Exchange]:
    """github.com with a project (v2), which is read by REST."""
    site = github_site()
    _projects(site)
    with _heard(site) as (running, exchanges):
        with closing(github(site, running.url_of(site), projects=["merlo/7"])) as connector:
            life(connector, lambda: _change_github(site))
        return exchanges


def enterprise_without_features() -> list[Exchange]:
    """An older Enterprise Server: projects by GraphQL, parents by asking, no types and no dependencies."""
    site = github_site(enterprise=True, limit=None, without=["sub_issues", "types", "dependencies", "projects"])
    _projects(site)
    with _heard(site) as (running, exchanges):
        with closing(github(site, running.url_of(site), projects=["merlo/7"])) as connector:
            life(connector, lambda: _change_github(site))
        return exchanges


def github_app_life() -> list[Exchange]:
    """github.com as an App, whose token is asked for with a token of its own."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()
    site = github_site()
    site.add_app("12", 34, key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode())
    with _heard(site) as (running, exchanges):
        auth = {"app_id": "12", "installation_id": 34, "private_key": private}
        with closing(github(site, running.url_of(site), auth=auth)) as connector:
            life(connector, lambda: _change_github(site))
        return exchanges


def _change_jira(site: JiraSite) -> list[Ref]:
    lost = [Ref(external_id=site.issue(key)["id"], key=key) for key in ("PLAT-5", "PLAT-6", "PLAT-7")]
    site.edit("SHOP-2", summary="Guest checkout in all shops")
    site.delete("PLAT-5")
    site.move("PLAT-6", "SHOP")
    site.hide("PLAT-7")
    return lost


def cloud_life() -> list[Exchange]:
    """A Cloud site, with an account's own token."""
    site = jira_site("cloud")
    with _heard(site) as (running, exchanges), closing(jira(site, running.url_of(site))) as connector:
        life(connector, lambda: _change_jira(site), "project = SHOP AND labels = kr:CHECKOUT.1")
        assert connector.total("project = SHOP", "points", Usage()) == 3
        return exchanges


def cloud_without_estimates() -> list[Exchange]:
    """A Cloud site that names no field for estimates: the boards are asked; its boards' fields may not be named."""
    site = jira_site("cloud")
    field = site.field_id("estimate")
    site.fields = [one for one in site.fields if one["id"] != field]
    with _heard(site) as (running, exchanges):
        with closing(jira(site, running.url_of(site), projects=["*"])) as connector:
            for scope in connector.scopes().scopes:
                _read(connector, scope, None, {})
        return exchanges


def gateway_life() -> list[Exchange]:
    """A Cloud site by way of Atlassian's gateway, with OAuth 2.0."""
    site = jira_site("cloud")
    atlassian = Atlassian(site)
    with _heard(site, atlassian) as (running, exchanges):
        gateway = running.url_of(atlassian)
        app = {"client_id": "app", "client_secret": "app-secret", "token_url": f"{gateway}/oauth/token"}
        auth = {**app, "refresh_token": atlassian.consent(), "gateway": gateway}
        with closing(jira(site, running.url_of(site), auth=auth)) as connector:
            life(connector, lambda: _change_jira(site), "project = SHOP")
        return exchanges


def scoped_token_life() -> list[Exchange]:
    """A Cloud site with a token that has scopes."""
    site = jira_site("cloud")
    atlassian = Atlassian(site)
    atlassian.add_token("scoped", site.email)
    with _heard(site, atlassian) as (running, exchanges):
        auth = {"email": site.email, "token": "scoped", "gateway": running.url_of(atlassian)}
        with closing(jira(site, running.url_of(site), auth=auth)) as connector:
            life(connector, lambda: _change_jira(site), "project = SHOP")
        return exchanges


def datacenter_life() -> list[Exchange]:
    """A Data Center site, with a personal access token."""
    site = jira_site("datacenter")
    with _heard(site) as (running, exchanges), closing(jira(site, running.url_of(site))) as connector:
        life(connector, lambda: _change_jira(site), "project = SHOP")
        assert connector.total("project = SHOP", "points", Usage()) == 3
        return exchanges


def _write_to_github(form: str) -> list[Exchange]:
    site = github_site()
    with _heard(site) as (running, exchanges), closing(github(site, running.url_of(site))) as connector:
        [scope] = [one for one in connector.scopes().scopes if one.key == "merlo/shop"]

        def lose() -> None:
            site.find("merlo/shop#2").comments.clear()
            site.remove_label("merlo/shop#2", "northing:CHECKOUT.1")

        def refuse() -> None:
            site.access.read_only.add("github-token")

        writing_life(connector, form, scope, _ref(site, "merlo/shop#2"), lose, refuse)
        return exchanges


def _write_to_jira(flavour: Any, form: str) -> list[Exchange]:
    site = jira_site(flavour)
    with _heard(site) as (running, exchanges), closing(jira(site, running.url_of(site))) as connector:
        [scope] = [one for one in connector.scopes().scopes if one.key == "SHOP"]
        story = site.find("SHOP-2")
        assert story is not None

        def lose() -> None:
            story.comments.clear()
            story.properties.clear()
            site.tokens.quiet = False

        def refuse() -> None:
            site.tokens.read_only.add("SHOP")

        writing_life(connector, form, scope, Ref(external_id=str(story.id), key="SHOP-2"), lose, refuse)
        return exchanges


LIVES: dict[str, tuple[str, Callable[[], list[Exchange]]]] = {
    "github": ("github", github_life),
    "github with other names": ("github", github_renamed),
    "github without access": ("github", github_refused),
    "github with projects": ("github", github_projects),
    "github app": ("github", github_app_life),
    "github enterprise server": ("github", enterprise_life),
    "github enterprise server, an old one": ("github", enterprise_without_features),
    "jira cloud": ("jira", cloud_life),
    "jira cloud without estimates": ("jira", cloud_without_estimates),
    "jira cloud by oauth": ("jira", gateway_life),
    "jira cloud by scoped token": ("jira", scoped_token_life),
    "jira data center": ("datacenter", datacenter_life),
    "comments on github": ("github", lambda: _write_to_github("comment")),
    "labels on github": ("github", lambda: _write_to_github("label")),
    "comments on jira cloud": ("jira", lambda: _write_to_jira("cloud", "comment")),
    "properties on jira cloud": ("jira", lambda: _write_to_jira("cloud", "property")),
    "comments on jira data center": ("datacenter", lambda: _write_to_jira("datacenter", "comment")),
    "properties on jira data center": ("datacenter", lambda: _write_to_jira("datacenter", "property")),
}
"""By name: the tool, as deviations call it, and the conversation."""
