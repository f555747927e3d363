"""What a program reads when a command fails: JSON with a code and a remedy, whatever went wrong."""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path
from typing import Any

import orjson
import pytest
import typer
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError
from typer.testing import CliRunner, Result

from dbt_project.catalogue import catalogue
from orchestration.commands.output import JsonOption, reports_errors

SECRET = "ada@example.com"


def _run(failure: Exception) -> Result:
    app = typer.Typer()

    @app.command()
    @reports_errors
    def fail(as_json: JsonOption = False) -> None:
        raise failure

    return CliRunner().invoke(app, ["--json"])


def _told(result: Result) -> dict[str, Any]:
    told: dict[str, Any] = orjson.loads(result.stdout)["error"]
    assert 1 == result.exit_code
    assert told["remedy"] == catalogue()[told["code"]].remedy
    return told


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_a_full_or_forbidden_disk_is_told_with_its_file(number: int) -> None:
    """No traceback: the file, what is wrong with it, and what to do."""
    result = _run(OSError(number, "no", "/home/warehouse.duckdb.lock"))
    assert "STORAGE_UNAVAILABLE" == _told(result)["code"]
    assert "/home/warehouse.duckdb.lock" in _told(result)["message"]
    assert isinstance(result.exception, SystemExit)


def test_a_database_that_finds_no_space_is_told_as_a_full_disk(tmp_path: Path) -> None:
    """Also where a library wraps what SQLite says."""
    with create_engine(f"sqlite:///{tmp_path}/full.db").connect() as connection:
        connection.execute(text("create table t (x)"))
        connection.execute(text("pragma max_page_count = 2"))
        with pytest.raises(OperationalError) as full:
            connection.execute(text("insert into t values (zeroblob(100000))"))
    assert isinstance(full.value.orig, sqlite3.OperationalError)
    assert "STORAGE_UNAVAILABLE" == _told(_run(full.value))["code"]


def test_a_fault_of_ours_is_told_without_its_text() -> None:
    """A program gets JSON too; what a library says may hold what somebody wrote."""
    result = _run(KeyError(SECRET))
    assert "UNEXPECTED_ERROR" == _told(result)["code"]
    assert SECRET not in result.stdout
    assert isinstance(result.exception, KeyError)


@pytest.mark.parametrize("failure", [typer.Exit(3), typer.BadParameter("no such thing")])
def test_what_a_command_ends_with_on_purpose_stays(failure: Exception) -> None:
    """Exit codes and wrong arguments are no faults."""
    result = _run(failure)
    assert "" == result.stdout
    assert getattr(failure, "exit_code", None) == result.exit_code
