"""Taking a person out of the log: what goes, what stays, on both databases."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta

import orjson
import pytest
from sqlalchemy import text

from ingestion.api.database import make_tables
from ingestion.api.erasure import forget_requests
from ingestion.api.idempotency import Request, RequestStore
from ingestion.contracts import ContractSet
from ingestion.event_log import EventLog
from ingestion.event_log.archive import ArchiveLimits, archive
from ingestion.event_log.erased import is_tombstone
from ingestion.event_log.erasure import Changes, Found, change_rows, proofs, search, shrink
from ingestion.event_log.erasure_archive import change_archive
from ingestion.event_log.export import replay
from ingestion.event_log.needles import Needles

ADA = "ada@x.example"
NEEDLES = Needles([ADA])
CHANGES = Changes("er_1", NEEDLES, Found(frozenset({1, 2}), frozenset({3})))


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "archive" / "events"


@pytest.fixture
def opened(each_database, folder):
    with closing(EventLog.open(each_database, folder)) as log:
        yield log


def events(event, now):
    """Two of Ada's, one of somebody who knows her, one of nobody she knows."""
    bodies = {
        "a": {"event_type": "form_response", "email": ADA},
        f"visit {ADA}": {"event_type": "form_response", "email": "ADA@X.EXAMPLE"},
        "friend": {"event_type": "form_response", "note": f"I know {ADA}."},
        "other": {"event_type": "form_response", "email": f"n{ADA}"},
    }
    return [
        event.make(key, orjson.dumps(body), headers={"n": ADA}, received_at=now, historical=True)
        for key, body in bodies.items()
    ]


def erase(log, folder):
    change_rows(log, CHANGES, pause=lambda _: None)
    return change_archive(log, folder, CHANGES)


@pytest.mark.parametrize("archived", [False, True], ids=["table", "archive"])
def test_content_goes_and_the_rest_stays(opened, folder, event, now, archived):
    """Emptied events keep place, kind, time and type; of others only the mention goes."""
    opened.append(events(event, now))
    if archived:
        archive(opened.stored, folder, now + timedelta(days=1), pause=lambda _: None)
    before = opened.read()
    erase(opened, folder)
    after = opened.read()
    assert [True, True, False, False] == [is_tombstone(found.body) for found in after]
    assert [b'"note":"I know xxx@x.xxxxxxx."' in found.body for found in after] == [
        False, False, True, False,
    ]  # fmt: skip
    assert before[3] == after[3]
    assert ["a", "friend", "other"] == [after[at].event_key for at in (0, 2, 3)]
    assert ADA not in after[1].event_key
    kept = [(e.position, e.source, e.kind, e.received_at, e.historical) for e in before]
    assert kept == [(e.position, e.source, e.kind, e.received_at, e.historical) for e in after]
    assert not any(NEEDLES.mentioned_in(orjson.dumps(dict(e.headers))) for e in after[:3])
    assert opened.count().count == 4


@pytest.mark.parametrize("archived", [False, True], ids=["table", "archive"])
def test_again_changes_nothing(opened, folder, event, now, archived):
    """An erasure may be repeated, and leaves one file in the archive."""
    opened.append(events(event, now))
    if archived:
        archive(opened.stored, folder, now + timedelta(days=1), pause=lambda _: None)
    erase(opened, folder)
    before = [row[:] for row in opened.rows(after=0, limit=9)]
    assert (0, 0) == erase(opened, folder)
    assert before == [row[:] for row in opened.rows(after=0, limit=9)]
    assert len(list(folder.glob("*.parquet"))) == archived


def test_every_copy_is_a_duplicate(opened, folder, event, now):
    """What was erased is recognised when it comes again, with other bytes too, and under a key
    that named the person; a variant of any other event is still one."""
    opened.append(events(event, now))
    erase(opened, folder)
    again = [*events(event, now), event.make("a", b'{"attempt": 2}')]
    assert [True] * 5 == [answer.duplicate for answer in opened.append(again)]
    [variant] = opened.append([event.make("other", b'{"attempt": 2}')])
    assert not variant.duplicate


def test_archived_after_the_erasure(opened, folder, event, now):
    """What an erasure changed can be archived like anything else."""
    opened.append(events(event, now))
    erase(opened, folder)
    before = opened.read()
    archive(opened.stored, folder, now + timedelta(days=1), pause=lambda _: None)
    assert before == opened.read()


def test_a_crash_leaves_no_copy(opened, folder, event, now):
    """A file that an interrupted run left is removed with everything in it."""
    opened.append(events(event, now))
    limits = ArchiveLimits(group_events=2)
    archive(opened.stored, folder, now + timedelta(days=1), limits=limits, pause=lambda _: None)
    [file] = folder.glob("*.parquet")
    (folder / "000000000001-000000000002-feed.parquet").write_bytes(file.read_bytes())
    (folder / ".feed.tmp").write_bytes(b"half")
    erase(opened, folder)
    assert len(list(folder.iterdir())) == 1
    assert len(opened.read()) == 4


def test_found_by_every_spelling(opened, event):
    """Escapes of JSON and of URLs are read; a longer address is somebody else's."""
    bodies = [
        b'{"email":"ada\\u0040x.example"}',
        b'{"url":"https://x.example/?e=Ada%40x.example&b=1"}',
        b'{"text":"line\\nada@x.example."}',
        b'{"email":"ada@x.example.org"}',
        b'{"email":"ada@x.examples"}',
        b'{"email":"o.ada@x.example"}',
    ]
    opened.append([event.make(f"k{n}", body) for n, body in enumerate(bodies)])
    opened.append([event.make("m", b'{"person_id":"p_1"}', source="millrace", kind="decision")])
    opened.append([event.make("erased:er_0", b'{"p":"p_1"}', source="millrace", kind="decision")])
    found = search(opened, NEEDLES, ["p_other"], until=opened.head())
    assert Found(frozenset(), frozenset({1, 2, 3})) == found
    assert [8] == [proof.position for proof in proofs(opened)]


def test_numbers_are_found_whole():
    """A number that is part of a longer one is another."""
    needles = Needles(["+4930901820", "030 901820"])
    assert needles.named_in('{"phone":"+4930901820"}')
    assert needles.named_in("tel%3A%2B4930901820")
    assert needles.named_in("030 901820,")
    assert not needles.named_in("+49309018201")
    assert not needles.named_in("1030 901820")


def test_masking_keeps_json_and_length():
    """What is masked is as long as before, still JSON, and names nobody."""
    body = b'{"a":"ada\\u0040x.example","b":"<ADA@x.example>"}'
    masked = NEEDLES.masked(body)
    assert len(body) == len(masked)
    assert {"a", "b"} == orjson.loads(masked).keys()
    assert not NEEDLES.mentioned_in(masked)


def test_tombstones_are_ignored_and_not_replayed(opened, folder, event, now):
    """A tombstone tells its type and its code, and a replay leaves it out."""
    opened.append(events(event, now))
    erase(opened, folder)
    [first] = opened.at([1])
    finding = ContractSet.load().check("typeform", first.body)
    assert ("form_response", None, "ERASED") == finding[:3]
    assert ContractSet.load().check("typeform", b'{"millrace_erased":[').problem_code == "ERASED"
    assert 1 == len(replay(opened, [1, 2, 4], "r1", now))


def test_no_byte_stays_in_the_file(tmp_path, event, now):
    """SQLite's file and its write-ahead log hold nothing of what was erased."""
    path = tmp_path / "events.db"
    with closing(EventLog.open(f"sqlite:///{path}")) as log:
        long = b'{"email":"ada@x.example","text":"' + b"secret" * 5_000 + b'"}'
        log.append([event.make(f"k{n}", long, received_at=now) for n in range(50)])
        wanted = Found(frozenset(range(1, 51)))
        change_rows(log, Changes("er_1", NEEDLES, wanted), pause=lambda _: None)
        shrink(log, anew=False)
        for file in tmp_path.iterdir():
            assert b"secretsecret" not in file.read_bytes()
            assert ADA.encode() not in file.read_bytes()


def test_kept_answers_are_forgotten(opened, now):
    """Answers and keys that name the person go; the others stay."""
    writer = opened.engines[1]
    assert 0 == forget_requests(writer, NEEDLES.mentioned_in)
    make_tables(writer)
    store = RequestStore(writer)
    for key, answer in ((f"for {ADA}", b"{}"), ("b", b'{"event_key":"ada@x.example"}'), ("c", b"")):
        reservation = store.reserve(Request("k1", key, "hash"), now)
        store.finish(reservation, answer)
    assert 2 == forget_requests(writer, NEEDLES.mentioned_in)
    with writer.begin() as connection:
        left = connection.execute(text("select idempotency_key from api_requests")).scalars().all()
    assert ["c"] == left
