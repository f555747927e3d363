"""The log behind a process of its own."""

from __future__ import annotations

import os
import signal
import time
from contextlib import closing

import pytest

from ingestion.errors import LogUnavailableError
from ingestion.event_log import CounterKey
from ingestion.event_log.writer import LogWriter, WriterFailedError


@pytest.fixture
def writer(log, log_file):
    with closing(LogWriter(f"sqlite:///{log_file}")) as opened:
        opened.start()
        yield opened


def _gone(process_id):
    ends = time.monotonic() + 20
    while time.monotonic() < ends:
        try:
            os.kill(process_id, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.02)
    return False


def test_same_as_the_log(writer, log, event):
    """What is appended through it is what the log would have stored and answered."""
    new = event.make("a", b"\x00\xff", headers={"x": "é"}, historical=True)
    [first] = writer.append([new], {CounterKey("typeform", "rejected", "X"): 2})
    [again] = writer.append([new])
    assert (first.event_key, first.position, first.duplicate) == ("a", 1, False)
    assert (again.position, again.duplicate) == (1, True)
    [stored] = log.read()
    assert all(getattr(new, name) == getattr(stored, name) for name in type(new).__slots__)
    writer.add_counters({CounterKey("typeform", "rejected", "X"): 1})
    assert log.counters()[CounterKey("typeform", "rejected", "X")] == 3


def test_killed_writer(writer, log, event):
    """When the process is killed, one batch is refused, and the next one starts it again."""
    writer.append([event.make("a")])
    killed = writer.process_id
    os.kill(killed, signal.SIGKILL)
    with pytest.raises(LogUnavailableError):
        writer.append([event.make("b")])
    [answer] = writer.append([event.make("b")])
    assert answer.position == 2
    assert writer.process_id != killed
    assert [stored.event_key for stored in log.read()] == ["a", "b"]


def test_it_ends_with_its_pipe(log, log_file, event):
    """A closed writer leaves no process behind; a signal for the whole group does not stop it
    before that."""
    writer = LogWriter(f"sqlite:///{log_file}")
    writer.append([event.make("a")])
    process = writer.process_id
    os.kill(process, signal.SIGTERM)
    os.kill(process, signal.SIGINT)
    assert writer.append([event.make("b")])[0].position == 2
    writer.close()
    assert _gone(process)


def test_unavailable(tmp_path, event):
    """A database that cannot be used is reported as by the log itself, and looked at again."""
    target = tmp_path / "folder"
    target.mkdir()
    with closing(LogWriter(f"sqlite:///{target}")) as writer:
        for _ in range(2):
            with pytest.raises(LogUnavailableError, match="cannot be used"):
                writer.append([event.make("a")])
        target.rmdir()
        assert writer.append([event.make("a")])[0].position == 1


def test_failed(writer, log, event):
    """An event that no database could take is told by the kind of error, without its values."""
    with pytest.raises(WriterFailedError) as caught:
        writer.append([event.make("a", headers={1: "a name that is no text"})])
    assert "Error" in str(caught.value)
    assert writer.append([event.make("b")])[0].position == 1
