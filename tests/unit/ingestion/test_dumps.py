"""Vendors' webhook dumps: packed in several ways, damaged, repeated."""

from __future__ import annotations

import gzip
import sys
from itertools import count

import orjson
import pyarrow as pa
import pytest

from ingestion.errors import DependencyMissingError, DumpMissingError, SourceUnknownError
from ingestion.sources.dumps import append_dump, exported_lines, find_dumps, webhook_lines
from ingestion.webhooks import SOURCES

# dlt imports sqlglot, and with it a helper that some installations still have beside its successor.
pytestmark = pytest.mark.filterwarnings("ignore:sqlglotrs is deprecated:DeprecationWarning")

LINES = b"".join(b'{"source":"typeform","body":{"n":%d}}\n' % n for n in range(5_000))


def zstd(content: bytes) -> bytes:
    packed = pa.BufferOutputStream()
    with pa.CompressedOutputStream(packed, "zstd") as stream:
        for start in range(0, len(content), 4_096):
            stream.write(content[start : start + 4_096])
            stream.flush()
    return packed.getvalue().to_pybytes()


PACKED = {"plain": bytes, "gzip": gzip.compress, "zstd": zstd}


@pytest.fixture
def parse(now):
    numbers = count(1)
    return exported_lines(now, lambda: f"id-{next(numbers)}")


@pytest.fixture
def append(log, parse):
    def factory(path, parser=None):
        return [append_dump(log, dump, parser or parse) for dump in find_dumps(str(path))]

    return factory


@pytest.mark.parametrize("kind", PACKED)
def test_packed(tmp_path, append, kind):
    """A file is read whatever its packing, told by its content; again it stores nothing."""
    file = tmp_path / "dump"
    file.write_bytes(PACKED[kind](LINES))
    [first], [again] = append(file), append(file)
    assert (first.lines.appended, first.lines.refused) == (5_000, 0)
    assert (again.lines.appended, again.lines.duplicates) == (0, 5_000)


@pytest.mark.parametrize("kind", PACKED)
def test_several_members(tmp_path, append, kind):
    """Packed files that were written one behind the other are one file."""
    half = LINES.index(b"\n", len(LINES) // 2) + 1
    file = tmp_path / "dump"
    file.write_bytes(PACKED[kind](LINES[:half]) + PACKED[kind](LINES[half:]))
    assert append(file)[0].lines.appended == 5_000


@pytest.mark.parametrize("kind", ["gzip", "zstd"])
def test_broken_archive(tmp_path, append, log, kind):
    """A file that breaks off is reported where it does; what was read before is stored."""
    whole = PACKED[kind](LINES)
    file = tmp_path / "dump"
    file.write_bytes(whole[: len(whole) * 3 // 4])
    [report] = append(file)
    [problem] = report.lines.problems
    assert problem.code == "DUMP_BROKEN"
    assert 0 < report.lines.appended < 5_000
    assert (problem.line, log.count().count) == (
        report.lines.appended + 1,
        report.lines.appended,
    )


def test_no_archive(tmp_path, append):
    """A file that only looks packed is reported, not raised."""
    file = tmp_path / "dump.gz"
    file.write_bytes(b"\x1f\x8b" + b"nonsense" * 100)
    [report] = append(file)
    assert [problem.code for problem in report.lines.problems] == ["DUMP_BROKEN"]


def test_folder(tmp_path, append):
    """A folder's dumps are read in order of name, other files are not."""
    for name, packed in (("b.jsonl.gz", "gzip"), ("a.ndjson", "plain"), ("c.jsonl.zst", "zstd")):
        (tmp_path / "deep").mkdir(exist_ok=True)
        (tmp_path / "deep" / name).write_bytes(PACKED[packed](LINES))
    (tmp_path / "README.md").write_text("no dump")
    reports = append(tmp_path)
    told = [(report.file.rsplit("/", 1)[1], report.lines.appended) for report in reports]
    assert told == [("a.ndjson", 5_000), ("b.jsonl.gz", 0), ("c.jsonl.zst", 0)]


def test_webhook_bodies(tmp_path, append, log, event, now):
    """A vendor's body gets the key that its webhook got, so that it is recognised."""
    body = orjson.dumps({"event_id": "e-1", "event_type": "form_response"})
    [split] = SOURCES["typeform"].split(body, {})
    log.append([event.make(split.event_key, body)])
    file = tmp_path / "dump"
    file.write_bytes(body + b"\n" + body.replace(b"e-1", b"e-2") + b"\nhalf a bo\n")
    [report] = append(file, webhook_lines("typeform", now, lambda: "c"))
    assert (report.lines.appended, report.lines.duplicates) == (1, 1)
    assert [(found.line, found.code) for found in report.lines.problems] == [(3, "LINE_INVALID")]
    new = log.read()[-1]
    assert (new.event_key, new.kind, new.historical) == ("e-2", "backfill", True)


def test_webhook_batches(tmp_path, append, log, now):
    """A line that holds a batch becomes as many events as the webhook would."""
    items = [{"subscriptionType": "contact.creation", "objectId": n} for n in range(3)]
    file = tmp_path / "dump"
    file.write_bytes(orjson.dumps(items) + b"\n")
    [report] = append(file, webhook_lines("hubspot", now, lambda: "c"))
    assert report.lines.appended == 3


def test_unknown_source(now):
    """A source that does not exist is refused before anything is read."""
    with pytest.raises(SourceUnknownError):
        webhook_lines("nobody", now, lambda: "c")


def test_nothing_there(tmp_path):
    """A path without files is an error, not an empty success."""
    for path in (tmp_path, tmp_path / "missing.jsonl"):
        with pytest.raises(DumpMissingError):
            find_dumps(str(path))


def test_without_s3(monkeypatch):
    """Without its libraries, an S3 path says which extra to install."""
    monkeypatch.setitem(sys.modules, "botocore", None)
    monkeypatch.setitem(sys.modules, "s3fs", None)
    with pytest.raises(DependencyMissingError) as caught:
        find_dumps("s3://bucket/folder")
    assert 'extra "s3"' in str(caught.value)
