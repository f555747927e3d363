"""One pull: pages of a vendor's API into the event log, and what its webhooks left out.

The API is asked once. A page's events are committed before the cursor moves behind them, so a pull
that is killed anywhere repeats a page, and the keys of its events make that harmless.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import compress
from uuid import uuid4

import orjson

from ingestion.errors import IngestionError
from ingestion.event_log import EventLog, NewEvent
from ingestion.event_log.dedup import Key
from ingestion.event_log.recent import webhooks_since
from ingestion.pulls.client import VendorApi
from ingestion.pulls.event import pulled_event
from ingestion.pulls.model import Days, Found, Page, PullSource, Stream, StreamReport, Window
from ingestion.pulls.reconcile import Grace, Judgement, hear, is_over, is_told, judge
from ingestion.pulls.state import Cursor, Place, PullState
from ingestion.pulls.suppression import erasures, is_suppressed
from ingestion.webhooks.base import id_or_content_key

Progress = Callable[[StreamReport], None]


@dataclass(frozen=True, slots=True)
class Pull:
    """What a pull works with. ``has_webhook``: whether this source's webhooks are taken here at
    all: without them none can be missed."""

    log: EventLog
    state: PullState
    clock: Callable[[], datetime]
    has_webhook: bool = False
    grace: Grace = field(default_factory=Grace)
    progress: Progress = lambda _report: None

    def run(
        self,
        source: PullSource,
        api: VendorApi,
        *,
        since: datetime | None = None,
        days: Days | None = None,
    ) -> list[StreamReport]:
        """Pull every kind of object; one that fails is told in its report, and the others go on.

        ``since``: read again from then on; cursors do not go back. ``days``: only these, of kinds
        that are told by day; cursors stay where they are.
        """
        now, started = self.clock(), time.perf_counter()
        try:
            accounts = source.accounts(api)
        except IngestionError as error:
            report = StreamReport(
                source.name,
                "account",
                "",
                now,
                seconds=round(time.perf_counter() - started, 3),
                requests=api.requests,
                code=error.code,
                message=str(error),
            )
            self.state.note(report)
            return [report]
        return [
            self._stream(Place(source.name, stream.kind, account), stream, api, since, days)
            for stream in source.streams
            if stream.by_day or days is None
            for account in stream.accounts or accounts
        ]

    def _stream(
        self,
        place: Place,
        stream: Stream,
        api: VendorApi,
        since: datetime | None,
        days: Days | None,
    ) -> StreamReport:
        now, started, before = self.clock(), time.perf_counter(), api.requests
        cursor = self.state.begin(place, now)
        window = Window(_earlier(since, cursor.since(stream.overlap, now)), now, days)
        reading = _Reading(self, place, stream, cursor, window)
        failure: IngestionError | None = None
        try:
            for page in stream.read(api, place.account, window):
                reading.take(page)
                self.progress(reading.report(place))
        except IngestionError as error:
            failure = error
        report = replace(
            reading.report(place),
            seconds=round(time.perf_counter() - started, 3),
            requests=api.requests - before,
            code=failure.code if failure else None,
            message=str(failure) if failure else None,
        )
        if failure is not None or days is not None:
            self.state.note(report)
            return report
        return self.state.finish(place, report, cursor.judged_until, now - self.grace.period)


class _Reading:
    """A pull of one kind of object under way."""

    def __init__(
        self, pull: Pull, place: Place, stream: Stream, cursor: Cursor, window: Window
    ) -> None:
        self._pull, self._place, self._stream = pull, place, stream
        self._cursor, self._window, self._now = cursor, window, window.until
        self._told: Mapping[str, datetime] | None = None
        self._read = self._new = self._judged = self._dropped = self._suppressed = 0

    def take(self, page: Page) -> None:
        """Store what is new of a page, then move the cursor behind it."""
        found = self._allowed(page.found)
        new = self._append(found)
        judgement = self._judge(found, new)
        self._read += len(page.found)
        self._suppressed += len(page.found) - len(found)
        self._new += len(new)
        self._judged += judgement.judged
        self._dropped += judgement.dropped
        if page.reached is not None:
            self._pull.state.advance(self._place, page.reached)

    def report(self, place: Place) -> StreamReport:
        """What was done so far."""
        return StreamReport(
            place.source,
            place.kind,
            place.account,
            self._now,
            read=self._read,
            new=self._new,
            judged=self._judged,
            dropped=self._dropped,
            suppressed=self._suppressed,
        )

    def _allowed(self, found: Sequence[Found]) -> Sequence[Found]:
        """Without what is about people who were erased; asked of each page, because somebody may
        be erased while it is read."""
        erased, place = erasures(self._pull.log), self._place
        kept = (
            not is_suppressed(place.source, place.kind, each, erased, as_told=self._stream.as_told)
            for each in found
        )
        return list(compress(found, kept)) if erased else found

    def _append(self, found: Sequence[Found]) -> frozenset[str]:
        """The ids of the objects whose version the log did not hold."""
        if not found:
            return frozenset()
        events = self._as_told(found) if self._stream.as_told else self._enveloped(found)
        answers = self._pull.log.append(list(events.values())) if events else []
        pairs = zip(events, answers, strict=True)
        return frozenset(key for key, answer in pairs if not answer.duplicate)

    def _enveloped(self, found: Sequence[Found]) -> dict[str, NewEvent]:
        state, place, now = self._pull.state, self._place, self._now
        seen = {} if self._stream.is_dated else state.first_seen(place, found, now)
        if self._stream.words is not None:
            told = [
                replace(each, content=self._stream.words(each.content, seen[each.id]))
                for each in found
            ]
            return {
                each.id: self._event(each, f"{each.id} {seen[each.id].isoformat()}")
                for each in told
            }
        return {
            each.id: pulled_event(
                place.source,
                place.kind,
                each.content,
                account=place.account,
                pulled_at=seen.get(each.id, now),
                correlation_id=uuid4().hex,
                historical=self._is_past(each),
            )
            for each in found
        }

    def _as_told(self, found: Sequence[Found]) -> dict[str, NewEvent]:
        """Events that no webhook brought, although it had its time."""
        if self._expects_webhook:
            grace, heard = self._pull.grace, self._heard()
            limit = self._now - grace.period
            found = [
                each
                for each in found
                if is_over(each, limit) and not is_told(each, heard, grace.slack)
            ]
        made = {each.id: self._event(each, f"{each.version} {each.id}".strip()) for each in found}
        keys = {key: Key(event.source, event.event_key) for key, event in made.items()}
        stored = self._pull.log.positions(keys.values())
        return {key: made[key] for key in made if keys[key] not in stored}

    def _event(self, found: Found, key: str) -> NewEvent:
        return NewEvent(
            source=self._place.source,
            event_key=id_or_content_key(key, key.encode()),
            kind="pull",
            received_at=self._now,
            body=orjson.dumps(found.content),
            headers={},
            correlation_id=uuid4().hex,
            historical=self._is_past(found),
        )

    def _is_past(self, found: Found) -> bool:
        """What was there before the first pull informs, but sets off nothing."""
        if found.changed_at is None:
            return self._cursor.judged_until is None
        return found.changed_at < self._cursor.begun_at

    @property
    def _expects_webhook(self) -> bool:
        return self._stream.heard is not None and self._pull.has_webhook

    def _judge(self, found: Sequence[Found], new: frozenset[str]) -> Judgement:
        if not self._expects_webhook or self._cursor.judged_until is None:
            return Judgement()
        return judge(found, self._heard(), new, self._cursor, self._now, self._pull.grace)

    def _heard(self) -> Mapping[str, datetime]:
        """What webhooks told since the first change that may be asked for."""
        if self._told is None:
            webhooks = webhooks_since(self._pull.log, self._place.source, self._window.since)
            self._told = hear(self._place.source, self._stream, webhooks)
        return self._told


def _earlier(asked: datetime | None, due: datetime | None) -> datetime | None:
    """A pull may begin before its cursor, never behind it: that would leave a gap."""
    return min(asked, due) if asked is not None and due is not None else asked or due
