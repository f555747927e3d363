"""Bulk API 2.0: one job for many rows, which is read back when it takes its time.

A job is remembered while it runs, so that its rows are not sent a second time beside it. A process
that ends forgets it: then its rows are read back record by record.
"""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final

from reverse_etl.connectors.base import Work
from reverse_etl.connectors.salesforce.api import SalesforceApi, refused
from reverse_etl.connectors.salesforce.records import fields, flat
from reverse_etl.errors import CallFailedError
from reverse_etl.model import Delivery, Kind, Outcome

_RUNNING: Final = "SALESFORCE_JOB_RUNNING"
_FAILED: Final = "SALESFORCE_JOB_FAILED"
_ENDED: Final = frozenset({"JobComplete", "Failed", "Aborted"})
_NULL: Final = "#N/A"  # an empty value would leave the field as it is
_FIRST_WAIT: Final = 0.25  # seconds
_LONGEST_READ_BACK: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Job:
    """`key_column`: which column of its rows names them; `keys`: delivery id → its value there."""

    id: str
    key_column: str
    keys: Mapping[int, str]

    @property
    def path(self) -> str:
        return f"jobs/ingest/{self.id}"


class Bulk:
    """Makes jobs and remembers those that run."""

    def __init__(self, api: SalesforceApi, wait: timedelta) -> None:
        self._api = api
        self._wait = wait.total_seconds()
        self._running: dict[int, Job] = {}

    async def write(self, work: Work, kind: str, rows: Sequence[Delivery]) -> None:
        """Give these rows an outcome, or raise CallFailedError for those still open."""
        known = [row for row in rows if row.id in work.context.vendor_ids]
        fresh = [row for row in rows if row.id not in work.context.vendor_ids]
        jobs = []
        for part in (fresh, known):
            try:
                jobs += [await self._upload(work, kind, part)] if part else []
            except CallFailedError as failure:  # nothing was set going
                work.fail(failure, part)
        try:
            await self._run(work, jobs)
        except CallFailedError:
            self._leave_running(work)  # a job may go on: its rows must not be sent beside it

    async def read_back(self, work: Work) -> None:
        """Give rows of remembered jobs an outcome; what none remembers stays open. Raises
        CallFailedError for those."""
        jobs = {self._running[row.id].id: self._running[row.id] for row in self._mine(work)}
        try:
            for job in jobs.values():
                await self._look(work, job, if_failed=Kind.RETRYABLE)
        finally:
            self._leave_running(work)

    def _mine(self, work: Work) -> list[Delivery]:
        return [row for row in work.open if row.id in self._running]

    async def _upload(self, work: Work, kind: str, rows: Sequence[Delivery]) -> Job:
        by_id = rows[0].id in work.context.vendor_ids
        column = "Id" if by_id else self._api.key_field
        ids = work.context.vendor_ids
        keys = {row.id: ids[row.id] if by_id else row.entity_key for row in rows}
        wanted = {"object": kind, "contentType": "CSV", "lineEnding": "LF"}
        if by_id:
            wanted["operation"] = "update"
        else:
            wanted |= {"operation": "upsert", "externalIdFieldName": self._api.key_field}
        made = await self._api.call(work, "POST", "jobs/ingest", wanted)
        job = Job(str(made.body.get("id")), column, keys)
        records = [{**flat(fields(work, row, kind)), column: keys[row.id]} for row in rows]
        await self._api.call(
            work,
            "PUT",
            f"{job.path}/batches",
            to_csv(records),
            items=len(rows),
            form="anything",
            headers={"content-type": "text/csv; charset=UTF-8"},
        )
        return job

    async def _run(self, work: Work, jobs: Sequence[Job]) -> None:
        for job in jobs:
            # Remembered before it is set going: the answer to that may get lost.
            self._running.update(dict.fromkeys(job.keys, job))
            await self._api.call(work, "PATCH", job.path, {"state": "UploadComplete"})
        waited, pause, left = 0.0, _FIRST_WAIT, list(jobs)
        while True:
            left = [job for job in left if not await self._look(work, job, if_failed=Kind.REFUSED)]
            if not left or waited + pause > self._wait:
                break
            await asyncio.sleep(pause)
            waited, pause = waited + pause, pause * 2
        self._leave_running(work)

    def _leave_running(self, work: Work) -> None:
        for row in self._mine(work):
            wait = min(timedelta(seconds=10) * (1 << min(row.attempts, 10)), _LONGEST_READ_BACK)
            text = "Its bulk job has not ended yet."
            work.set(row, Outcome(Kind.UNKNOWN, _RUNNING, text, retry_after=wait))

    async def _look(self, work: Work, job: Job, *, if_failed: Kind) -> bool:
        """Whether a job has ended; then its rows have their outcomes, and it is forgotten."""
        info = (await self._api.call(work, "GET", job.path)).body
        if info.get("state") == "Open":  # the word to begin did not arrive
            await self._api.call(work, "PATCH", job.path, {"state": "Aborted"})
            self._forget(job)
            return True
        if info.get("state") not in _ENDED:
            return False
        rows = {job.keys[row.id]: row for row in work.open if row.id in job.keys}
        for result in await self._results(work, job, "successfulResults"):
            if row := rows.get(result.get(job.key_column, "")):
                work.delivered(row, result.get("sf__Id"))
        for result in await self._results(work, job, "failedResults"):
            if row := rows.get(result.get(job.key_column, "")):
                name, _, message = result.get("sf__Error", "").partition(":")
                work.set(row, refused(name, message, None))
        for result in await self._results(work, job, "unprocessedrecords"):
            if row := rows.get(result.get(job.key_column, "")):
                kind = if_failed if info.get("state") == "Failed" else Kind.RETRYABLE
                work.set(row, Outcome(kind, _FAILED, str(info.get("errorMessage") or "")))
        self._forget(job)
        return True

    def _forget(self, job: Job) -> None:
        for number in job.keys:
            self._running.pop(number, None)

    async def _results(self, work: Work, job: Job, name: str) -> list[dict[str, str]]:
        path = f"{job.path}/{name}"
        answer = await self._api.call(
            work, "GET", path, form="anything", headers={"accept": "text/csv"}
        )
        return list(csv.DictReader(io.StringIO(answer.text, newline="")))


def to_csv(records: Sequence[Mapping[str, Any]]) -> bytes:
    """Records as Salesforce takes them: UTF-8, lines end in LF, what a record lacks stays empty."""
    columns = sorted({name for record in records for name in record})
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    for record in records:
        writer.writerow({name: _cell(value) for name, value in record.items()})
    return text.getvalue().encode()


def _cell(value: object) -> str:
    if value is None or value == "":
        return _NULL
    return str(value).lower() if isinstance(value, bool) else str(value)


def lost(failure: CallFailedError) -> CallFailedError:
    """A failure to read back: what became of the rows is as unknown as before."""
    outcome = failure.outcome
    if outcome.kind in (Kind.AUTHENTICATION, Kind.UNREACHABLE):  # these stop the destination
        return failure
    return CallFailedError(replace(outcome, kind=Kind.UNKNOWN), failure.answer)
