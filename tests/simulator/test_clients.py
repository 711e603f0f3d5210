"""The public clients, which connectors use for everything but bulk reading, work against the simulator."""

import pytest
from github import Auth, Github
from jira import JIRA, JIRAError

from simulator import GitHubSite, JiraSite, serve


def test_pygithub_finds_its_way(github: GitHubSite) -> None:
    with serve(github) as running:
        client = Github(
            base_url=running.url_of(github), auth=Auth.Token("github-token"), per_page=100, seconds_between_requests=0
        )
        try:
            assert client.get_user().login == "northing-bot"
            assert client.get_rate_limit().resources.core.limit == 5000
            assert [one.full_name for one in client.get_organization("merlo").get_repos()] == [
                "merlo/shop",
                "merlo/tools",
            ]
            assert [one.full_name for one in client.get_user().get_repos()] == ["merlo/shop", "merlo/tools"]
            repository = client.get_repo("merlo/shop")
            assert repository.archived is False
            issues = list(repository.get_issues(state="all", sort="created", direction="asc"))
            assert [(issue.number, issue.pull_request is not None) for issue in issues] == [
                (1, False), (2, False), (3, True), (4, False),
            ]  # fmt: skip
            assert [milestone.title for milestone in repository.get_milestones(state="all")] == ["Checkout v2"]
            github.rename("merlo/shop", "merlo/store")
            assert client.get_repo("merlo/shop").full_name == "merlo/store"
        finally:
            client.close()


@pytest.mark.parametrize("flavour", ["cloud", "datacenter"])
def test_pycontribs_jira_finds_its_way(request: pytest.FixtureRequest, flavour: str) -> None:
    site: JiraSite = request.getfixturevalue(flavour)
    with serve(site) as running:
        url = running.url_of(site)
        basic = (site.email, site.token)
        client = JIRA(url, basic_auth=basic) if site.cloud else JIRA(url, token_auth=site.token)
        try:
            assert client.server_info()["deploymentType"] == ("Cloud" if site.cloud else "Server")
            assert client.myself()["displayName"] == "Northing Sync"
            assert sorted(project.key for project in client.projects()) == ["PLAT", "SHOP"]
            assert [version.name for version in client.project_versions("SHOP")] == ["Checkout 4.0"]
            assert "Story Points" in {field["name"] for field in client.fields()}
            assert [board.name for board in client.boards(projectKeyOrID="SHOP")] == ["SHOP board"]
            assert [sprint.name for sprint in client.sprints(1)] == ["Shop 1"]
            assert client.issue("SHOP-2").fields.summary == "Guest checkout"
            search = client.enhanced_search_issues if site.cloud else client.search_issues
            assert [issue.key for issue in search("project = SHOP ORDER BY key", maxResults=2)] == ["SHOP-1", "SHOP-2"]
            with pytest.raises(JIRAError, match="does not exist for the field"):
                search("project = NOPE")
        finally:
            client.close()
