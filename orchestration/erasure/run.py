"""Erase one person from everything Millrace holds, and leave a proof.

In order: what is there to erase is written down (a plan); the log and its archive, kept answers,
what is noted of pulls, and the ledger lose it; the decision that proves it goes to the log; the
warehouse is built anew from the log; files are searched byte by byte. Every step may be done again,
so a run that was killed is finished by the next one; the proof is written when nothing is left.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import orjson
from filelock import FileLock

from ingestion.event_log import EventLog
from ingestion.event_log.erasure import PROOF_KEY, Changes, Found, has_strangers, proofs, search
from ingestion.event_log.needles import Needles
from orchestration import connections, warehouse
from orchestration.backup import aside
from orchestration.decisions import decision
from orchestration.erasure import plan as erasure_plan
from orchestration.erasure import stores as erasure_stores
from orchestration.erasure.plan import Plan, hashed
from orchestration.erasure.subject import Subject, identify, of_others
from orchestration.errors import ErasureIncompleteError, NotFoundError
from orchestration.settings import Settings

Progress = Callable[[str], None]
Build = Callable[[Settings, bool, Progress], None]
"""Loads the log into the warehouse, builds and publishes; ``True``: from nothing."""

VENDORS: Final = (
    "What was sent to destinations stays there: erase the contact there too (HubSpot: GDPR delete)."
)


@dataclass(frozen=True, slots=True)
class Request:
    """Whom to erase, and who asked for it."""

    who: str
    requested_by: str


def preview(settings: Settings, request: Request, *, progress: Progress) -> dict[str, Any]:
    """What an erasure would do, by what the published copy knows now; changes nothing."""
    with closing(connections.event_log(settings)) as log:
        subject = identify(settings, request.who)
        found = _look(settings, log, subject, progress)
        if not subject.persons and not found.whole and not found.mentions:
            raise NotFoundError(f"Nobody and nothing is known as {request.who}.")
        unseen, kept = log.head() - _loaded(settings), aside.kept(settings)
    return {
        "person_ids": list(subject.persons),
        "identifiers": len(subject.identifiers),
        "spellings": len(subject.spellings),
        "events_to_empty": len(found.whole),
        "events_to_mask": len(found.mentions),
        "events_no_batch_has_seen": unseen,
        **({"set_aside_by_restores": ", ".join(map(str, kept))} if kept else {}),
        "vendors": VENDORS,
    }


def erase(
    settings: Settings,
    request: Request,
    *,
    clock: Callable[[], datetime],
    progress: Progress,
    pause: Callable[[float], None] = time.sleep,
    build: Build = erasure_stores.build,
) -> dict[str, Any]:
    """Erase; returns the proof, which is also kept as a file.

    Raises NotFoundError, ErasureAmbiguousError, ErasureIncompleteError, or what a store raises
    that cannot be used; the same request again goes on then.
    """
    erasure_plan.folder(settings).mkdir(parents=True, exist_ok=True)
    with FileLock(erasure_plan.folder(settings) / ".lock"):
        with closing(connections.event_log(settings)) as log:
            plan = _plan(settings, log, request, clock, progress, build)
            if plan is None:
                return _done_before(settings, log, request.who)
            plan = _carry_out(settings, log, plan, clock, progress, pause)
        progress("Building the warehouse anew from the log")
        build(settings, True, progress)
        return _finish(settings, plan, clock, progress, pause, build)


def _plan(
    settings: Settings,
    log: EventLog,
    request: Request,
    clock: Callable[[], datetime],
    progress: Progress,
    build: Build,
) -> Plan | None:
    """What to do, on disk: that of a run that was stopped and what came since; None when the
    person was erased before and nothing came since."""
    begun = [plan for plan in erasure_plan.unfinished(settings) if plan.is_about(request.who)]
    if not begun and has_strangers(log, _loaded(settings)):
        progress("Bringing the warehouse up to date: it tells which events are theirs")
        build(settings, False, progress)
    known = identify(settings, request.who) | (_subject(begun[0]) if begun else Subject())
    found = _look(settings, log, known, progress)
    if begun:
        plan = _extended(begun[0], known, found)
    elif known.persons or found.whole or found.mentions:
        plan = _new(log, request, known, found, clock())
    else:
        return None
    erasure_plan.save(settings, plan)
    return plan


def _look(settings: Settings, log: EventLog, subject: Subject, progress: Progress) -> Found:
    """The events that are the person's or name them."""
    head = log.head()
    progress(f"Looking through {head:,} events")
    named = search(log, Needles(subject.spellings), subject.persons, until=head)
    return _divided(settings, subject.persons, subject.positions, named)


def _subject(plan: Plan) -> Subject:
    return Subject(plan.persons, plan.spellings, plan.identifiers)


def _divided(
    settings: Settings, persons: tuple[str, ...], positions: frozenset[int], named: Found
) -> Found:
    """Events of others only lose the mention; what belongs to nobody goes whole."""
    others = of_others(settings, persons, named.mentions - positions)
    return Found(positions | named.whole | (named.mentions - others), others)


def _new(log: EventLog, request: Request, subject: Subject, found: Found, now: datetime) -> Plan:
    return Plan(
        erasure_id=f"er_{secrets.token_hex(8)}",
        who=request.who,
        requested_by=request.requested_by,
        started_at=now,
        salt=_salt(log),
        persons=subject.persons,
        spellings=subject.spellings,
        identifiers=subject.identifiers,
        whole=tuple(sorted(found.whole)),
        mentions=tuple(sorted(found.mentions)),
        counts={},
    )


def _extended(plan: Plan, subject: Subject, found: Found) -> Plan:
    both = Found(frozenset(plan.whole), frozenset(plan.mentions)) | found
    return replace(
        plan,
        persons=tuple(sorted({*plan.persons, *subject.persons})),
        spellings=tuple(sorted({*plan.spellings, *subject.spellings})),
        identifiers=tuple(sorted({*plan.identifiers, *subject.identifiers})),
        whole=tuple(sorted(both.whole)),
        mentions=tuple(sorted(both.mentions)),
    )


def _salt(log: EventLog) -> str:
    """One for all erasures of a log, so that the models hash each identifier once; the first
    erasure chooses it."""
    earlier = proofs(log)
    return str(orjson.loads(earlier[0].body)["salt"]) if earlier else secrets.token_hex(16)


def _carry_out(
    settings: Settings,
    log: EventLog,
    plan: Plan,
    clock: Callable[[], datetime],
    progress: Progress,
    pause: Callable[[float], None],
) -> Plan:
    """Erase in log, archive, kept answers and ledger, then write the decision."""
    counts = dict(plan.counts)
    wanted = changes(plan)
    steps: Sequence[tuple[str, Callable[[], dict[str, int]]]] = (
        ("Emptying events in the log", lambda: erasure_stores.log(log, wanted, pause)),
        ("Writing archive files anew", lambda: erasure_stores.archive(settings, log, wanted)),
        ("Forgetting kept answers", lambda: erasure_stores.answers(log, wanted.needles)),
        ("Forgetting what was pulled", lambda: erasure_stores.pulls(log, plan)),
        ("Emptying the ledger", lambda: erasure_stores.ledger(settings, plan, clock, pause)),
    )
    for told, step in steps:
        progress(told)
        for name, number in step().items():
            counts[name] = max(number, counts.get(name, 0))
        # What a run did that was stopped is done already, and counts all the same.
        erasure_plan.save(settings, replace(plan, counts=counts))
    return _decided(settings, log, replace(plan, counts=counts), clock())


def changes(plan: Plan) -> Changes:
    """How the log is to be changed."""
    found = Found(frozenset(plan.whole), frozenset(plan.mentions))
    return Changes(plan.erasure_id, Needles(plan.spellings), found)


def _decided(settings: Settings, log: EventLog, plan: Plan, now: datetime) -> Plan:
    """Append the decision, once: its body is kept with the plan before it is written."""
    if plan.decision is None:
        body = {
            "type": "erased",
            "occurred_at": now.isoformat(),
            "erasure_id": plan.erasure_id,
            "salt": plan.salt,
            "identifiers": plan.hashes(),
            "requested_by": plan.requested_by,
            "counts": plan.counts,
        }
        plan = replace(plan, decision=orjson.dumps(body).decode())
        erasure_plan.save(settings, plan)
    told = orjson.loads(plan.decision or "")
    log.append([decision(f"{PROOF_KEY}{plan.erasure_id}", told, plan.erasure_id, now)])
    return plan


def _finish(
    settings: Settings,
    plan: Plan,
    clock: Callable[[], datetime],
    progress: Progress,
    pause: Callable[[float], None],
    build: Build,
) -> dict[str, Any]:
    """What came while the run was going, then the search for leftovers, then the proof."""
    with closing(connections.event_log(settings)) as log:
        until = erasure_stores.position_of(log, f"{PROOF_KEY}{plan.erasure_id}")
        late = search(log, Needles(plan.spellings), plan.persons, until=until)
        done = {*plan.whole, *plan.mentions}
        late = Found(late.whole - done, late.mentions - done)
        if late.whole or late.mentions:
            divided = _divided(settings, plan.persons, frozenset(), late)
            plan = _extended(plan, Subject(), divided)
            erasure_plan.save(settings, plan)
            erasure_stores.log(log, changes(plan), pause)
            erasure_stores.archive(settings, log, changes(plan))
            build(settings, True, progress)
        erasure_stores.ledger(settings, plan, clock, pause)
        progress("Searching every file, byte by byte")
        searched = erasure_stores.clean(settings, log, plan, until)
    if searched.left:
        raise _incomplete(settings, searched.left)
    proof = _proof(plan, searched, clock())
    path = erasure_plan.folder(settings) / f"{plan.erasure_id}.json"
    path.write_bytes(orjson.dumps(proof, option=orjson.OPT_INDENT_2))
    erasure_plan.discard(settings, plan)
    return proof


def _incomplete(settings: Settings, left: Sequence[str]) -> ErasureIncompleteError:
    """What a restore set aside is no longer ours to change: the remedy is to remove it."""
    kept = [
        path for path in aside.kept(settings) if any(Path(f).is_relative_to(path) for f in left)
    ]
    remedy = (
        "It is what `millrace restore --force` set aside. When nothing of it is missed,"
        f" `{aside.removal(kept)}`, then run the same command again."
    )
    told = f"Still found in: {', '.join(left)}."
    return ErasureIncompleteError(told, remedy=remedy if kept else None)


def _proof(plan: Plan, searched: erasure_stores.Searched, now: datetime) -> dict[str, Any]:
    decided = orjson.loads(plan.decision or "")
    return {
        "erasure_id": plan.erasure_id,
        "requested_by": plan.requested_by,
        "started_at": plan.started_at.isoformat(),
        "occurred_at": decided["occurred_at"],
        "finished_at": now.isoformat(),
        "identifiers": decided["identifiers"],
        "counts": plan.counts,
        "files_searched": searched.files,
        "files_masked": searched.masked,
        "left": list(searched.left),
        "notes": list(searched.notes),
        "vendors": VENDORS,
    }


def _done_before(settings: Settings, log: EventLog, who: str) -> dict[str, Any]:
    """The proof of an earlier erasure of this address. Raises NotFoundError when there is none."""
    asked = identify(settings, who)
    for event in reversed(proofs(log)):
        told = orjson.loads(event.body)
        known = {hashed(told["salt"], field, value) for field, value in asked.identifiers}
        if known & set(told["identifiers"]):
            kept = erasure_plan.folder(settings) / f"{told['erasure_id']}.json"
            proof = orjson.loads(kept.read_bytes()) if kept.exists() else told
            return {**proof, "already_erased": True}
    raise NotFoundError(f"Nobody and nothing is known as {who}.")


def _loaded(settings: Settings) -> int:
    published = warehouse.publication(settings.published)
    return published.log_position if published else 0
