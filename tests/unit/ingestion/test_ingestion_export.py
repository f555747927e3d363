"""Events as JSON lines, out and in, and replay."""

from __future__ import annotations

import io
import json
from itertools import count

import pytest

from ingestion.errors import LineError
from ingestion.event_log import EventLog
from ingestion.event_log.export import append_lines, export, parse_line, replay


@pytest.fixture
def new_id():
    numbers = count(1)
    return lambda: f"id-{next(numbers)}"


@pytest.fixture
def append(now, new_id):
    def into(log, lines):
        return append_lines(
            log, io.BytesIO(b"".join(lines)), lambda line: [parse_line(line, now, new_id)]
        )

    return into


@pytest.fixture
def other(tmp_path):
    opened = EventLog.open(f"sqlite:///{tmp_path}/other.db")
    yield opened
    opened.close()


def test_export(log, event):
    """A line holds what identifies an event, and its body as text."""
    log.append([event.make("a", '{"n":"Zoë"}'.encode())])
    assert [json.loads(line) for line in export(log)] == [
        {
            "position": 1,
            "source": "typeform",
            "event_key": "a",
            "kind": "webhook",
            "received_at": "2026-03-01T12:00:00.123456+00:00",
            "correlation_id": "c-1",
            "historical": False,
            "body": '{"n":"Zoë"}',
        }
    ]


def test_export_behind(log, event):
    """An export may begin behind a position, and goes on past one page."""
    log.append([event.make(f"{number}") for number in range(1_500)])
    positions = [json.loads(line)["position"] for line in export(log, after=100)]
    assert positions == list(range(101, 1_501))


def test_round_trip(log, other, event, append):
    """What was exported is imported as backfill, bytes and keys unchanged, and only once."""
    log.append([event.make("a", b"\xff\x00"), event.make("b", b"{}")])
    lines = list(export(log))
    first, again = (append(other, lines) for _ in range(2))
    assert (first.appended, again.appended, again.duplicates) == (2, 0, 2)
    assert [(e.event_key, e.body, e.kind, e.historical) for e in other.read()] == [
        ("a", b"\xff\x00", "backfill", True),
        ("b", b"{}", "backfill", True),
    ]


def test_defaults(log, now, append):
    """A source and a body are enough; a body may be written as JSON itself."""
    report = append(log, [b'{"source":"standard","body":{"type":"page_view"}}\n'])
    [stored] = log.read()
    assert report.appended == 1
    assert (stored.body, stored.correlation_id, stored.received_at) == (
        b'{"type":"page_view"}',
        "id-1",
        now,
    )
    assert len(stored.event_key) == 64


BAD = [
    b"{",
    b"[]",
    b"\xff",
    b'{"body":"x"}',
    b'{"source":"Bad Name","body":"x"}',
    b'{"source":"typeform"}',
    b'{"source":"typeform","body":5}',
    b'{"source":"typeform","body_base64":"%"}',
    b'{"source":"typeform","body":"x","event_key":5}',
    b'{"source":"typeform","body":"x","received_at":"yesterday"}',
    b'{"source":"typeform","body":"x","received_at":"2026-01-01T00:00:00"}',
]


@pytest.mark.parametrize("line", BAD)
def test_bad_line(log, append, line):
    """A bad line is reported with its number, without its content, beside its good neighbours."""
    good = b'{"source":"typeform","body":"ok"}'
    report = append(log, [good, b"\n  \n", line, b"\n", good])
    [problem] = report.problems
    assert (report.appended, report.duplicates, report.refused) == (1, 1, 1)
    assert (problem.line, problem.code) == (3, "LINE_INVALID")
    assert problem.detail


def test_many_bad_lines(log, append):
    """A file that is no dump at all is counted, and told line by line only at its start."""
    report = append(log, [b"no event\n"] * 250)
    assert (report.refused, len(report.problems)) == (250, 100)


def test_endless_line(log, append, monkeypatch):
    """A line without end is refused piece by piece instead of being collected in memory."""
    monkeypatch.setattr("ingestion.event_log.export._LINE_BYTES", 64)
    report = append(log, [b"x" * 100, b"\n", b'{"source":"typeform","body":"ok"}\n'])
    assert (report.appended, report.refused) == (1, 2)


def test_replay(log, event, now):
    """A replayed event is a new one under a key of its own; the same replay again is not."""
    log.append([event.make("a", b"x"), event.make("b")])
    [first] = replay(log, [1, 99], "fix-1", now)
    [again] = replay(log, [1], "fix-1", now)
    [other] = replay(log, [1], "fix-2", now)
    assert (first.event_key, first.duplicate) == ("replay:fix-1:a", False)
    assert (again.duplicate, other.duplicate) == (True, False)
    assert log.at([first.position])[0].body == b"x"


def test_replay_id(log, now):
    """A replay id that would not make a clean key is refused."""
    with pytest.raises(LineError):
        replay(log, [1], "a b", now)
