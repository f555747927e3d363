"""kill -9 at any moment: what was acknowledged is in the log, once."""

from __future__ import annotations

import os
import random
import signal
from contextlib import closing

import pytest
from support.gateway import (
    GatewayProcess,
    Load,
    Sender,
    family,
    gateway,
    logged_keys,
    wait_until,
)


@pytest.mark.timeout(120)
def test_killed_thrice(home):
    """Three times killed under load: every acknowledged event is there exactly once, and is
    answered as a duplicate when it comes again."""
    kill_and_check(GatewayProcess(home), rounds=3)


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_killed_on_postgres(home, postgres_url):
    """The same on PostgreSQL."""
    kill_and_check(GatewayProcess(home, postgres_url), rounds=2)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_killed_fifty_times(home):
    """The same, fifty times."""
    kill_and_check(GatewayProcess(home), rounds=50)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_killed_often_on_postgres(home, postgres_url):
    """The same on PostgreSQL, ten times."""
    kill_and_check(GatewayProcess(home, postgres_url), rounds=10)


def kill_and_check(gateway: GatewayProcess, *, rounds: int) -> None:
    rng = random.Random(11)  # noqa: S311  # when to kill
    acknowledged: set[str] = set()
    in_doubt: set[str] = set()
    try:
        gateway.start()
        for number in range(rounds):
            load = Load([gateway.port], prefix=f"r{number}")
            load.start()
            enough = rng.randint(5, 400)
            wait_until(lambda load=load, n=enough: len(load.acknowledged) >= n, "enough events")
            gateway.kill9()
            load.join()
            assert not load.refused
            gateway.start()
            send_again(gateway, load)
            acknowledged |= load.acknowledged
            in_doubt |= load.in_doubt
    finally:
        gateway.kill9()
    keys = logged_keys(gateway.log_url)
    assert in_doubt  # otherwise nothing was under way when the gateway died
    assert len(keys) == len(set(keys))
    assert set(keys) == acknowledged | in_doubt  # those in doubt were sent again


def send_again(gateway: GatewayProcess, load: Load) -> None:
    """Every event of the round once more, as a vendor without an answer does."""
    sender = Sender(gateway.port)
    for event_id in sorted(load.acknowledged):
        answer = sender.send(event_id)
        assert (answer.status, answer.duplicate) == (200, True), event_id
    for event_id in sorted(load.in_doubt):
        assert sender.send(event_id).status == 200
        assert sender.send(event_id).duplicate
    sender.close()


@pytest.mark.timeout(120)
def test_writer_killed(home):
    """When only the process that writes the log is killed, nothing is acknowledged meanwhile, and
    the gateway goes on with a new one."""
    with gateway(home) as running:
        load = Load([running.port], goes_on=True)
        load.start()
        for _ in range(3):
            before = len(load.acknowledged)
            wait_until(lambda n=before: len(load.acknowledged) > n + 50, "events")
            [_, *writers] = family(running.process.pid)
            assert writers
            for writer in writers:
                os.kill(writer, signal.SIGKILL)
        before = len(load.acknowledged)
        wait_until(lambda: len(load.acknowledged) > before + 50, "events after")
        load.stop()
        assert not load.in_doubt  # the gateway itself was always there
        with closing(Sender(running.port)) as sender:
            for event_id in sorted(load.refused):
                assert sender.send(event_id).status == 200
        running.stop()
    keys = logged_keys(running.log_url)
    assert load.refused  # otherwise nothing was under way when the writer died
    assert len(keys) == len(set(keys))
    assert set(keys) == load.acknowledged | load.refused
