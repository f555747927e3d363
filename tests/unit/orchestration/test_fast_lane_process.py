"""The fast lane's process and who keeps it alive."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from multiprocessing.connection import Connection
from pathlib import Path
from time import monotonic

import pytest
from structlog.testing import capture_logs

from orchestration.fast_lane.process import OUTGROWN, LaneProcess
from orchestration.settings import Settings

OUTGROWS = """
from orchestration.fast_lane import process
from orchestration.fast_lane.worker import Worker

class Outgrown(Worker):
    def turn(self):
        self._outgrown = {outgrown}
        self.stop()
        return 0.0

process.Worker = Outgrown
process.main()
"""


class Replayed(LaneProcess):
    """Processes that ended so, one after the other; then the service stops."""

    def __init__(self, settings: Settings, codes: list[int]) -> None:
        super().__init__(settings, enqueued=lambda: None)
        self.codes = codes
        self.stop = asyncio.Event()

    async def _run_once(self, stopping: asyncio.Task[bool]) -> int:
        code = self.codes.pop(0)
        if not self.codes:
            self.stop.set()
        return code


@pytest.mark.parametrize(("outgrown", "code"), [(True, OUTGROWN), (False, 0)])
def test_the_process_says_why_it_ended(tmp_path: Path, outgrown: bool, code: int) -> None:
    """By its exit code: another is wanted, or it was told to stop."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        process = subprocess.Popen(
            [sys.executable, "-c", OUTGROWS.format(outgrown=outgrown), str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
        )
        with Connection(os.dup(ours.fileno())) as pipe:
            pipe.send(Settings(home=tmp_path))
        assert code == process.wait(60)


def test_one_that_outgrew_its_memory_is_replaced_at_once(tmp_path: Path) -> None:
    """Nobody waits for it as after a fault; both are told, each by its code."""
    outgrown = Replayed(Settings(home=tmp_path), [OUTGROWN, OUTGROWN, OUTGROWN, 0])
    faulty = Replayed(Settings(home=tmp_path), [1, 0])
    with capture_logs() as said:
        began = monotonic()
        asyncio.run(outgrown.run(outgrown.stop))
        assert monotonic() - began < 0.9
        asyncio.run(faulty.run(faulty.stop))
        assert monotonic() - began >= 1.0

    assert ["LANE_MEMORY"] * 3 + ["FAST_LANE_ENDED"] == [line["code"] for line in said]
