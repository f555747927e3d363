"""A backup of a living installation restores to one in which nothing is lost or done twice."""

from __future__ import annotations

import asyncio
import sqlite3
import stat
import subprocess
import sys
import threading
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from ingestion.event_log import NewEvent
from ingestion.event_log.archive import archive
from orchestration import connections
from orchestration.backup import aside, databases, manifest
from orchestration.backup.make import backup
from orchestration.backup.restore import Restored, restore
from orchestration.errors import BackupError, BackupInvalidError, RestoreRefusedError
from orchestration.settings import Settings
from reverse_etl.dispatcher import Dispatcher
from reverse_etl.errors import LedgerNewerError
from reverse_etl.ledger import Ledger
from reverse_etl.model import State
from reverse_etl.testing import NOON, ManualTime, ScriptedConnector, contact, seeded

EVENTS = 20


def quiet(_step: str) -> None:
    """Nobody watches."""


def installation(home: Path, **urls: str) -> Settings:
    return Settings(home=home, _env_file=None, **urls)  # type: ignore[call-arg,arg-type]


@pytest.fixture(params=["sqlite", "postgresql"])
def urls(request: pytest.FixtureRequest) -> dict[str, str]:
    """Where log and ledger are: embedded, or two databases of a server."""
    if request.param == "sqlite":
        return {}
    cluster = request.getfixturevalue("postgres")
    return {"log_url": cluster.new_database(), "ledger_url": cluster.new_database()}


@pytest.fixture
def settings(tmp_path: Path, urls: dict[str, str]) -> Settings:
    return furnish(installation(tmp_path / "home", **urls))


@pytest.fixture
def embedded(tmp_path: Path) -> Settings:
    return furnish(installation(tmp_path / "home"))


def furnish(made: Settings) -> Settings:
    """Events, a queue, an archive and files."""
    with closing(connections.event_log(made)) as log:
        log.append([event(number) for number in range(EVENTS)])
        archive(log.stored, made.archive, NOON + timedelta(days=1))
        log.append([event(EVENTS)])
    with connections.ledger(made) as ledger:
        queue(ledger, 1, 2)
    (made.home / "sources.toml").write_text('[webshop]\nheader = "x"\n')
    made.scorecards.mkdir()
    (made.scorecards / "v2.csv").write_text("rule,points\n")
    return made


def event(number: int) -> NewEvent:
    return NewEvent("standard", f"e{number}", "webhook", NOON, b"{}" * number, {}, f"c{number}")


def queue(ledger: Ledger, *numbers: int, as_of: int = 5) -> None:
    rows = [contact(number) for number in numbers]
    ledger.enqueue(rows, destination="hubspot", action="upsert_contact", now=NOON, as_of=as_of)


def deliver(settings: Settings, connector: ScriptedConnector) -> None:
    time = ManualTime()
    with connections.ledger(settings) as ledger:
        dispatcher = Dispatcher(
            ledger, {"hubspot": connector}, clock=time, rng=seeded(), sleep=time.sleep
        )
        with closing(dispatcher):
            asyncio.run(dispatcher.drain(timedelta(seconds=30)))


def to_empty(settings: Settings, folder: Path, target: Settings) -> Restored:
    return restore(target, folder, now=NOON, progress=quiet)


def elsewhere(settings: Settings, tmp_path: Path, request: pytest.FixtureRequest) -> Settings:
    """An empty installation of the same kind."""
    if databases.kind(settings.log_url) == "sqlite":
        return installation(tmp_path / "other")
    cluster = request.getfixturevalue("postgres")
    names = {"log_url": cluster.new_database(), "ledger_url": cluster.new_database()}
    return installation(tmp_path / "other", **names)


def test_everything_comes_back(
    settings: Settings, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Events with their archived content, deliveries and files are in the new home as they were."""
    made = backup(settings, tmp_path / "backup", now=NOON, progress=quiet)
    other = elsewhere(settings, tmp_path, request)
    to_empty(settings, tmp_path / "backup", other)

    assert {"events": EVENTS + 1, "head": EVENTS + 1}.items() <= made.log.items()
    with (
        closing(connections.event_log(settings)) as here,
        closing(connections.event_log(other)) as there,
    ):
        assert here.read() == there.read()
    assert (settings.home / "sources.toml").read_text() == (other.home / "sources.toml").read_text()
    assert "rule,points\n" == (other.scorecards / "v2.csv").read_text()


def test_what_was_sent_after_the_backup_is_not_sent_again(
    settings: Settings, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """The restored ledger knows nothing of it, and asks the destination first."""
    connector = ScriptedConnector()
    backup(settings, tmp_path / "backup", now=NOON, progress=quiet)
    deliver(settings, connector)
    assert 2 == len(connector.effects)
    other = elsewhere(settings, tmp_path, request)
    done = to_empty(settings, tmp_path / "backup", other)
    with connections.ledger(other) as ledger:
        assert {State.UNKNOWN} == {row.state for row in ledger.find()}
    deliver(other, connector)

    assert 2 == done.read_back
    assert 2 == len(connector.effects)
    with connections.ledger(other) as ledger:
        assert {State.DELIVERED} == {row.state for row in ledger.find()}
        assert "restore" == ledger.audit(1)[0].what


def test_what_was_not_sent_goes_out_once(embedded: Settings, tmp_path: Path) -> None:
    """The destination says that it has nothing of it: then it is sent."""
    backup(embedded, tmp_path / "backup", now=NOON, progress=quiet)
    other = installation(tmp_path / "other")
    to_empty(embedded, tmp_path / "backup", other)
    connector = ScriptedConnector()
    deliver(other, connector)
    assert ["person-1", "person-2"] == sorted(key for key, _ in connector.effects)


def test_writers_go_on_and_the_copy_is_one_moment(embedded: Settings, tmp_path: Path) -> None:
    """While others append and enqueue, the copied log holds all that the copied ledger acted on,
    and positions without a hole."""
    stop = threading.Event()
    writer = threading.Thread(target=write_until, args=(embedded, stop))
    writer.start()
    try:
        made = [
            backup(embedded, tmp_path / f"backup{n}", now=NOON, progress=quiet) for n in range(5)
        ]
    finally:
        stop.set()
        writer.join()
    heads = [told.log["head"] for told in made]
    assert sorted(heads) == heads
    assert heads[0] < heads[-1]
    for told in made:
        assert told.log["events"] == told.log["head"] >= told.ledger["acted_on"]


def write_until(settings: Settings, stop: threading.Event) -> None:
    """As the fast lane does: an event first, then what follows from it."""
    with closing(connections.event_log(settings)) as log, connections.ledger(settings) as ledger:
        number = 1_000
        while not stop.is_set():
            number += 1
            [stored] = log.append([event(number)])
            queue(ledger, number, as_of=stored.position)


def test_a_ledger_ahead_of_its_log_is_refused(embedded: Settings, tmp_path: Path) -> None:
    """Else new events would take positions that count as worked off."""
    with connections.ledger(embedded) as ledger:
        queue(ledger, 3, as_of=EVENTS + 2)
    with pytest.raises(BackupInvalidError, match="the log ends at 21"):
        backup(embedded, tmp_path / "backup", now=NOON, progress=quiet)
    assert not list(tmp_path.glob("*backup*"))


def test_a_changed_file_is_refused(embedded: Settings, tmp_path: Path) -> None:
    """A flipped byte is seen, and nothing is put in place."""
    folder = tmp_path / "backup"
    backup(embedded, folder, now=NOON, progress=quiet)
    file = folder / "event_log.sqlite"
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    with pytest.raises(BackupInvalidError, match=r"event_log\.sqlite"):
        to_empty(embedded, folder, installation(tmp_path / "other"))
    assert not (tmp_path / "other").exists()


def test_an_unfinished_backup_is_none(tmp_path: Path) -> None:
    """Without its manifest a folder is refused."""
    (tmp_path / "backup").mkdir()
    with pytest.raises(BackupInvalidError):
        to_empty(installation(tmp_path / "a"), tmp_path / "backup", installation(tmp_path / "b"))


def test_a_home_in_use_is_not_overwritten(embedded: Settings, tmp_path: Path) -> None:
    """Not while a process has a database open, force or not; and without force not at all."""
    backup(embedded, tmp_path / "backup", now=NOON, progress=quiet)
    with pytest.raises(RestoreRefusedError, match="is there already"):
        restore(embedded, tmp_path / "backup", now=NOON, progress=quiet)
    holder = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]);"
        "c.execute('pragma journal_mode = wal');"
        "c.execute('select count(*) from events').fetchall();"
        "print('open', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", holder, str(embedded.home / "event_log.sqlite")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout
        process.stdout.readline()
        with pytest.raises(RestoreRefusedError, match=r"event_log\.sqlite open"):
            restore(embedded, tmp_path / "backup", now=NOON, progress=quiet, force=True)
        process.communicate()


def test_force_keeps_what_was_there(settings: Settings, tmp_path: Path) -> None:
    """The home of before is in a folder of its own; the restored one is that of the backup."""
    backup(settings, tmp_path / "backup", now=NOON, progress=quiet)
    with closing(connections.event_log(settings)) as log:
        log.append([event(77)])
    settings.warehouse.write_bytes(b"newer than the log will be")
    done = restore(settings, tmp_path / "backup", now=NOON, progress=quiet, force=True)
    assert done.kept_in
    assert (done.kept_in / "warehouse.duckdb").exists()
    assert not settings.warehouse.exists()
    with closing(connections.event_log(settings)) as log:
        assert EVENTS + 1 == log.head()


def test_what_stood_elsewhere_is_kept_beside_itself(tmp_path: Path) -> None:
    """A warehouse that was moved, and its journal, which would be read into the next one's."""
    made = furnish(installation(tmp_path / "home", warehouse=str(tmp_path / "w.duckdb")))
    for name in ("w.duckdb", "w.duckdb.wal"):
        (tmp_path / name).write_bytes(b"of before")
    backup(made, tmp_path / "backup", now=NOON, progress=quiet)
    done = restore(made, tmp_path / "backup", now=NOON, progress=quiet, force=True)
    assert not list(tmp_path.glob("w.duckdb*[bl]"))
    assert done.kept_in
    kept = [tmp_path / f"{name}.{done.kept_in.name}" for name in ("w.duckdb", "w.duckdb.wal")]
    assert sorted([done.kept_in, *kept]) == aside.kept(made)
    assert f"rm -r {done.kept_in}" in aside.removal(aside.kept(made))


def test_a_file_outside_of_the_home_stays(embedded: Settings, tmp_path: Path) -> None:
    """Sources that are configured elsewhere are looked after elsewhere."""
    backup(embedded, tmp_path / "backup", now=NOON, progress=quiet)
    file = tmp_path / "elsewhere.toml"
    file.write_text("# newer\n")
    to_empty(
        embedded, tmp_path / "backup", installation(tmp_path / "other", sources_file=str(file))
    )
    assert "# newer\n" == file.read_text()


def test_a_damaged_publication_stops_no_backup(embedded: Settings, tmp_path: Path) -> None:
    """It can be computed again; what cannot is copied all the more."""
    note = embedded.published.with_name("publication.json")
    note.parent.mkdir()
    note.write_text("{")
    made = backup(embedded, tmp_path / "backup", now=NOON, progress=quiet)
    assert made.published is None
    assert EVENTS + 1 == made.log["events"]


def test_only_the_owner_can_read_it(embedded: Settings, tmp_path: Path) -> None:
    """A backup holds personal data."""
    folder = tmp_path / "backup"
    backup(embedded, folder, now=NOON, progress=quiet)
    assert 0o700 == stat.S_IMODE(folder.stat().st_mode)
    assert {0o600} == {stat.S_IMODE(path.stat().st_mode) for path in manifest.files_in(folder)}


def test_a_backup_inside_the_home_is_refused(embedded: Settings) -> None:
    """It would be lost with what it is to replace."""
    with pytest.raises(BackupError, match="inside MILLRACE_HOME"):
        backup(embedded, embedded.home / "backup", now=NOON, progress=quiet)


def test_a_ledger_of_a_newer_release_is_refused(embedded: Settings, tmp_path: Path) -> None:
    """Before anything is put in place: this version could not read it."""
    with sqlite3.connect(embedded.home / "ledger.sqlite") as connection:
        connection.execute("update alembic_version set version_num = '9999'")
    backup(embedded, tmp_path / "backup", now=NOON, progress=quiet)
    with pytest.raises(LedgerNewerError):
        to_empty(embedded, tmp_path / "backup", installation(tmp_path / "other"))
    assert not (tmp_path / "other").exists()


def test_a_missing_file_of_the_archive_is_told(embedded: Settings, tmp_path: Path) -> None:
    """A backup without the content of events would be none."""
    [file] = embedded.archive.glob("*.parquet")
    file.unlink()
    with pytest.raises(BackupError, match=r"missing in the archive"):
        backup(embedded, tmp_path / "backup", now=NOON, progress=quiet)


def test_passwords_are_on_no_command_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Wherever in the address the password stands."""
    seen: list[list[str]] = []

    def run(command: list[str], **options: object) -> subprocess.CompletedProcess[str]:
        seen.append(command)
        assert {"PGPASSWORD": "s3cret"}.items() <= dict(options["env"]).items()  # type: ignore[call-overload]
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(databases.subprocess, "run", run)
    monkeypatch.setattr(databases.shutil, "which", lambda name: f"/usr/bin/{name}")
    for url in (
        "postgresql://ann:s3cret@db/m?sslmode=require",
        "postgresql://ann@db/m?password=s3cret",
    ):
        databases.load(url, tmp_path / "x.pgdump")
    assert "s3cret" not in str(seen)
    assert "sslmode=require" in str(seen[0])
