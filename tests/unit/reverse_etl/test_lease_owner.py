from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

from reverse_etl.ledger import Ledger
from reverse_etl.model import State
from reverse_etl.owner import is_dead, this_process
from reverse_etl.testing import ManualTime, contact

LEASE = timedelta(seconds=120)


def dead_process() -> str:
    """A token's owner part for a process of this host that has ended."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    return this_process().replace(str(os.getpid()), str(ended.pid))


def test_only_an_ended_process_of_this_host_is_dead() -> None:
    """Another host's process, or a token of unknown form, may still be at work."""
    assert is_dead(f"{dead_process()}:token")
    assert not is_dead(f"{this_process()}:token")
    assert not is_dead("another-host/1:token")
    assert not is_dead("token")


def test_rows_of_a_killed_dispatcher_are_read_back_soon(tmp_path: Path) -> None:
    """The next run need not wait for a dead process's lease to end, only for what it may have
    sent to arrive."""
    time = ManualTime()
    with Ledger.open(f"sqlite:///{tmp_path / 'ledger.db'}") as ledger:
        ledger.enqueue([contact("p1")], destination="hubspot", action="upsert_contact", now=time())
        token = f"{dead_process()}:1"
        limits = {"upsert_contact": 100}
        ledger.lease("hubspot", token=token, now=time(), ttl=LEASE, limits=limits)

        ledger.sweep("hubspot", time(), is_dead)
        assert ledger.counts().by_state[State.IN_FLIGHT] == 1

        ledger.sweep("hubspot", time() + timedelta(seconds=11), is_dead)
        assert ledger.counts().by_state[State.UNKNOWN] == 1
