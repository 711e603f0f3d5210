"""Jira Data Center: offset paging, Bearer tokens, Epic Link and sprint texts."""

import httpx

from simulator import JiraSite, serve

SEARCH = "/rest/api/2/search"


def test_the_server_lowers_the_page_without_a_word(datacenter: JiraSite, datacenter_client: httpx.Client) -> None:
    datacenter.max_results = 2
    asked = {"jql": "project in (SHOP, PLAT) ORDER BY created, key", "maxResults": 1000, "fields": "summary"}
    first = datacenter_client.get(SEARCH, params=asked).json()
    assert (first["startAt"], first["maxResults"], first["total"]) == (0, 2, 4)
    second = datacenter_client.post(SEARCH, json={**asked, "startAt": 2, "fields": ["summary"]}).json()
    found = [issue["key"] for page in (first, second) for issue in page["issues"]]
    assert found == ["PLAT-1", "SHOP-1", "SHOP-2", "SHOP-3"]


def test_a_deletion_between_pages_shifts_the_next_one(datacenter: JiraSite, datacenter_client: httpx.Client) -> None:
    asked = {"jql": "project = SHOP ORDER BY key", "maxResults": 1, "fields": "summary"}
    datacenter_client.get(SEARCH, params=asked)
    datacenter.delete("SHOP-1")
    second = datacenter_client.get(SEARCH, params={**asked, "startAt": 1}).json()
    assert [issue["key"] for issue in second["issues"]] == ["SHOP-3"]


def test_epics_children_are_linked_by_a_field_and_only_sub_tasks_have_a_parent(datacenter_client: httpx.Client) -> None:
    story = datacenter_client.get("/rest/api/2/issue/SHOP-2").json()["fields"]
    subtask = datacenter_client.get("/rest/api/2/issue/SHOP-3").json()["fields"]
    assert ("parent" in story, story["customfield_10014"]) == (False, "SHOP-1")
    assert subtask["parent"]["key"] == "SHOP-2"
    assert [child["key"] for child in story["subtasks"]] == ["SHOP-3"]
    assert story["description"] == "First line\nsecond line\n\nNew paragraph"
    assert story["assignee"]["name"] == "dana.weiss"
    assert "hierarchyLevel" not in story["issuetype"]


def test_sprints_come_as_the_text_of_a_java_object(datacenter_client: httpx.Client) -> None:
    (text,) = datacenter_client.get("/rest/api/2/issue/SHOP-2").json()["fields"]["customfield_10020"]
    assert text == (
        "com.atlassian.greenhopper.service.sprint.Sprint@65[id=101,rapidViewId=1,state=ACTIVE,name=Shop 1,"
        "startDate=2026-11-24T08:00:00.000Z,endDate=2026-11-24T16:00:00.000Z,completeDate=<null>,"
        "activatedDate=2026-11-24T08:00:00.000Z,sequence=101,goal=]"
    )


def test_cloud_only_calls_are_not_found(datacenter_client: httpx.Client) -> None:
    assert datacenter_client.post("/rest/api/2/search/jql", json={"jql": "project = SHOP"}).status_code == 404
    assert datacenter_client.get("/rest/api/3/myself").status_code == 404
    # There is no /project/search here, so the path names a project of that key.
    assert datacenter_client.get("/rest/api/2/project/search").status_code == 404


def test_projects_come_as_one_list(datacenter_client: httpx.Client) -> None:
    projects = datacenter_client.get("/rest/api/2/project").json()
    assert [(project["key"], project["name"]) for project in projects] == [("SHOP", "Shop"), ("PLAT", "Platform")]
    versions = datacenter_client.get("/rest/api/2/project/SHOP/versions").json()
    assert [version["name"] for version in versions] == ["Checkout 4.0"]


def test_the_server_tells_what_it_is_and_wants_a_bearer_token(datacenter_client: httpx.Client) -> None:
    assert datacenter_client.get("/rest/api/2/serverInfo").json()["deploymentType"] == "Server"
    assert datacenter_client.get("/rest/api/2/myself").json()["name"] == "northing.sync"
    assert datacenter_client.get("/rest/api/2/myself", auth=("sync@acme.example", "jira-token")).status_code == 401


def test_sprints_can_come_as_objects() -> None:
    site = JiraSite("datacenter", sprints_as_json=True)
    site.add_project("SHOP", "Shop")
    sprint = site.add_sprint(site.add_board("SHOP")["id"], "Shop 1", "future", site.now().date(), site.now().date())[
        "id"
    ]
    site.add_issue("SHOP", "Story", sprint=sprint)
    headers = {"Authorization": "Bearer jira-token"}
    with serve(site) as running:
        fields = httpx.get(f"{running.url_of(site)}/rest/api/2/issue/SHOP-1", headers=headers).json()["fields"]
    assert [one["id"] for one in fields["customfield_10020"]] == [sprint]
