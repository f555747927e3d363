"""A disk that is full, a log that may not be written: nothing is acknowledged, nothing is lost."""

from __future__ import annotations

import ctypes
import os
import resource
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import psycopg
import pytest
from support.gateway import (
    Answer,
    GatewayProcess,
    Sender,
    family,
    gateway,
    get,
    logged_keys,
    wait_until,
)

LARGE = "x" * 20_000
NO_LIMIT = resource.RLIM_INFINITY


def tool(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"this machine has no {name}")
    return found


class LimitedFiles:
    """No file of the process grows past a size: works for everybody. The log gets EFBIG, which
    SQLite reports as a failed write; a full disk gives ENOSPC instead."""

    def __init__(self, folder: Path) -> None:
        self.home = folder

    def fill(self, process: subprocess.Popen[bytes]) -> None:
        largest = max(file.stat().st_size for file in self.home.glob("event_log.sqlite*"))
        self._limit(process, largest + 100_000)

    def free(self, process: subprocess.Popen[bytes]) -> None:
        self._limit(process, NO_LIMIT)

    def _limit(self, process: subprocess.Popen[bytes], size: int) -> None:
        for pid in family(process.pid):
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, NO_LIMIT))


class SmallDisk:
    """A file system of a few megabytes in memory: the real thing, where we may mount."""

    def __init__(self, folder: Path) -> None:
        self.home = folder
        self._filler = folder / "filler"

    def fill(self, _process: subprocess.Popen[bytes]) -> None:
        with self._filler.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(64 * 1024))
            except OSError:
                pass

    def free(self, _process: subprocess.Popen[bytes]) -> None:
        self._filler.unlink()


@pytest.fixture
def small_disk(home: Path) -> Iterator[SmallDisk]:
    mounted = subprocess.run(
        [tool("mount"), "-t", "tmpfs", "-o", "size=12m", "tmpfs", str(home)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip("mounting needs root; the file-size limit is tested all the same")
    yield SmallDisk(home)
    subprocess.run([tool("umount"), "--lazy", str(home)], check=True)


@pytest.fixture(params=["file-size limit", "small disk"])
def disk(request, home):
    if request.param == "small disk":
        return request.getfixturevalue("small_disk")
    return LimitedFiles(home)


@pytest.mark.timeout(120)
def test_full_disk(disk):
    """While the disk is full events are refused with 503 and Retry-After; with space again the
    gateway takes them by itself. Everything acknowledged before, meanwhile and after is there."""
    acknowledged: set[str] = set()
    with gateway(disk.home) as running, ExitStack() as stack:
        sender = stack.enter_context(closing(Sender(running.port, LARGE)))

        def send(event_id: str) -> Answer:
            answer = sender.send(event_id)
            if answer.status == 200:
                acknowledged.add(event_id)
            return answer

        assert send("before").status == 200
        disk.fill(running.process)
        refused = refuse(send)
        assert running.status("/health/live") == 200
        disk.free(running.process)
        wait_until(lambda: running.status("/health/ready") == 200, "the gateway to recover")
        again = send(refused)
        assert (again.status, again.duplicate) == (200, False)
        assert send("after").status == 200
        running.stop()
        assert acknowledged == set(logged_keys(running.log_url))


def refuse(send) -> str:
    """Send until the disk is full; the id of the event that was refused."""
    for number in range(2_000):
        event_id = f"full-{number}"
        answer = send(event_id)
        if answer.status != 200:
            assert (503, "LOG_UNAVAILABLE") == (answer.status, answer.code)
            assert int(answer.retry_after) > 0
            return event_id
    raise AssertionError("the disk was never full")


@pytest.fixture
def frozen_log(home):
    """Makes the files of a log immutable under a running gateway; open files obey it too. (Its
    shared memory stays: to write there would end a process at once.)"""
    frozen: list[str] = []

    def freeze() -> None:
        files = [str(home / name) for name in ("event_log.sqlite", "event_log.sqlite-wal")]
        frozen.extend(files)
        done = subprocess.run([tool("chattr"), "+i", *files], capture_output=True, check=False)
        if done.returncode:
            pytest.skip("freezing a file needs root and a file system that can do it")

    def thaw() -> None:
        subprocess.run([tool("chattr"), "-i", *frozen], capture_output=True, check=False)

    yield freeze, thaw
    thaw()


@pytest.mark.timeout(120)
def test_log_becomes_read_only(home, frozen_log):
    """When the log's file can no longer be written, the gateway lives, is not ready, and refuses
    events with 503; when it can, it goes on by itself."""
    freeze, thaw = frozen_log
    with gateway(home) as running:
        check_read_only(running, freeze, thaw)


@pytest.mark.timeout(120)
def test_postgres_becomes_read_only(home, own_postgres):
    """The same where PostgreSQL takes no writes (a standby, after a fail-over)."""

    def read_only(value: str) -> None:
        with psycopg.connect(own_postgres.url, autocommit=True) as connection:
            connection.execute(f"alter system set default_transaction_read_only = {value}")
            connection.execute("select pg_reload_conf()")

    with gateway(home, own_postgres.new_database()) as running:
        check_read_only(running, lambda: read_only("on"), lambda: read_only("off"))


def check_read_only(running: GatewayProcess, freeze, thaw) -> None:
    with closing(Sender(running.port)) as sender:
        check_refusals(running, sender, freeze, thaw)
    running.stop()
    assert ["before", "meanwhile"] == logged_keys(running.log_url)


def check_refusals(running: GatewayProcess, sender: Sender, freeze, thaw) -> None:
    assert sender.send("before").status == 200
    freeze()
    wait_until(lambda: running.status("/health/ready") == 503, "the gateway to notice")
    answer = sender.send("meanwhile")
    assert (503, "LOG_UNAVAILABLE") == (answer.status, answer.code)
    assert int(answer.retry_after) > 0
    assert get(running.port, "/health/ready")[1]["retry-after"]
    assert running.status("/health/live") == 200
    thaw()
    wait_until(lambda: running.status("/health/ready") == 200, "the gateway to recover")
    answer = sender.send("meanwhile")
    assert (answer.status, answer.duplicate) == (200, False)


@pytest.mark.timeout(60)
def test_started_on_a_read_only_log(home):
    """A gateway that cannot write its log from the start says so and ends; it does not pretend."""
    with gateway(home) as running, closing(Sender(running.port)) as sender:
        assert sender.send("before").status == 200
    for file in home.glob("event_log.sqlite*"):
        file.chmod(0o444)
    home.chmod(0o555)
    started = GatewayProcess(home, prepare=obey_permissions)
    process = started.launch()
    ended = process.wait(50)
    home.chmod(0o755)
    assert ended == 1
    assert "LOG_UNAVAILABLE" in started.told()


def obey_permissions() -> None:
    """Take the power to ignore permissions from a process of root's; others never had it."""
    if os.geteuid() == 0:
        drop_from_bounding_set, dac_override = 24, 1
        assert ctypes.CDLL(None).prctl(drop_from_bounding_set, dac_override, 0, 0, 0) == 0
