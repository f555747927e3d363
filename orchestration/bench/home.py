"""The home that a whole installation is measured in: its settings, history, batches, lane."""

from __future__ import annotations

import json
import sqlite3
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from time import monotonic, perf_counter, sleep
from typing import Any

import duckdb

from ingestion.event_log import EventLog, NewEvent
from ingestion.event_log.model import Kind, from_micros
from orchestration import connections, warehouse
from orchestration.bench.gateway import MILLRACE, clean_environment, last_words
from orchestration.bench.rebuild import EVENTS_SQL, SESSION, START
from orchestration.errors import BenchError
from orchestration.settings import Settings
from reverse_etl.model import State

_BATCH = 5_000
_POLL = 0.05
_REPORT = "run.json"
_NO_LIMIT = "1000000000"  # the environment has no word for none
_UNDER_WAY = (State.PENDING, State.IN_FLIGHT, State.UNKNOWN)

# `$people` and the like are the parameters of the inner text.
_MADE = f"""
    select source, event_key, epoch_us(received_at), body, correlation_id from ({EVENTS_SQL})
"""  # noqa: S608  our own text
_NOT_YET_QUALIFIED = """
    select email, first_name, last_name from marts.dim_people
    where email is not null and person_id not in (select person_id from marts.fct_mqls)
    order by md5(person_id)
    limit ?
"""
_LANE = "select position from positions where reader = 'fast_lane'"


@dataclass(frozen=True, slots=True)
class Home:
    """An installation of its own in `folder` that sends to the vendors at `url`."""

    folder: Path
    url: str
    destinations: Sequence[str]
    settings: Settings = field(init=False)

    def __post_init__(self) -> None:
        settings = Settings(  # all of them: none may come from the user's environment
            home=self.folder,
            log_url=f"sqlite:///{self.folder / 'event_log.sqlite'}",
            ledger_url=f"sqlite:///{self.folder / 'ledger.sqlite'}",
            warehouse=self.folder / "warehouse.duckdb",
        )
        object.__setattr__(self, "settings", settings)

    @property
    def environment(self) -> dict[str, str]:
        """For its processes. Without limits of our own: the lane is measured, not an account."""
        told = {"HOME": str(self.folder), "DESTINATIONS": ",".join(self.destinations)}
        told |= {f"{name.upper()}_URL": self.url for name in self.destinations}
        told |= {
            "HUBSPOT_REQUESTS_PER_10S": _NO_LIMIT,
            "SLACK_REQUESTS_PER_MINUTE": _NO_LIMIT,
            "APOLLO_REQUESTS_PER_MINUTE": _NO_LIMIT,
            "APOLLO_CREDITS_PER_DAY": _NO_LIMIT,
        }
        return clean_environment() | {f"MILLRACE_{name}": value for name, value in told.items()}

    def batch(self) -> dict[str, Any]:
        """`millrace run`, to its end, and what it reports. Raises BenchError."""
        with self.batch_beside():
            pass
        told: dict[str, Any] = json.loads((self.folder / _REPORT).read_bytes())
        return told

    @contextmanager
    def batch_beside(self, *options: str) -> Iterator[subprocess.Popen[bytes]]:
        """`millrace run` while the context lasts, and then until it ends. Raises BenchError."""
        log = self.folder / "run.log"
        with log.open("wb") as output, (self.folder / _REPORT).open("wb") as report:
            process = subprocess.Popen(  # noqa: S603  our own command
                [MILLRACE, "run", *options, "--json"],
                env=self.environment,
                cwd=self.folder,
                stdout=report,
                stderr=output,
            )
        try:
            yield process
            process.wait()
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        if process.returncode:
            raise BenchError(f"`millrace run` failed: {last_words(log)}")

    def not_yet_qualified(self, number: int) -> list[tuple[str, str | None, str | None]]:
        """People of the history who would become qualified now: e-mail, first and last name."""
        with warehouse.connect(self.settings.published) as copy:
            return copy.execute(_NOT_YET_QUALIFIED, [number]).fetchall()

    def undelivered(self) -> int:
        """How many deliveries are under way or wait for their time."""
        with closing(connections.ledger(self.settings)) as ledger:
            by_state: Mapping[str, int] = ledger.counts().by_state
        return sum(by_state[state] for state in _UNDER_WAY)


@dataclass(frozen=True, slots=True)
class Made:
    """Events `first` to `last` (without it) of the kinds that `bench rebuild` measures, of so many
    people; event 0 is of `start`.

    `historical`: they are imports, as in a real migration: they make people, accounts and scores,
    and nobody is alerted of them.
    """

    first: int
    last: int
    people: int
    start: datetime = START
    historical: bool = False

    @property
    def _kind(self) -> Kind:
        return "backfill" if self.historical else "webhook"

    def append_to(self, log: EventLog) -> None:
        numbers = {"first": self.first, "last": self.last, "people": self.people}
        with duckdb.connect() as connection:
            connection.execute("set TimeZone = 'UTC'")
            made = connection.execute(_MADE, {**numbers, "session": SESSION, "start": self.start})
            while rows := made.fetchmany(_BATCH):
                log.append([self._event(*row) for row in rows])

    def _event(self, source: str, key: str, received: int, body: str, correlation: str) -> NewEvent:
        at, kind = from_micros(received), self._kind
        return NewEvent(
            source, key, kind, at, body.encode(), {}, correlation, historical=self.historical
        )


def lane_position(settings: Settings) -> int | None:
    """Up to which position of the log the fast lane has worked, as it writes into the ledger in the
    transaction of its deliveries (SQLite here); None as long as it has never written any."""
    path = settings.ledger_url.removeprefix("sqlite:///")
    if not Path(path).exists():
        return None
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5)) as connection:
        try:
            row = connection.execute(_LANE).fetchone()
        except sqlite3.OperationalError as error:
            if "no such table" not in str(error):
                raise
            return None
    return int(row[0]) if row else None


@dataclass(frozen=True, slots=True)
class Sample:
    """Where the lane stood; `at`: seconds on a clock that only goes forward."""

    at: float
    position: int | None


def wait_for_lane(settings: Settings, target: int, *, seconds: float) -> list[Sample]:
    """Wait until the lane has come to `target`; what was seen on the way. Raises BenchError."""
    until = monotonic() + seconds
    seen: list[Sample] = []
    while monotonic() < until:
        seen.append(Sample(perf_counter(), lane_position(settings)))
        if (seen[-1].position or 0) >= target:
            return seen
        sleep(_POLL)
    raise BenchError(f"The fast lane did not come to position {target:,} in {seconds:.0f} s.")


def speed(seen: Sequence[Sample], before: int) -> float:
    """Events a second from the lane's first progress behind `before` to the last sample: the start
    of the process is no work. 0.0 where one step was all."""
    moving = [s for s in seen if s.position is not None and s.position > before]
    if len(moving) < 2 or moving[0].position is None or moving[-1].position is None:
        return 0.0
    return (moving[-1].position - moving[0].position) / (moving[-1].at - moving[0].at)


def wait_until_done(home: Home, log: EventLog, *, with_lane: bool, seconds: float) -> bool:
    """Wait until nothing is under way, twice in a row: an answer from a vendor is an event that
    the lane may want something for. False when that did not come."""
    until, quiet = monotonic() + seconds, 0
    while monotonic() < until and quiet < 2:
        behind = with_lane and (lane_position(home.settings) or 0) < log.head()
        quiet = 0 if behind or home.undelivered() else quiet + 1
        sleep(0.3)
    return quiet == 2
