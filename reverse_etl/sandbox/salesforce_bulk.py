"""Bulk API 2.0 of a simulated org: ingest jobs that take their time."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from reverse_etl.sandbox.answer import Answer, Request
from reverse_etl.sandbox.salesforce_store import Objects, Org, SalesforceError, stamp
from reverse_etl.sandbox.salesforce_wire import body

_NULL: Final = "#N/A"
_OPERATIONS: Final = ("insert", "update", "upsert")
_CSV: Final = {"content-type": "text/csv; charset=UTF-8"}
_MOST_BYTES: Final = 150_000_000


@dataclass(slots=True)
class Job:
    """`closed_at`: when its data was complete; `spoilt`: one of its rows is to fail."""

    id: str
    kind: str
    operation: str
    key_field: str | None
    created_at: float
    state: str = "Open"
    content: str = ""
    closed_at: float = 0.0
    spoilt: bool = False
    error: str | None = None
    results: dict[str, list[dict[str, str]]] = field(
        default_factory=lambda: {"successful": [], "failed": [], "unprocessed": []}
    )

    def shown(self, version: str) -> dict[str, Any]:
        """The job as Salesforce tells of it."""
        done = len(self.results["successful"]) + len(self.results["failed"])
        answer = {
            "id": self.id,
            "operation": self.operation,
            "object": self.kind,
            "createdDate": stamp(self.created_at),
            "state": self.state,
            "externalIdFieldName": self.key_field,
            "concurrencyMode": "Parallel",
            "contentType": "CSV",
            "apiVersion": float(version.removeprefix("v")),
            "jobType": "V2Ingest",
            "contentUrl": f"services/data/{version}/jobs/ingest/{self.id}/batches",
            "lineEnding": "LF",
            "columnDelimiter": "COMMA",
            "numberRecordsProcessed": done,
            "numberRecordsFailed": len(self.results["failed"]),
            "errorMessage": self.error,
        }
        return {name: value for name, value in answer.items() if value is not None}


class Jobs:
    """`takes`: seconds from a job's start to its end."""

    def __init__(self, org: Org, takes: float) -> None:
        self._org, self._takes = org, takes
        self.jobs: dict[str, Job] = {}

    def advance(self, at: float) -> None:
        """Do what has been due until now."""
        for job in self.jobs.values():
            if job.state == "UploadComplete":
                job.state = "InProgress"
            if job.state == "InProgress" and at >= job.closed_at + self._takes:
                _process(job, self._org.objects[job.kind], at)

    def handle(self, request: Request, rest: str, version: str) -> Answer:
        """A request below jobs/ingest. Raises SalesforceError."""
        key, _, part = rest.strip("/").partition("/")
        if not key:
            return self._open(request, version)
        if key not in self.jobs:
            raise SalesforceError("NOTFOUND", "The requested resource does not exist", (), 404)
        job = self.jobs[key]
        if part:
            return _data(request, job, part.strip("/"))
        if request.method == "DELETE":
            del self.jobs[key]
            return Answer(204, None)
        if request.method == "PATCH":
            _change(job, body(request).get("state"), request.at)
        return Answer(200, job.shown(version))

    def _open(self, request: Request, version: str) -> Answer:
        if request.method != "POST":
            shown = [job.shown(version) for job in self.jobs.values()]
            return Answer(200, {"done": True, "records": shown, "nextRecordsUrl": None})
        asked = body(request)
        objects = self._org.kind(str(asked.get("object")))
        operation, key_field = str(asked.get("operation")), asked.get("externalIdFieldName")
        if operation not in _OPERATIONS:
            raise SalesforceError("INVALIDOPERATION", f"Unknown operation {operation}")
        if operation == "upsert" and key_field not in objects.fields:
            raise SalesforceError("INVALIDJOB", "An upsert needs an externalIdFieldName")
        key = self._org.next_id("750")
        self.jobs[key] = Job(key, objects.kind, operation, key_field, request.at)
        return Answer(200, self.jobs[key].shown(version))


def _data(request: Request, job: Job, part: str) -> Answer:
    if part == "batches" and request.method == "PUT":
        if job.state != "Open" or len(request.body) > _MOST_BYTES:
            raise SalesforceError("INVALIDJOBSTATE", "The job takes no more data")
        job.content = request.body.decode()
        job.spoilt = request.spoil_item
        return Answer(201, b"")
    names = {
        "successfulresults": ("successful", ("sf__Id", "sf__Created")),
        "failedresults": ("failed", ("sf__Id", "sf__Error")),
        "unprocessedrecords": ("unprocessed", ()),
    }
    if part.lower() not in names or request.method != "GET":
        raise SalesforceError("NOT_FOUND", "The requested resource does not exist", (), 404)
    name, first = names[part.lower()]
    return Answer(200, _written(first, _columns(job), job.results[name]), _CSV)


def _change(job: Job, state: object, at: float) -> None:
    if state == "UploadComplete" and job.state == "Open":
        job.state, job.closed_at = "UploadComplete", at
    elif state == "Aborted" and job.state not in ("JobComplete", "Failed"):
        job.state = "Aborted"
        job.results["unprocessed"] = _rows(job)
    else:
        raise SalesforceError("INVALIDJOBSTATE", f"The job is {job.state}")


def _process(job: Job, objects: Objects, at: float) -> None:
    try:
        objects.check_names(name.partition(".")[0] for name in _columns(job))
    except SalesforceError as error:
        job.state, job.error = "Failed", f"InvalidBatch : Field name not found : {error.message}"
        job.results["unprocessed"] = _rows(job)
        return
    for number, row in enumerate(_rows(job)):
        try:
            if job.spoilt and number == 0:
                raise SalesforceError("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access")
            key, made = _write(job, objects, row, at)
        except SalesforceError as error:
            told = f"{error.code}:{error.message}:{' '.join(error.fields)} --"
            job.results["failed"].append({"sf__Id": "", "sf__Error": told, **row})
        else:
            told = "true" if made else "false"
            job.results["successful"].append({"sf__Id": key, "sf__Created": told, **row})
    job.state = "JobComplete"


def _write(job: Job, objects: Objects, row: Mapping[str, str], at: float) -> tuple[str, bool]:
    """A row as a record: what is empty is left as it is, and #N/A empties."""
    given: dict[str, Any] = {}
    for name, cell in row.items():
        if cell != "":
            related, _, key = name.partition(".")
            value = None if cell == _NULL else cell
            given[related] = {key: value} if key else value
    if job.operation == "insert":
        return str(objects.create(given, at)["Id"]), True
    if job.operation == "update":
        return str(objects.update(str(given.pop("Id", "")), given, at)["Id"]), False
    name = job.key_field or ""
    if not given.get(name):
        raise SalesforceError("MISSING_ARGUMENT", f"{name} not specified")
    record, made = objects.upsert(name, str(given.pop(name)), given, at)
    return str(record["Id"]), made


def _rows(job: Job) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(job.content, newline="")))


def _columns(job: Job) -> list[str]:
    return list(csv.DictReader(io.StringIO(job.content, newline="")).fieldnames or [])


def _written(first: Iterable[str], columns: list[str], rows: list[dict[str, str]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, [*first, *columns], lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()
