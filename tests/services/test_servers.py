"""Real servers in odd places: they start, keep what they were given, and recover from being killed."""

from contextlib import closing
from pathlib import Path

import psycopg2
import pytest
import redis

from o2o_platform.services.errors import ServiceError
from o2o_platform.services.postgres import Postgres
from o2o_platform.services.processes import ProcessBook
from o2o_platform.services.valkey import Valkey


def _count(database: Postgres) -> int:
    with closing(psycopg2.connect(database.url())) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM kept")
        return cursor.fetchone()[0]


def test_killed_postgres_recovers_with_its_data(tmp_path: Path):
    book = ProcessBook(tmp_path / "processes.json")
    first = Postgres(tmp_path / "postgres")
    first.start(book)
    first.create_database()
    with closing(psycopg2.connect(first.url())) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE kept AS SELECT 1")
        connection.commit()
    first.child.kill()
    first.child.wait()
    assert (first.data / "postmaster.pid").exists()

    second = Postgres(tmp_path / "postgres")
    try:
        second.start(book)
        assert _count(second) == 1
    finally:
        second.stop()


def test_postgres_left_running_is_taken_over(tmp_path: Path):
    first = Postgres(tmp_path / "postgres", throw_away=True)
    first.start(ProcessBook(tmp_path / "lost.json"))
    first.create_database()

    second = Postgres(tmp_path / "postgres", throw_away=True)
    try:
        second.start(ProcessBook(tmp_path / "processes.json"))
        assert first.child.wait(timeout=5) == 0
    finally:
        second.stop()


def test_half_initialised_data_is_made_anew(tmp_path: Path):
    (tmp_path / "postgres" / "pgdata.partial").mkdir(parents=True)
    (tmp_path / "postgres" / "pgdata.partial" / "PG_VERSION").write_text("18\n")

    database = Postgres(tmp_path / "postgres", throw_away=True)
    try:
        database.start(ProcessBook(tmp_path / "processes.json"))
        assert not (tmp_path / "postgres" / "pgdata.partial").exists()
    finally:
        database.stop()


@pytest.mark.parametrize("folder", ["车 管家, 'quoted' & long " * 4, "a" * 110])
def test_path_that_suits_no_socket_works(tmp_path: Path, folder: str):
    database = Postgres(tmp_path / folder, throw_away=True)
    try:
        database.start(ProcessBook(tmp_path / "processes.json"))
        database.create_database()
        assert database.sockets != database.directory
    finally:
        database.stop()
    assert not database.sockets.exists()


def test_data_of_another_version_is_refused(tmp_path: Path):
    database = Postgres(tmp_path / "postgres")
    database.data.mkdir(parents=True)
    (database.data / "PG_VERSION").write_text("12\n")

    with pytest.raises(ServiceError, match="was made by PostgreSQL 12; this is 18"):
        database.start(ProcessBook(tmp_path / "processes.json"))


def test_postgres_listens_on_no_network_address(tmp_path: Path):
    database = Postgres(tmp_path / "postgres", throw_away=True)
    try:
        database.start(ProcessBook(tmp_path / "processes.json"))
        with closing(psycopg2.connect(database.url("postgres"))) as connection, connection.cursor() as cursor:
            cursor.execute("SHOW listen_addresses")
            assert cursor.fetchone() == ("",)
    finally:
        database.stop()


def test_queue_survives_a_killed_valkey(tmp_path: Path):
    first = Valkey(tmp_path / "valkey")
    first.start(ProcessBook(tmp_path / "processes.json"))
    client = redis.Redis.from_url(first.url())
    client.rpush("celery", "task")
    client.config_set("appendfsync", "always")
    client.rpush("celery", "another")
    first.child.kill()
    first.child.wait()

    second = Valkey(tmp_path / "valkey")
    try:
        second.start(ProcessBook(tmp_path / "processes.json"))
        assert redis.Redis.from_url(second.url()).lrange("celery", 0, -1) == [b"task", b"another"]
    finally:
        second.stop()


def test_valkey_refuses_a_wrong_password(tmp_path: Path):
    server = Valkey(tmp_path / "valkey", throw_away=True)
    try:
        server.start(ProcessBook(tmp_path / "processes.json"))
        with pytest.raises(redis.AuthenticationError):
            redis.Redis(port=server.port, password="guess").ping()
    finally:
        server.stop()
