"""The databases that tests get are real, fresh and gone afterwards, and no test reaches the Internet."""

import socket

import psycopg
import pytest
from pytest_socket import SocketConnectBlockedError
from sqlalchemy import create_engine, text

from tests.postgres import Postgres


def test_each_test_gets_an_empty_database_of_its_own(database_url: str) -> None:
    engine = create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE only_here (id INTEGER)"))
        connection.execute(text("INSERT INTO only_here VALUES (1)"))
        assert connection.execute(text("SELECT count(*) FROM only_here")).scalar_one() == 1
    engine.dispose()


def test_a_database_is_dropped_at_the_end_even_with_open_connections(postgres: Postgres) -> None:
    with postgres.database() as url:
        plain = url.replace("postgresql+psycopg", "postgresql")
        left_open = psycopg.connect(plain)
    with left_open, pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(plain)


def test_a_database_can_be_copied_from_a_template(postgres: Postgres) -> None:
    with postgres.database() as template:
        plain = template.replace("postgresql+psycopg", "postgresql")
        with psycopg.connect(plain) as connection:
            connection.execute("CREATE TABLE prepared (id INTEGER)")
            name = connection.info.dbname
        with postgres.database(template=name) as copy, psycopg.connect(copy.replace("+psycopg", "")) as connection:
            found = connection.execute("SELECT count(*) FROM prepared").fetchone()
    assert found == (0,)


def test_a_migrated_database_is_a_copy_of_its_own(migrated_url: str) -> None:
    engine = create_engine(migrated_url)
    with engine.begin() as connection:
        version = connection.execute(text("SELECT count(*) FROM northing_schema_version")).scalar_one()
        connection.execute(text("CREATE TABLE only_here (id INTEGER)"))
    engine.dispose()
    assert version == 1


def test_no_test_reaches_beyond_loopback() -> None:
    with pytest.raises(SocketConnectBlockedError):
        socket.create_connection(("192.0.2.1", 80), timeout=1)
