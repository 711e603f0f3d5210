"""What became of issues that a reading no longer meets."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx
import pytest
import respx

from connectors.base import Reading, Usage
from connectors.errors import Refused, TryAgain
from connectors.github import GitHub
from connectors.records import Item, Looked, Ref, Scope
from simulator import GitHubSite, serve
from tests.connectors.github.samples import API, SHOP, connector, issue, item, repository, without

START = datetime(2026, 11, 24, 12, tzinfo=UTC)


@dataclass
class Talk:
    """A site with acme/shop (12 issues) and acme/base (1 issue), and a connector that reads both."""

    site: GitHubSite
    github: GitHub
    scopes: dict[str, Scope]

    def ref(self, number: int) -> Ref:
        key = f"acme/shop#{number}"
        return Ref(external_id=str(self.site.issue(key)["id"]), key=key)

    def look(self, *refs: Ref, usage: Usage | None = None) -> Looked:
        return self.github.look(self.scopes["acme/shop"], refs, usage or Usage())

    def listed(self, name: str) -> dict[str, Item]:
        pages = self.github.items(self.scopes[name], Reading(), Usage())
        return {one.key: one for page in pages for one in page.items}


@pytest.fixture(params=[False, True], ids=["cloud", "enterprise"])
def talk(request: pytest.FixtureRequest) -> Iterator[Talk]:
    site = GitHubSite(now=lambda: START, enterprise=request.param, limit=None if request.param else 5000)
    for name in ("acme/shop", "acme/base"):
        site.add_repository(name)
    for number in range(1, 13):
        site.add_issue("acme/shop", f"Issue {number}")
    site.add_issue("acme/base", "Base")
    with serve(site) as running:
        github = connector(
            running.url_of(site), auth={"token": "github-token"}, repositories=["acme/shop", "acme/base"]
        )
        yield Talk(site, github, {scope.key: scope for scope in github.scopes().scopes})
        github.close()


def test_issues_that_are_there_are_told_as_a_reading_tells_them(talk: Talk) -> None:
    talk.site.set_parent("acme/shop#2", "acme/shop#1")
    talk.site.block("acme/shop#3", "acme/base#1")
    refs, usage = [talk.ref(number) for number in range(1, 13)], Usage()
    looked = talk.look(*refs, usage=usage)
    assert looked == Looked(items=list(talk.listed("acme/shop").values()))
    assert looked.items[2].blocked_by == ("acme/base#1",)
    assert usage.requests == 13


def test_no_identifiers_are_listed_for_less_than_a_reading(talk: Talk) -> None:
    assert talk.github.ids(talk.scopes["acme/shop"], Usage()) is None


def test_a_deleted_issue_is_deleted_by_proof(talk: Talk) -> None:
    kept, deleted, purged = talk.ref(1), talk.ref(2), Ref(external_id="77", key="acme/shop#99")
    talk.site.delete("acme/shop#2")
    looked = talk.look(kept, deleted, purged)
    assert [one.key for one in looked.items] == ["acme/shop#1"]
    assert looked.gone == {deleted.external_id: "deleted", "77": "deleted"}
    assert looked.moved == {}


def test_a_transferred_issue_is_followed_to_its_new_identity(talk: Talk) -> None:  # bug 8
    ref = talk.ref(5)
    key = talk.site.transfer("acme/shop#5", "acme/base")
    looked = talk.look(ref)
    moved = talk.listed("acme/base")[key]
    assert moved.key == "acme/base#2"
    assert looked == Looked(items=[moved], moved={ref.external_id: moved.external_id})
    assert looked.items[0].scope == talk.scopes["acme/base"].external_id != talk.scopes["acme/shop"].external_id


def test_an_issue_that_came_back_under_another_number_is_followed(talk: Talk) -> None:
    ref = talk.ref(5)
    talk.site.transfer(talk.site.transfer("acme/shop#5", "acme/base"), "acme/shop")
    looked = talk.look(ref)
    assert [(one.key, one.scope) for one in looked.items] == [("acme/shop#13", talk.scopes["acme/shop"].external_id)]
    assert looked.moved == {ref.external_id: looked.items[0].external_id}


def test_one_transferred_issue_stops_none_of_the_others(talk: Talk) -> None:  # bug 9
    hidden, deleted, kept = talk.ref(1), talk.ref(2), talk.ref(3)
    talk.site.transfer("acme/shop#1", "acme/base")
    talk.site.delete(talk.site.transfer("acme/shop#2", "acme/base"))
    talk.site.hide("acme/base")
    looked = talk.look(hidden, deleted, kept)
    assert [one.key for one in looked.items] == ["acme/shop#3"]
    assert set(looked.gone) == {hidden.external_id, deleted.external_id}


def test_an_issue_deleted_behind_its_transfer_is_deleted(talk: Talk) -> None:
    ref = talk.ref(2)
    talk.site.delete(talk.site.transfer("acme/shop#2", "acme/base"))
    assert talk.look(ref) == Looked(gone={ref.external_id: "deleted"})
    talk.site.set_repository("acme/base", has_issues=False)
    assert talk.look(ref) == Looked(gone={ref.external_id: "not_visible"})


def test_nothing_is_known_of_the_issues_of_a_repository_out_of_sight(talk: Talk) -> None:
    ref = talk.ref(1)
    talk.site.hide("acme/shop")
    with pytest.raises(Refused, match="acme/shop: not found, or the token may not see it"):
        talk.look(ref)


def test_issues_that_are_disabled_are_not_deleted(talk: Talk) -> None:
    ref = talk.ref(1)
    talk.site.set_repository("acme/shop", has_issues=False)
    with pytest.raises(Refused, match="acme/shop: issues are disabled in this repository"):
        talk.look(ref)


def test_issues_of_a_renamed_repository_and_owner_are_found(talk: Talk) -> None:
    ref = talk.ref(1)
    talk.site.rename("acme/shop", "acme/store")
    talk.site.rename_owner("acme", "acme-corp")
    looked = talk.look(ref)
    assert [(one.external_id, one.scope) for one in looked.items] == [
        (ref.external_id, talk.scopes["acme/shop"].external_id)
    ]
    renamed = {scope.external_id: scope.key for scope in talk.github.scopes().scopes}
    assert renamed == {
        scope.external_id: f"acme-corp/{name}"
        for scope, name in zip(talk.scopes.values(), ("base", "store"), strict=True)
    }


def test_an_archived_repository_is_read_on(talk: Talk) -> None:
    talk.site.set_repository("acme/shop", archived=True)
    assert [(scope.key, scope.archived) for scope in talk.github.scopes().scopes] == [
        ("acme/base", False),
        ("acme/shop", True),
    ]
    assert len(talk.look(talk.ref(1)).items) == 1


REF = Ref(external_id="9001", key="acme/shop#1")
ONE = f"{API}/repos/acme/shop/issues/1"


def asked(ref: Ref = REF) -> Looked:
    return connector().look(SHOP, [ref], Usage())


def test_a_transfer_into_a_repository_out_of_sight_is_no_deletion(respx_mock: respx.MockRouter) -> None:
    respx_mock.get(ONE).respond(301, headers={"Location": f"{API}/repositories/777/issues/4"})
    respx_mock.get(f"{API}/repositories/777/issues/4").respond(404, json={"message": "Not Found"})
    assert asked() == Looked(gone={"9001": "not_visible"})


def test_a_number_that_another_issue_has_now_is_not_taken_for_ours(respx_mock: respx.MockRouter) -> None:
    respx_mock.get(ONE).respond(json=issue(1, id=123))
    assert asked() == Looked(gone={"9001": "not_visible"})


def test_a_transfer_to_a_number_that_we_know_in_another_repository_is_told_by_id(respx_mock: respx.MockRouter) -> None:
    there = f"{API}/repos/acme/web"
    respx_mock.get(ONE).respond(301, headers={"Location": f"{API}/repositories/777/issues/1"})
    moved = issue(1, id=123, repository_url=there, html_url="https://github.com/acme/web/issues/1")
    respx_mock.get(f"{API}/repositories/777/issues/1").respond(json=moved)
    respx_mock.get(f"{API}/repositories/777").respond(json=repository("web", 777))
    home = item(1, external_id="123", key="acme/web#1", scope="777", url="https://github.com/acme/web/issues/1")
    assert asked() == Looked(items=[home], moved={"9001": "123"})


def test_an_issue_turned_into_a_discussion_is_out_of_sight(respx_mock: respx.MockRouter) -> None:
    respx_mock.get(ONE).respond(301, headers={"Location": f"{API}/repos/acme/shop/discussions/1"})
    respx_mock.get(f"{API}/repos/acme/shop/discussions/1").respond(json={"id": 5, "number": 1})
    assert asked() == Looked(gone={"9001": "not_visible"})


def test_an_issue_turned_into_a_pull_request_is_no_issue_any_more(respx_mock: respx.MockRouter) -> None:
    respx_mock.get(ONE).respond(json=issue(1, pull_request={"url": f"{API}/repos/acme/shop/pulls/1"}))
    assert asked() == Looked(gone={"9001": "deleted"})


def test_an_issue_that_cannot_be_read_is_set_aside_and_not_gone(respx_mock: respx.MockRouter) -> None:
    respx_mock.get(ONE).respond(json=issue(1, state=["open"]))
    looked = asked()
    assert (looked.items, looked.gone) == ([], {})
    assert [(note.external_id, note.whole) for note in looked.set_aside] == [("9001", True)]


def test_an_older_server_is_asked_for_the_parent(respx_mock: respx.MockRouter) -> None:
    respx_mock.get(ONE).respond(json=without(issue(1), "parent_issue_url"))
    parent = respx_mock.get(f"{ONE}/parent")
    parent.side_effect = [httpx.Response(200, json=issue(7)), httpx.Response(404, json={"message": "Not Found"})]
    assert asked() == Looked(items=[item(1, parent_key="acme/shop#7")])
    assert asked() == Looked(items=[item(1)])


@pytest.mark.parametrize("status, error", [(502, TryAgain), (403, Refused), (401, Refused)])
def test_a_failure_proves_nothing(respx_mock: respx.MockRouter, status: int, error: type[Exception]) -> None:
    respx_mock.get(ONE).respond(status, json={"message": "no"})
    with pytest.raises(error):
        asked()


def test_a_name_that_another_repository_took_over_proves_nothing(respx_mock: respx.MockRouter) -> None:
    respx_mock.get(ONE).respond(404, json={"message": "Not Found"})
    respx_mock.get(f"{API}/repos/acme/shop").respond(json=repository("shop", 999))
    with pytest.raises(Refused, match="acme/shop is another repository now"):
        asked()
