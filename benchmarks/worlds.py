"""Worlds are databases: built once, kept as long as nothing they are made of changes, copied for every run."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import psycopg2
from django.core.management import call_command
from django.db import connection

from benchmarks import world
from benchmarks.world import Size
from o2o_platform.services.postgres import Postgres

RUN = "run"


def use(server: Postgres, database: str) -> None:
    """Send this process, pgbench and web servers started from now on to a database."""
    connection.close()
    connection.settings_dict["NAME"] = database
    os.environ["DATABASE_URL"] = server.url(database)


def ensure(server: Postgres, size: Size) -> str:
    """The database of a world, built if there is none. Leaves this process without a connection."""
    name = size.name
    for stale in _databases(server, size.stem):
        if stale != name:
            _maintain(server, f'DROP DATABASE "{stale}"')
    if not _databases(server, name):
        began = time.monotonic()
        print(f"· building {size}", flush=True)
        unfinished = f"{size.stem}building"
        server.create_database(unfinished)
        use(server, unfinished)
        call_command("migrate", verbosity=0)
        call_command("load_catalogue", verbosity=0)
        world.build(size)
        _say_size(time.monotonic() - began)
        connection.close()
        _maintain(server, f'ALTER DATABASE "{unfinished}" RENAME TO "{name}"')
    return name


@contextmanager
def copied(server: Postgres, size: Size) -> Iterator[None]:
    """Use a copy of a world that may be written to; it is dropped at the end."""
    name = ensure(server, size)
    _maintain(server, f'DROP DATABASE IF EXISTS "{RUN}"')
    _maintain(server, f'CREATE DATABASE "{RUN}" TEMPLATE "{name}" STRATEGY file_copy')
    use(server, RUN)
    try:
        yield
    finally:
        connection.close()
        _maintain(server, f'DROP DATABASE "{RUN}" WITH (FORCE)')


def _say_size(seconds: float) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*), pg_size_pretty(pg_database_size(current_database())) FROM bookings_allocation")
        claims, size = cursor.fetchone()
    print(f"· {claims:,} claims, {size}, in {seconds:.0f} s", flush=True)


def _databases(server: Postgres, prefix: str) -> list[str]:
    with closing(psycopg2.connect(server.url("postgres"))) as maintenance, maintenance.cursor() as cursor:
        cursor.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [prefix])
        return [name for (name,) in cursor.fetchall()]


def _maintain(server: Postgres, statement: str) -> None:
    with closing(psycopg2.connect(server.url("postgres"))) as maintenance:
        maintenance.autocommit = True
        with maintenance.cursor() as cursor:
            cursor.execute(statement)
