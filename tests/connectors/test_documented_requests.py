"""The other tests of connectors hear of a request that no document knows."""

import httpx

from simulator import GitHubSite, JiraSite, serve
from tests.conftest import recorded_data
from tests.connectors.conftest import Listener


def test_an_undocumented_request_is_heard(listener: Listener) -> None:
    github, jira = GitHubSite(), JiraSite("cloud")
    with serve(github, jira) as running:
        httpx.get(f"{running.url_of(github)}/repos/acme/shop/issues", params={"colour": "red", "state": "all"})
        httpx.get(f"{running.url_of(jira)}/rest/api/3/tickets")
        httpx.post(f"{running.url_of(jira)}/rest/api/3/search/jql", json={"jql": "project = SHOP", "field": ["id"]})
    heard = listener.objections()
    if recorded_data() is None:
        assert heard == []
        return
    parameter, path, body = heard
    assert parameter == "GET /repos/{owner}/{repo}/issues: parameter colour is unknown"
    assert path == "GET /rest/api/3/tickets: no such path"
    assert body.startswith("POST /rest/api/3/search/jql: body $: Additional properties are not allowed ('field'")
