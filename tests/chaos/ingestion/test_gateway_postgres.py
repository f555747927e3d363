"""Several gateways, one PostgreSQL: a key once, positions without holes, no reader misses one."""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack
from datetime import UTC, datetime

import pytest
from sqlalchemy import event as sqlalchemy_event
from support.gateway import Load, Sender, gateway, logged_keys, wait_until

from ingestion.event_log import EventLog, NewEvent


class Follower:
    """A reader that follows positions, as the lanes do."""

    def __init__(self, url: str) -> None:
        self.positions: list[int] = []
        self._log = EventLog.open(url)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._follow)
        self._thread.start()

    @property
    def after(self) -> int:
        return self.positions[-1] if self.positions else 0

    def stop(self) -> None:
        """Read to the end, then stop."""
        self._stopping.set()
        self._thread.join(30)
        self._log.close()

    def _follow(self) -> None:
        while True:
            last = self._stopping.is_set()
            page = self._log.rows(after=self.after, limit=100)
            self.positions += [row.position for row in page]
            if last and not page:
                return


@pytest.mark.timeout(120)
def test_two_gateways(tmp_path, postgres_url):
    """The same and different events posted to two gateways at once: each key is stored once and
    acknowledged by both, and a reader that follows positions sees all of them."""
    with ExitStack() as stack:
        homes = [tmp_path / name for name in ("one", "two")]
        for home in homes:
            home.mkdir()
        both = [stack.enter_context(gateway(home, postgres_url)) for home in homes]
        follower = Follower(postgres_url)
        stack.callback(follower.stop)
        shared = [Load([running.port], senders=4, prefix="same") for running in both]
        own = Load([running.port for running in both], senders=4, prefix="own")
        for load in (*shared, own):
            load.start()
        wait_until(lambda: all(len(load.acknowledged) > 150 for load in (*shared, own)), "load")
        for load in (*shared, own):
            load.stop()
    keys = logged_keys(postgres_url)
    assert shared[0].acknowledged & shared[1].acknowledged  # otherwise nothing met
    assert not any(load.refused or load.in_doubt for load in (*shared, own))
    acknowledged = shared[0].acknowledged | shared[1].acknowledged | own.acknowledged
    assert len(keys) == len(acknowledged)
    assert set(keys) == acknowledged
    assert list(range(1, len(keys) + 1)) == follower.positions


@pytest.mark.timeout(60)
def test_late_commit(postgres_url):
    """A transaction that is held before its commit is not passed: no reader that follows
    positions ever sees a later event before it."""
    writers = [EventLog.open(postgres_url) for _ in range(2)]
    held, release = threading.Event(), threading.Event()

    def hold(_connection: object) -> None:
        held.set()
        assert release.wait(20)

    sqlalchemy_event.listen(writers[0]._writer, "commit", hold)
    follower = Follower(postgres_url)
    threads = [threading.Thread(target=append, args=(writers[0], "late"))]
    threads[0].start()
    assert held.wait(10)
    threads.append(threading.Thread(target=append, args=(writers[1], "early")))
    threads[1].start()
    time.sleep(0.5)  # long enough for the second writer to commit, if nothing stopped it
    seen_meanwhile = list(follower.positions)
    release.set()
    for thread in threads:
        thread.join(20)
    wait_until(lambda: len(follower.positions) >= 2, "both events")
    follower.stop()
    for writer in writers:
        writer.close()
    assert seen_meanwhile == []
    assert follower.positions == [1, 2]
    assert logged_keys(postgres_url) == ["late", "early"]


def append(log: EventLog, key: str) -> None:
    log.append([NewEvent("typeform", key, "webhook", datetime.now(UTC), b"{}", {}, "c")])


@pytest.mark.timeout(120)
def test_many_writers(postgres_url):
    """Writers that commit all at once leave no hole at any time."""
    follower = Follower(postgres_url)

    def write(worker: int) -> None:
        log = EventLog.open(postgres_url)
        for number in range(30):
            append(log, f"{worker}-{number}")
        log.close()

    threads = [threading.Thread(target=write, args=(worker,)) for worker in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    follower.stop()
    assert list(range(1, 181)) == follower.positions


@pytest.mark.timeout(180)
@pytest.mark.parametrize("harm", ["restart", pytest.param("kill", marks=pytest.mark.slow)])
def test_restarted_under_load(home, own_postgres, harm):
    """PostgreSQL ends without warning: everything acknowledged is there, everything else was
    refused or unanswered, and the gateway goes on by itself when the server is back."""
    url = own_postgres.new_database()
    with gateway(home, url) as running:
        process = running.process.pid
        load = Load([running.port], goes_on=True)
        load.start()
        wait_until(lambda: len(load.acknowledged) > 100, "events before")
        if harm == "restart":
            own_postgres.restart(immediate=True)
        else:
            own_postgres.kill9()
            wait_until(lambda: load.refused, "refusals while the server is away")
            own_postgres.start()
        before = len(load.acknowledged)
        wait_until(lambda: len(load.acknowledged) > before + 100, "events after", 60)
        load.stop()
        assert process == running.process.pid
        assert running.status("/health/ready") == 200
        sender = Sender(running.port)
        for event_id in load.refused | load.in_doubt:
            assert sender.send(event_id).status == 200
        sender.close()
    keys = logged_keys(url)
    assert load.refused  # otherwise the restart went unnoticed
    assert len(keys) == len(set(keys))
    assert set(keys) == load.acknowledged | load.refused | load.in_doubt
