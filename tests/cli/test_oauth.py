"""A connection by OAuth from the command line: each command is a process of its own, and all share one consent."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from simulator import JiraSite, serve
from simulator.jira import Atlassian
from tests.cli.conftest import Northing


@pytest.fixture
def atlassian() -> Atlassian:
    site = JiraSite("cloud")
    site.add_project("SHOP", "Shop")
    site.add_issue("SHOP", "Pay")
    return Atlassian(site)


@pytest.fixture
def shop(atlassian: Atlassian, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Northing]:
    [site] = atlassian.sites.values()
    with serve(site, atlassian) as running:
        gateway = running.url_of(atlassian)
        monkeypatch.setenv("REFRESH", atlassian.consent())
        monkeypatch.setenv("SECRET", "app-secret")
        (tmp_path / "northing.yaml").write_text(f"""\
version: 1
database: sqlite:///{tmp_path / "northing.db"}
connections:
  jira:
    kind: jira
    url: {running.url_of(site)}
    auth:
      client_id: app
      client_secret: ${{SECRET}}
      refresh_token: ${{REFRESH}}
      token_url: {gateway}/oauth/token
      gateway: {gateway}
    projects: [SHOP]
""")
        yield Northing(tmp_path)


def test_doctor_before_the_first_sync_loses_no_token(shop: Northing, atlassian: Atlassian) -> None:
    first = shop("doctor")
    assert first.code == 0, first.out + first.err
    atlassian.advance(timedelta(hours=2))
    atlassian.end_access()
    # The first refresh token would by now end the whole consent.
    assert [row["name"] for row in shop("doctor", "--json").data if not row["ok"]] == ["clock"]
    assert [shop("sync").code, shop("verify").code] == [0, 0]
    assert atlassian.rotations == 2
    [consent] = atlassian.consents
    assert not consent.revoked


def test_no_secret_is_in_the_database_or_on_the_screen(shop: Northing, atlassian: Atlassian) -> None:
    told = [shop(*command) for command in (["sync"], ["doctor"], ["config", "show"])]
    atlassian.consents[0].revoked = True
    atlassian.end_access()
    told.append(shop("sync"))
    assert "takes the refresh token no more" in told[-1].err
    kept = b"".join(file.read_bytes() for file in shop.folder.glob("northing.db*"))
    text = "".join(one.out + one.err for one in told)
    secrets = ["app-secret", *atlassian.consents[0].refresh, "access-1"]
    assert [one for one in secrets if one in text or one.encode() in kept] == []


def test_credentials_that_end_soon_are_a_finding(shop: Northing, atlassian: Atlassian) -> None:
    [site] = atlassian.sites.values()
    config = shop.config.read_text()
    ends = datetime.now(UTC).date() + timedelta(days=5)
    auth = f"    auth: {{email: {site.email}, token: {site.token}, expires: {ends}}}\n"
    shop.config.write_text(config[: config.index("    auth:")] + auth + config[config.index("    projects:") :])
    assert shop("sync").code == 0
    result = shop("check", "--select", "SYN505")
    assert f"The credentials of connection jira end in 4 days ({ends} 00:00 UTC)" in result.out
