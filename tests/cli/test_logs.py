"""What a log line looks like, and what it never holds."""

import io
import json
import logging
import threading
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

import store
from cli.logs import Style, about, configure
from cli.secrets import Secrets, secrets_of
from config import Config
from connectors.github.options import GitHubOptions
from connectors.jira.options import JiraOptions
from sync.jobs.job import Job

SECRET = "correct=horse+4711"
KEY = "-----BEGIN KEY-----\nfirst-line-of-the-key-4712\nsecond-line-of-the-key-4713\n-----END KEY-----"


@pytest.fixture
def secrets() -> Secrets:
    known = Secrets()
    known.learn(SECRET, KEY)
    return known


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """Logging belongs to the whole process: it is left as it was."""
    root, hook, levels = logging.getLogger(), threading.excepthook, {}
    names = ["cli", "dashboard", "alerts", "sync", "mapping", "store", "connectors", "config"]
    for name in [*names, "alembic", "apscheduler", "httpx", "uvicorn"]:
        levels[name] = logging.getLogger(name).level
    handlers, level, raising = list(root.handlers), root.level, logging.raiseExceptions
    yield
    root.handlers[:], threading.excepthook, logging.raiseExceptions = handlers, hook, raising
    root.setLevel(level)
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()


def lines(secrets: Secrets, *, verbose: bool = False) -> tuple[Any, Any]:
    """A log of JSON lines, and what gives those that were written so far."""
    stream = io.StringIO()
    configure(Style.json, secrets.hide, verbose=verbose, stream=stream)
    return structlog.get_logger("sync.pull"), lambda: [json.loads(line) for line in stream.getvalue().splitlines()]


def test_an_event_is_a_line_of_json_that_says_first_when_how_grave_and_what(secrets: Secrets) -> None:
    log, written = lines(secrets)
    log.info("scope read", connection="jira", changed=3, seconds=0.5, more=None)
    [line] = written()
    assert list(line) == ["timestamp", "level", "event", "connection", "changed", "seconds", "more"]
    assert line["timestamp"].endswith("Z")
    assert {**line, "timestamp": ""} == {
        "timestamp": "",
        "level": "info",
        "event": "scope read",
        "connection": "jira",
        "changed": 3,
        "seconds": 0.5,
        "more": None,
    }


def test_lines_of_libraries_go_the_same_way_with_their_names(secrets: Secrets) -> None:
    _, written = lines(secrets)
    logging.getLogger("urllib3.connectionpool").warning("retry of %s", "here")
    [line] = written()
    assert (line["level"], line["event"], line["logger"]) == ("warning", "retry of here", "urllib3.connectionpool")


def test_a_database_that_is_made_or_upgraded_is_one_line(secrets: Secrets, sqlite_url: str) -> None:
    _, written = lines(secrets)
    engine = store.connect(sqlite_url)
    store.migrate(engine)
    store.migrate(engine)
    engine.dispose()
    assert [line["event"] for line in written()] == ["database brought to schema 0001"]


def test_all_that_is_logged_in_a_job_names_it(secrets: Secrets) -> None:
    log, written = lines(secrets)
    with about(Job("read", "jira", "10000")):
        log.info("one")
        logging.getLogger("urllib3").warning("two")
    with about(Job("count")):
        log.info("three")
    log.info("four")
    with structlog.contextvars.bound_contextvars(job_id="12"), about(Job("alerts")):
        log.info("five")
    one, two, three, four, five = written()
    assert (one["job"], one["connection"], one["scope"]) == ("read", "jira", "10000")
    assert one["job_id"] == two["job_id"] != three["job_id"]
    assert (three["job"], "connection" in three, "job" in four) == ("count", False, False)
    assert five["job_id"] == "12", "a queue has numbered it already"


@pytest.mark.parametrize("style", list(Style))
def test_no_value_exception_or_trace_holds_a_secret(style: Style, secrets: Secrets) -> None:
    stream = io.StringIO()
    configure(style, secrets.hide, stream=stream)
    log = structlog.get_logger("sync.pull")
    event = f"event {SECRET}"
    log.info(event, text=SECRET, deep={SECRET: [ValueError(SECRET), (SECRET,)]}, many={SECRET})
    log.info("encoded", url="https://x/?k=correct%3Dhorse%2B4711", line="second-line-of-the-key-4713")
    logging.getLogger("urllib3").warning("of a library: %s", SECRET, extra={"token": SECRET})
    try:
        try:
            raise ValueError(SECRET)
        except ValueError as error:
            raise RuntimeError("first-line-of-the-key-4712\n") from error
    except RuntimeError:
        local = SECRET
        log.exception("failed", of=len(local))
        logging.getLogger("uvicorn.error").exception("failed, too")
    text = stream.getvalue()
    assert text.count("***") >= 12
    assert "RuntimeError" in text
    assert [one for one in (SECRET, "4711", "4712", "4713") if one in text] == []


def test_a_thread_that_ends_by_an_error_and_a_warning_of_python_become_lines(secrets: Secrets) -> None:
    _, written = lines(secrets)

    def fail() -> None:
        raise ValueError(SECRET)

    thread = threading.Thread(target=fail, name="worker 7")
    thread.start()
    thread.join()
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn(f"old: {SECRET}", stacklevel=1)
    failed, warned = written()
    assert (failed["event"], failed["thread"]) == ("a thread ended by an error", "worker 7")
    assert "ValueError: ***" in failed["exception"]
    assert (warned["logger"], "old: ***" in warned["event"]) == ("py.warnings", True)


def test_steps_are_logged_when_asked_for_and_whole_requests_of_libraries_never(secrets: Secrets) -> None:
    for verbose, events in ((False, []), (True, ["step"])):
        log, written = lines(secrets, verbose=verbose)
        log.debug("step")
        logging.getLogger("github.Requester").debug("GET with all headers")
        assert [line["event"] for line in written()] == events


def test_without_a_style_a_pipe_gets_json_and_a_terminal_what_people_read(secrets: Secrets) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    for stream, begin in ((io.StringIO(), "{"), (Terminal(), "\x1b")):
        configure(None, secrets.hide, stream=stream)
        structlog.get_logger("cli.serve").info("listening")
        assert stream.getvalue().startswith(begin)
        assert "listening" in stream.getvalue()


@pytest.mark.parametrize(
    "text, hidden",
    [
        ("ghp_0123456789abcdefghij", "***"),
        ("Authorization: Bearer abcdefgh12345", "Authorization: Bearer ***"),
        ("token eyJhbGciOiJI.eyJpc3MiOiI3.c2lnbmF0dXJl end", "token *** end"),
        ('{"access_token":"abcdefghijkl","expires_in":3600}', '{"access_token":"***","expires_in":3600}'),
        ("postgresql://northing:pw@host/db", "postgresql://***@host/db"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----", "***"),
        ("the token is missing: give the webhook its secret", "the token is missing: give the webhook its secret"),
        ("SHOP-12 read, 3 changed, see https://acme.example/browse/SHOP-12", None),
    ],
)
def test_what_looks_like_a_token_is_hidden_though_nobody_knows_it(text: str, hidden: str | None) -> None:
    assert Secrets().hide(text) == (text if hidden is None else hidden)


def test_all_secrets_of_a_configuration_are_known_in_every_form() -> None:
    connections: Any = {
        "cloud": JiraOptions(
            kind="jira",
            url="https://acme.example",
            projects=["*"],
            auth={"email": "a@b.example", "token": "cloud-token"},
            proxy="http://user:proxy-pw@proxy:3128",
        ),
        "hub": GitHubOptions(
            kind="github",
            repositories=["a/b"],
            auth={"token": "hub-token"},
            webhook_secret=["hook-one", "hook-two"],
        ),
    }
    channels = {
        "slack": "https://hooks.slack.com/services/T00000001/B00000002/abcdEFGH1234",
        "mail": "mailtos://me:mail-pw@smtp.acme.example?to=x@acme.example",
        "bot": "tgram://123456789:AbCdEf/987654321",
    }
    config = Config(
        database="postgresql://northing:db%2Dpassword@host/db",
        connections=connections,
        alerts={"channels": channels},
    )
    known = Secrets()
    known.learn(*secrets_of(config))
    for secret in (
        "cloud-token",
        "YUBiLmV4YW1wbGU6Y2xvdWQtdG9rZW4=",
        "proxy-pw",
        "hub-token",
        "hook-one",
        "hook-two",
        "T00000001",
        "B00000002",
        "abcdEFGH1234",
        "mail-pw",
        "bWU6bWFpbC1wdw==",
        "123456789:AbCdEf",
        "db%2Dpassword",
        "db-password",
    ):
        assert secret not in known.hide_known(f"x {secret} y"), secret
    for plain in ("hooks.slack.com", "smtp.acme.example", "acme.example", "northing", "a/b"):
        assert known.hide_known(f"x {plain} y") == f"x {plain} y"


def test_what_was_a_secret_before_stays_one() -> None:
    known = Secrets()
    known.learn("the-old-one")
    known.learn("the-new-one")
    assert known.hide_known("the-old-one, the-new-one") == "***, ***"


def test_the_program_logs_to_standard_error(secrets: Secrets, capsys: pytest.CaptureFixture[str]) -> None:
    configure(Style.json, secrets.hide)
    structlog.get_logger("cli.serve").info("listening")
    out, err = capsys.readouterr()
    assert (out, json.loads(err)["event"]) == ("", "listening")
