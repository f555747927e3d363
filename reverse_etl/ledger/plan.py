"""What to do with each row of an activation table, given what the ledger holds. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from reverse_etl import awaiting, catalogue, consent
from reverse_etl.canary import Canary
from reverse_etl.model import ActivationRow, ConsentStatus, State


@dataclass(frozen=True, slots=True)
class Goal:
    """The state a row should be in now, and why; `due_at`: when it may go, None for at once;
    `message`: what holds it back."""

    state: State
    code: str | None = None
    due_at: datetime | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """What planning needs to know about a delivery in the ledger."""

    id: int
    entity_key: str
    person_id: str
    state: State
    code: str | None
    payload_hash: str
    tried: bool
    message: str | None = None

    @property
    def apart(self) -> bool:
        """Held for a reason that lies outside the row: the destination is ill, or somebody has to
        approve. Enqueueing the row again changes nothing about that."""
        outside = (catalogue.BREAKER_OPEN, catalogue.APPROVAL_NEEDED)
        return self.state is State.HELD and self.code in outside


@dataclass(frozen=True, slots=True)
class History:
    """The deliveries of one entity that matter for what comes next."""

    waiting: Known | None = None  # pending or held
    busy: Known | None = None  # in flight or unknown
    settled: Known | None = None  # the newest of delivered, dead and cancelled
    delivered_hash: str | None = None  # what the destination holds, as far as we know

    @property
    def owner(self) -> str | None:
        """The person of the newest delivery."""
        known = [each for each in (self.waiting, self.busy, self.settled) if each]
        return max(known, key=lambda each: each.id).person_id if known else None


@dataclass(frozen=True, slots=True)
class Step:
    """What to do for one row: move the waiting delivery, and insert a new one, or not; `refresh`:
    take all that the row says anew, `renew`: all but its payload, which somebody may have edited;
    `stale`: nothing, because it was too old when it was first seen."""

    insert: Goal | None = None
    supersede: int | None = None
    move: tuple[int, Goal] | None = None
    refresh: int | None = None
    renew: int | None = None
    stale: bool = False


NOTHING = Step()


def goal(
    row: ActivationRow,
    *,
    held: Mapping[str, str],
    reasons: Mapping[str, str],
    current_consent: ConsentStatus | None,
    canary: Canary | None,
    now: datetime,
    until: datetime | None = None,
) -> Goal:
    """The state in which a row would enter the ledger now; `until`: how long its person's rows
    wait for what is asked about them."""
    refused = consent.refusal(row.consent_status, current_consent)
    if refused:
        return Goal(State.CANCELLED, refused)
    if row.deadline_at is not None and row.deadline_at <= now:
        return Goal(State.DEAD, catalogue.EXPIRED)
    if row.entity_key in held:
        reason = reasons.get(row.entity_key)
        return Goal(State.HELD, held[row.entity_key], message=reason)
    if canary is not None and not canary.admits(row.person_id):
        return Goal(State.HELD, catalogue.CANARY)
    if awaiting.waits(until, row.deadline_at):
        return Goal(State.PENDING, catalogue.AWAITING_ENRICHMENT, until)
    return Goal(State.PENDING)


def plan_state(row: ActivationRow, wanted: Goal, history: History) -> Step:
    """A state row: send only what differs from what was last delivered, newest first."""
    waiting, busy = history.waiting, history.busy
    if waiting and waiting.payload_hash == row.payload_hash:
        return _move(waiting, wanted)
    supersede = waiting.id if waiting else None
    if busy:  # its outcome is open, so only an equal payload makes a new row needless
        same = busy.payload_hash == row.payload_hash
        return Step(insert=None if same else wanted, supersede=supersede)
    if _is_settled(row, wanted, history):
        return Step(supersede=supersede)
    return Step(insert=wanted, supersede=supersede)


def plan_event(
    row: ActivationRow, wanted: Goal, known: Known | None, *, skip_stale: bool = False
) -> Step:
    """An event row: once for ever. Before its first try it may still change its mind."""
    if known is None and skip_stale and wanted.code == catalogue.EXPIRED:
        return Step(stale=True)
    if known is None:
        return Step(insert=wanted)
    if known.state is State.CANCELLED:
        may_return = known.code in consent.CONSENT_CODES or known.code == catalogue.NOT_WANTED
        if not may_return or wanted.state is State.CANCELLED:
            return NOTHING
        return Step(move=(known.id, wanted), refresh=known.id)
    if known.state not in (State.PENDING, State.HELD):
        return NOTHING
    step = _move(known, wanted)
    changed = known.payload_hash != row.payload_hash and not known.tried
    return replace(step, refresh=known.id, renew=None) if changed else step


def _move(waiting: Known, wanted: Goal) -> Step:
    if wanted.state is waiting.state:
        waited = waiting.code == catalogue.AWAITING_ENRICHMENT and wanted.code is None
        explained = wanted.message not in (None, waiting.message) and not waiting.apart
        return Step(move=(waiting.id, wanted)) if waited or explained else NOTHING
    if waiting.apart and wanted.state is State.PENDING:
        return NOTHING
    # What broke the contract may be any column, not the payload alone.
    mended = waiting.code == catalogue.CONTRACT_VIOLATION
    return Step(move=(waiting.id, wanted), renew=waiting.id if mended else None)


def _is_settled(row: ActivationRow, wanted: Goal, history: History) -> bool:
    if history.delivered_hash == row.payload_hash:
        return True
    settled = history.settled
    if settled is None or settled.payload_hash != row.payload_hash:
        return False
    if settled.state is State.DEAD:
        return True  # it waits for review
    if settled.state is State.CANCELLED:
        return settled.code not in consent.CONSENT_CODES or wanted.state is State.CANCELLED
    return False
