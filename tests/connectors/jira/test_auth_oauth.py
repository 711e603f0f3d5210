"""OAuth 2.0: the access token lives for an hour, the refresh token is replaced at each use and is never lost."""

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

import store
from connectors.base import Reading, Unkept, Usage
from connectors.errors import Refused, TryAgain
from simulator import JiraSite, serve
from simulator.jira import ALL_SCOPES, Atlassian
from tests.connectors.jira.clouds import NOW, Cloud, cloud, keys

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def acme() -> Iterator[Cloud]:
    with cloud() as found:
        yield found


def texts(kept: Unkept) -> str:
    return kept.replace("jira", lambda text: text or "")


def test_a_consent_reads_the_site_through_the_gateway(acme: Cloud) -> None:
    jira = acme.connect(acme.oauth(acme.atlassian.consent()))
    [scope] = jira.scopes().scopes
    [page] = jira.items(scope, Reading(), Usage())
    assert [(item.key, item.url) for item in page.items] == [("SHOP-1", f"{acme.site.origin}/browse/SHOP-1")]
    assert acme.site.requests == []
    assert acme.atlassian.rotations == 1


def test_the_token_is_replaced_before_it_ends(acme: Cloud) -> None:
    jira = acme.connect(acme.oauth(acme.atlassian.consent()))
    keys(jira)
    acme.clock.advance(timedelta(minutes=54))
    keys(jira)
    assert acme.atlassian.rotations == 1
    acme.clock.advance(timedelta(minutes=2))
    keys(jira)
    assert acme.atlassian.rotations == 2
    assert [one.status for one in acme.atlassian.requests if one.status != 200] == []


def test_a_token_endpoint_that_is_down_for_a_while_stops_nothing(acme: Cloud) -> None:
    jira = acme.connect(acme.oauth(acme.atlassian.consent()))
    keys(jira)
    acme.clock.advance(timedelta(minutes=56))
    acme.atlassian.down = True
    assert keys(jira) == ["SHOP-1"]  # the token has four minutes left
    acme.clock.advance(timedelta(minutes=5))
    with pytest.raises(TryAgain, match="/oauth/token answered 503"):
        jira.scopes()
    acme.atlassian.down = False
    assert keys(jira) == ["SHOP-1"]


def test_a_long_run_outlives_many_tokens(acme: Cloud) -> None:  # bug 15
    jira = acme.connect(acme.oauth(acme.atlassian.consent()))
    for _ in range(30):
        assert keys(jira) == ["SHOP-1"]
        acme.clock.advance(timedelta(minutes=50))
    assert [one.status for one in acme.atlassian.requests if one.status != 200] == []


def test_a_token_that_ends_before_its_time_is_replaced_once(acme: Cloud) -> None:  # bug 15
    jira = acme.connect(acme.oauth(acme.atlassian.consent()))
    [scope] = jira.scopes().scopes
    acme.atlassian.end_access()
    assert [item.key for page in jira.items(scope, Reading(), Usage()) for item in page.items] == ["SHOP-1"]
    acme.atlassian.end_access()
    jira.scopes()  # the control plane uses the same token
    assert acme.atlassian.rotations == 3


def test_many_threads_that_meet_the_end_renew_it_once(acme: Cloud) -> None:
    jira = acme.connect(acme.oauth(acme.atlassian.consent()))
    jira.scopes()
    acme.atlassian.end_access()
    with ThreadPoolExecutor(12) as pool:
        assert list(pool.map(lambda _: keys(jira), range(24))) == [["SHOP-1"]] * 24
    assert acme.atlassian.rotations == 2


def test_another_process_goes_on_with_what_the_first_one_got(acme: Cloud) -> None:
    auth = acme.oauth(acme.atlassian.consent())
    keys(acme.connect(auth))
    assert keys(acme.connect(auth)) == ["SHOP-1"]
    assert acme.atlassian.rotations == 1
    acme.clock.advance(timedelta(days=80))
    keys(acme.connect(auth))
    assert acme.atlassian.rotations == 2


def test_a_process_that_finds_its_token_replaced_takes_the_new_one(acme: Cloud) -> None:
    auth = acme.oauth(acme.atlassian.consent())
    first, second = acme.connect(auth), acme.connect(auth)
    keys(first)
    keys(second)
    acme.clock.advance(timedelta(minutes=56))
    keys(first)
    keys(second)
    assert acme.atlassian.rotations == 2


def test_a_newly_configured_refresh_token_replaces_what_is_kept(acme: Cloud) -> None:
    keys(acme.connect(acme.oauth(acme.atlassian.consent())))
    acme.atlassian.consents[0].revoked = True
    acme.atlassian.end_access()
    assert keys(acme.connect(acme.oauth(acme.atlassian.consent()))) == ["SHOP-1"]


def test_a_revoked_consent_says_how_to_consent_anew(acme: Cloud) -> None:
    jira = acme.connect(acme.oauth(acme.atlassian.consent()))
    keys(jira)
    acme.atlassian.consents[0].revoked = True
    acme.clock.advance(timedelta(hours=2))
    with pytest.raises(Refused, match=r"takes the refresh token no more \(invalid_grant: Unknown or invalid") as caught:
        jira.scopes()
    assert "https://developer.atlassian.com/console/myapps" in caught.value.advice
    assert "auth.refresh_token" in caught.value.advice


def test_a_wrong_app_is_told_apart_from_a_wrong_consent(acme: Cloud) -> None:
    auth = acme.oauth(acme.atlassian.consent(), client_secret="other")
    with pytest.raises(Refused, match="does not accept the app") as caught:
        acme.connect(auth).scopes()
    assert "auth.client_secret" in caught.value.advice
    assert acme.connect(auth).doctor()[0].ok  # it was reached, and the account is what fails


def test_a_consent_for_another_site_names_both(acme: Cloud) -> None:
    assert acme.other.tokens.cloud_id is not None
    jira = acme.connect(acme.oauth(acme.atlassian.consent(acme.other.tokens.cloud_id)))
    with pytest.raises(Refused) as caught:
        jira.scopes()
    assert caught.value.message == f"The consent is not for {acme.url}, but for {acme.other.origin}."


def test_the_site_may_also_be_named_by_its_address_at_the_gateway(acme: Cloud) -> None:
    url = f"{acme.gateway}/ex/jira/{acme.cloud_id}"
    jira = acme.connect(acme.oauth(acme.atlassian.consent()), url=url)
    assert jira.scopes().scopes[0].url == f"{acme.site.origin}/browse/SHOP"


def test_the_consent_ends_a_year_after_its_first_use(acme: Cloud) -> None:
    jira = acme.connect(acme.oauth(acme.atlassian.consent()))
    for _ in range(3):
        assert jira.scopes().credentials_end_at == NOW + timedelta(days=365)
        acme.clock.advance(timedelta(days=20))


def test_what_is_kept_and_what_is_logged_holds_no_secret(acme: Cloud, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    kept, refresh = Unkept(), acme.atlassian.consent()
    jira = acme.connect(acme.oauth(refresh), kept)
    keys(jira)
    secrets = ["app-secret", refresh, *acme.atlassian.consents[0].refresh, *acme.atlassian.consents[0].access]
    told = [texts(kept), caplog.text, repr(jira.doctor())]
    assert [secret for secret in secrets if any(secret in text for text in told)] == []


def test_each_token_that_atlassian_hands_out_or_that_was_kept_is_told(acme: Cloud) -> None:
    kept, refresh = Unkept(), acme.atlassian.consent()
    keys(acme.connect(acme.oauth(refresh), kept))
    [consent] = acme.atlassian.consents
    assert {*consent.refresh[1:], *consent.access} <= set(acme.learned)
    acme.learned.clear()
    keys(acme.connect(acme.oauth(refresh), kept))
    assert {consent.refresh[-1], *consent.access} <= set(acme.learned)


def test_what_was_sealed_with_another_secret_is_refused_and_stays(acme: Cloud) -> None:
    kept, refresh = Unkept(), acme.atlassian.consent()
    keys(acme.connect(acme.oauth(refresh), kept))
    before = texts(kept)
    acme.atlassian.client_secret = "renewed"
    with pytest.raises(Refused, match="sealed with another client_secret"):
        acme.connect(acme.oauth(refresh, client_secret="renewed"), kept).scopes()
    assert texts(kept) == before
    assert acme.atlassian.rotations == 1  # the first refresh token was not sent again, which would have ended all


class Failing(Unkept):
    """A database that refuses to write while `broken`."""

    broken = True

    def replace(self, connection: str, step: Callable[[str | None], str]) -> str:
        def then_fail(text: str | None) -> str:
            new = step(text)
            if self.broken and new != text:
                raise TryAgain("the disk is full")
            return new

        return super().replace(connection, then_fail)


def test_a_token_that_the_database_refuses_is_not_lost(acme: Cloud) -> None:
    kept = Failing()
    auth = acme.oauth(acme.atlassian.consent())
    jira = acme.connect(auth, kept)
    with pytest.raises(TryAgain, match="disk is full"):
        jira.scopes()
    acme.clock.advance(timedelta(minutes=20))  # too late for the token before it
    kept.broken = False
    assert keys(jira) == ["SHOP-1"]
    acme.clock.advance(timedelta(hours=3))
    assert keys(acme.connect(auth, kept)) == ["SHOP-1"]


def test_a_crash_between_answer_and_commit_loses_nothing_for_ten_minutes(acme: Cloud) -> None:
    kept = Failing()
    auth = acme.oauth(acme.atlassian.consent())
    with pytest.raises(TryAgain):
        acme.connect(auth, kept).scopes()
    kept.broken = False
    acme.clock.advance(timedelta(minutes=9))
    assert keys(acme.connect(auth, kept)) == ["SHOP-1"]


def test_a_missing_scope_does_not_use_up_tokens(acme: Cloud) -> None:
    scopes = ALL_SCOPES - {"read:board-scope:jira-software"}
    jira = acme.connect(acme.oauth(acme.atlassian.consent(scopes=scopes)))
    [scope] = jira.scopes().scopes
    for _ in range(3):
        jira.containers(scope, {}, Usage())
    assert acme.atlassian.rotations == 1


def test_a_reader_that_is_left_behind_does_not_cut_a_renewal_off(acme: Cloud) -> None:
    """Threads that read die with the program; what renews a token is a thread that the program waits for."""
    seen: list[bool] = []

    class Watching(Unkept):
        def replace(self, connection: str, step: Callable[[str | None], str]) -> str:
            seen.append(threading.current_thread().daemon)
            return super().replace(connection, step)

    jira = acme.connect(acme.oauth(acme.atlassian.consent()), Watching())
    reader = threading.Thread(target=jira.scopes, daemon=True)
    reader.start()
    reader.join(30)
    assert seen == [False]


def test_processes_with_many_threads_renew_once_for_all(database_url: str) -> None:
    site = JiraSite("cloud")
    site.add_project("SHOP", "Shop")
    atlassian = Atlassian(site)
    with serve(site, atlassian) as running:
        command = [
            sys.executable, "-m", "tests.connectors.jira.oauth_process",
            database_url, running.url_of(site), running.url_of(atlassian), atlassian.consent(),
        ]  # fmt: skip
        env = {**os.environ, "PYTHONPATH": str(ROOT)}
        others = [
            subprocess.Popen(command, cwd=ROOT, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            for _ in range(2)
        ]
        for round_ in (1, 2):
            for one in others:
                assert one.stdin is not None
                one.stdin.write("go\n")
                one.stdin.flush()
            for one in others:
                assert one.stdout is not None
                assert one.stdout.readline() == "8 readings went well\n"
            assert atlassian.rotations == round_
            atlassian.end_access()
        assert [one.communicate()[0] for one in others] == ["", ""]
    [consent] = atlassian.consents
    assert len(consent.refresh) == 3
    assert not consent.revoked
    engine = store.connect(database_url)
    with store.reading(engine) as conn:
        [row] = conn.execute(sa.text("SELECT connection, sealed FROM credential")).all()
    engine.dispose()
    assert row.connection == "jira"
    assert not any(secret in row.sealed for secret in (*consent.refresh, "app-secret"))
