"""A new release takes over what an older one left, and an older one refuses what is newer."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import create_engine
from sqlalchemy.engine import make_url
from support.postgres import PostgresCluster
from typer.testing import CliRunner

from ingestion.errors import LogNewerError
from ingestion.event_log import NewEvent
from orchestration import connections, upgrade
from orchestration.cli import app
from orchestration.errors import SettingError
from orchestration.settings import Settings
from reverse_etl.errors import LedgerNewerError
from reverse_etl.ledger.migrations import HEAD, require_known
from reverse_etl.testing import NOON


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("DAGSTER_HOME", "")
    monkeypatch.setattr(upgrade, "ensure_manifest", lambda _settings: None)  # dbt takes a minute
    return Settings(home=tmp_path / "home", _env_file=None)  # type: ignore[call-arg]


def version(file: Path, query: str) -> object:
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute(query).fetchone()[0]


def execute(file: Path, statement: str) -> None:
    with closing(sqlite3.connect(file)) as connection:
        connection.execute(statement)
        connection.commit()


def quiet(_step: str) -> None:
    """Nobody watches."""


def test_an_older_ledger_is_brought_up_to_date(settings: Settings) -> None:
    """From its first version, in place; a second time changes nothing."""
    from alembic import command
    from alembic.config import Config

    from reverse_etl.ledger import migrations

    file = settings.home / "ledger.sqlite"
    settings.home.mkdir()
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    engine = create_engine(f"sqlite:///{file}")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    engine.dispose()
    assert "0001" == version(file, "select version_num from alembic_version")

    for _ in range(2):
        done = upgrade.upgrade(settings, progress=quiet)
        assert HEAD == done.ledger == version(file, "select version_num from alembic_version")
    assert (done.dagster_home / "dagster.yaml").exists()


def test_the_answer_stands_alone(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program reads JSON; what libraries say of their steps goes elsewhere."""
    monkeypatch.setenv("MILLRACE_HOME", str(settings.home))
    told = CliRunner().invoke(app, ["upgrade", "--json"])
    assert HEAD == json.loads(told.stdout)["ledger"]


def test_a_log_without_a_version_gets_ours(settings: Settings) -> None:
    """Logs of before versions were noted are of the first one."""
    upgrade.upgrade(settings, progress=quiet)
    file = settings.home / "event_log.sqlite"
    execute(file, "drop table log_version")
    upgrade.upgrade(settings, progress=quiet)
    assert 1 == version(file, "select version from log_version")


def test_a_newer_log_is_refused(settings: Settings) -> None:
    """By everybody who opens it: an older release could not keep what the newer one promises."""
    connections.event_log(settings).close()
    execute(settings.home / "event_log.sqlite", "update log_version set version = 99")
    for start in (upgrade.upgrade, lambda settings, progress: connections.event_log(settings)):
        with pytest.raises(LogNewerError, match="version 99"):
            start(settings, progress=quiet)


def test_a_newer_ledger_is_refused(settings: Settings) -> None:
    """It stays as it is."""
    connections.ledger(settings).close()
    file = settings.home / "ledger.sqlite"
    execute(file, "update alembic_version set version_num = '9999'")
    with pytest.raises(LedgerNewerError):
        upgrade.upgrade(settings, progress=quiet)
    assert "9999" == version(file, "select version_num from alembic_version")
    with pytest.raises(LedgerNewerError):
        require_known("9999")


def test_a_database_without_an_encoding_will_do(
    settings: Settings, postgres: PostgresCluster
) -> None:
    """A cluster that was made in the locale C holds text as bytes; names of people survive it."""
    urls = [_without_encoding(postgres) for _ in range(2)]
    made = settings.model_copy(update={"log_url": urls[0], "ledger_url": urls[1]})
    upgrade.upgrade(made, progress=quiet)
    with closing(connections.event_log(made)) as log:
        log.append([NewEvent("standard", "Zoë", "webhook", NOON, b"{}", {}, "c")])
        assert "Zoë" == log.read()[0].event_key


def _without_encoding(postgres: PostgresCluster) -> str:
    url = make_url(postgres.new_database())
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute(f"drop database {url.database}")  # type: ignore[arg-type]  # a name of ours
        connection.execute(
            f"create database {url.database} template template0 encoding 'SQL_ASCII'"  # type: ignore[arg-type]
            " lc_collate 'C' lc_ctype 'C'"
        )
    return url.render_as_string(hide_password=False)


def test_each_store_has_a_database_of_its_own(settings: Settings, tmp_path: Path) -> None:
    """They have tables of the same names; it is said before one finds those of another."""
    shared = f"sqlite:///{tmp_path}/one.sqlite"
    both = settings.model_copy(update={"log_url": shared, "ledger_url": shared})
    with pytest.raises(SettingError, match="the same database"):
        connections.ledger(both)
    server, again = "postgresql://ann@db/millrace", "postgresql://bob@db:5432/millrace"
    dagsters = settings.model_copy(update={"ledger_url": server, "dagster_url": again})
    with pytest.raises(SettingError, match="the same database"):
        connections.ledger(dagsters)
