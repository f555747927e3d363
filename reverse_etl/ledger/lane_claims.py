"""Several workers of the fast lane side by side: which of them has which events in hand.

A worker claims the range of the log behind what is claimed, and knows after its first models whom
the events are about: with all that hangs together with them, as the index says. It *passes* when
everything before it has passed or is applied, and none of what is not applied is about anybody of
its own. Only then does it build rows. So

- of two that are about one person the later waits until the earlier is applied, and builds its
  slice with what that added to the index: order per person holds;
- nobody waits for a later one, so nobody waits in a circle;
- two that passed are about different people, also with all the events of the one, of the other and
  of the index: whom a claim reaches is looked up in the transaction in which it passes, and what is
  applied afterwards is about people of others.

A claim is never deleted before it is applied: a worker that went missing leaves it to the next one.
Should its own rows come after all they are refused. The lane's position, up to which everything is
applied, moves when the lowest claim is applied; others that are stay here until it reaches them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import Connection, delete, insert, select, text, true, update

from reverse_etl.errors import LaneOvertakenError
from reverse_etl.ledger import lane_index, positions
from reverse_etl.ledger.engine import insert_or, within
from reverse_etl.ledger.lane_index import Reached
from reverse_etl.ledger.schema import lane_claimed_nodes, lane_claims

_LET_GO: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Claim:
    """The events behind position `after`, up to `last`. `owner` has them in hand `until` then;
    `passed`: whom they are about is known, and nobody before it works on these people."""

    after: int
    last: int
    owner: str
    until: datetime
    passed: bool = False
    applied: bool = False


@dataclass(frozen=True, slots=True)
class Stand:
    """How far the lane is: everything up to `position` is applied, `claims` lie behind it, without
    a gap and in order."""

    position: int
    claims: tuple[Claim, ...] = ()

    @property
    def top(self) -> int:
        """Up to where events are claimed."""
        return self.claims[-1].last if self.claims else self.position

    def before(self, claim: Claim) -> tuple[Claim, ...]:
        """What is not applied and comes first."""
        return tuple(each for each in self.claims if each.last < claim.last and not each.applied)

    def free(self, owner: str, now: datetime, is_dead: Callable[[str], bool]) -> Claim | None:
        """The lowest claim that this worker has in hand or may take over."""
        return next((each for each in self.claims if _is_free(each, owner, now, is_dead)), None)


@dataclass(frozen=True, slots=True)
class Asking:
    """A worker that asks for events now, for a while; `is_dead`: who certainly ended."""

    owner: str
    now: datetime
    ttl: timedelta
    is_dead: Callable[[str], bool] = lambda _owner: False


@dataclass(frozen=True, slots=True)
class Held:
    """Whom a claim reaches, and whether it passed; never, as long as events are missing."""

    reached: Reached
    passed: bool


def _is_free(claim: Claim, owner: str, now: datetime, is_dead: Callable[[str], bool]) -> bool:
    if claim.applied:
        return False
    return claim.owner == owner or claim.until <= now or is_dead(claim.owner)


def stand(connection: Connection) -> Stand:
    """Claims first: what is applied between the two statements is then below the position."""
    found = claims(connection)
    position = positions.of(connection, positions.FAST_LANE)
    return Stand(position, tuple(each for each in found if each.last > position))


def claims(connection: Connection) -> tuple[Claim, ...]:
    """All that there are, in order."""
    c = lane_claims.c
    columns = (c.after, c.last, c.owner, c.until, c.passed, c.applied)
    return tuple(Claim(*row) for row in connection.execute(select(*columns).order_by(c.last)))


def take(connection: Connection, asking: Asking, head: int, most: int) -> Stand:
    """Take the lowest claim that is free, else the next events up to `head`, at most so many, if
    there are any. How it stands then."""
    _be_quick(connection)
    now = stand(connection)
    until = asking.now + asking.ttl
    free = now.free(asking.owner, asking.now, asking.is_dead)
    if free is not None:
        mine = replace(free, owner=asking.owner, until=until)
        if free.owner != asking.owner:  # whom it is about is looked up anew
            mine = replace(mine, passed=False)
            _forget_nodes(connection, free.last)
        _change(connection, mine)
        return replace(now, claims=tuple(mine if each is free else each for each in now.claims))
    last = min(head, now.top + most)
    if last <= now.top:
        return now
    mine = Claim(now.top, last, asking.owner, until)
    connection.execute(insert(lane_claims), [_values(mine)])
    return replace(now, claims=(*now.claims, mine))


def split(connection: Connection, asking: Asking, after: int, last: int, middle: int) -> None:
    """Make two claims of one, or of events that nobody has claimed."""
    now = stand(connection)
    until = asking.now + asking.ttl
    if now.claims:
        _mine(now, asking.owner, after, last)
        connection.execute(delete(lane_claims).where(lane_claims.c.last == last))
        _forget_nodes(connection, last)
    elif now.position != after:
        raise _overtaken(now.position, after)
    parts = (Claim(*each, asking.owner, until) for each in ((after, middle), (middle, last)))
    connection.execute(insert(lane_claims), [_values(part) for part in parts])


def hold(
    connection: Connection,
    owner: str,
    last: int,
    nodes: Collection[int],
    *,
    noted: Collection[int],
    known: Collection[int],
    most: int,
) -> Held:
    """Look up whom a claim reaches, and pass if nobody is in the way. `known`: positions of the
    events in hand; `noted`: nodes of events of the claim that change no row, which is why they
    wait for nobody, but later ones for them."""
    _be_quick(connection)
    now = stand(connection)
    mine = _mine(now, owner, None, last)
    reached = lane_index.reach(connection, nodes, most)
    if reached.overflow or not set(reached.positions) <= set(known):
        return Held(reached, passed=False)
    before = now.before(mine)
    if not all(each.passed for each in before) or _is_about(connection, before, reached.nodes):
        return Held(reached, passed=False)
    _add_nodes(connection, last, reached.nodes.union(noted))
    _change(connection, replace(mine, passed=True))
    return Held(reached, passed=True)


def release(connection: Connection, owner: str) -> None:
    """Let others take over at once what this worker has in hand."""
    theirs = (lane_claims.c.owner == owner) & ~lane_claims.c.applied
    connection.execute(update(lane_claims).where(theirs).values(until=_LET_GO))


def clear(connection: Connection) -> None:
    """Forget all claims."""
    for table in (lane_claims, lane_claimed_nodes):
        connection.execute(delete(table))


def end(connection: Connection, now: Stand, owner: str | None, after: int, last: int) -> Stand:
    """These events are applied: how it stands then. `owner` None: of events that nobody claimed,
    which is right only as long as there are no claims at all.

    Raises LaneOvertakenError when somebody else works or has worked on them.
    """
    if owner is None:
        if now.claims or now.position != after:
            raise _overtaken(now.position, after)
        return Stand(last)
    mine = _mine(now, owner, after, last)
    done = replace(mine, applied=True)
    _forget_nodes(connection, last)
    after_that = _advanced(
        replace(now, claims=tuple(done if each is mine else each for each in now.claims))
    )
    if after_that.position < last:
        _change(connection, done)
    else:
        reached = lane_claims.c.last <= after_that.position
        connection.execute(delete(lane_claims).where(reached))
    return after_that


def _advanced(now: Stand) -> Stand:
    """The position moves over what is applied behind it."""
    position, claims = now.position, now.claims
    while claims and claims[0].applied:
        position, claims = claims[0].last, claims[1:]
    return Stand(position, claims)


def _mine(now: Stand, owner: str, after: int | None, last: int) -> Claim:
    for each in now.claims:
        is_it = each.last == last and after in (None, each.after)
        if is_it and each.owner == owner and not each.applied:
            return each
    raise LaneOvertakenError(f"Events up to position {last} are in somebody else's hand.")


def _overtaken(position: int, after: int) -> LaneOvertakenError:
    return LaneOvertakenError(
        f"The fast lane has come to position {position} of the log, or others have claimed events;"
        f" these news begin at {after}."
    )


def _change(connection: Connection, claim: Claim) -> None:
    values = _values(claim)
    same = lane_claims.c.last == values.pop("last")
    connection.execute(update(lane_claims).where(same).values(values))


def _values(claim: Claim) -> dict[str, object]:
    return {column.name: getattr(claim, column.name) for column in lane_claims.c}


def _is_about(connection: Connection, before: Iterable[Claim], nodes: Collection[int]) -> bool:
    lasts = [each.last for each in before]
    if not lasts:
        return False
    n = lane_claimed_nodes.c
    common = select(true()).where(n.last.in_(lasts)).limit(1)
    pages = within(n.node, nodes)
    return any(connection.scalar(common.where(theirs)) for theirs in pages)


def _add_nodes(connection: Connection, last: int, nodes: Collection[int]) -> None:
    if nodes:
        statement = insert_or(connection, lane_claimed_nodes).on_conflict_do_nothing()
        connection.execute(statement, [{"last": last, "node": node} for node in sorted(nodes)])


def _forget_nodes(connection: Connection, last: int) -> None:
    connection.execute(delete(lane_claimed_nodes).where(lane_claimed_nodes.c.last == last))


def _be_quick(connection: Connection) -> None:
    """A claim that a crash of the server takes back is missed by nobody: what is applied under it
    is refused, or is durable and the claim with it, as it was committed before."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("set local synchronous_commit = off"))
