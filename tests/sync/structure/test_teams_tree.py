"""The tree of teams, configured and stored alike."""

import pytest
import sqlalchemy as sa

from sync.structure import Teams
from tests.mapping.tracker import Tracker
from tests.sync.structure.company import applied, company


@pytest.fixture(params=["configured", "stored"])
def teams(request: pytest.FixtureRequest, conn: sa.Connection, tracker: Tracker) -> Teams:
    config = applied(conn, company())
    return Teams.configured(config) if request.param == "configured" else Teams.stored(conn)


def test_a_team_has_a_name_a_path_and_a_root(teams: Teams) -> None:
    assert teams.name("tooling") == "Sales Tooling"
    assert teams.path("tooling") == ("company", "sales", "tooling")
    assert (teams.root("tooling"), teams.root("company")) == ("company", "company")


def test_a_subtree_is_the_team_and_all_below_it(teams: Teams) -> None:
    assert teams.subtree("sales") == {"sales", "tooling"}
    assert teams.subtree("company") == {"company", "product", "checkout", "sales", "tooling"}
    assert teams.is_within("checkout", "company")
    assert teams.is_within("checkout", "checkout")
    assert not teams.is_within("checkout", "sales")
    assert not teams.is_within(None, "company")


def test_a_team_that_is_not_among_them_stands_alone(teams: Teams) -> None:
    assert (teams.name("gone"), teams.path("gone"), teams.subtree("gone")) == ("gone", ("gone",), {"gone"})
