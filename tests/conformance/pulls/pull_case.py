"""What the conformance suite must know of one pulled kind of object, and a lab to pull it in."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import httpx
import orjson

from ingestion.event_log import EventLog, NewEvent
from ingestion.pulls import PullSource
from ingestion.pulls.client import Patience, VendorApi
from ingestion.pulls.pull import Pull
from ingestion.pulls.state import PullState

AUTH = {"authorization": "Bearer other"}
SECRET = "sandbox-token-7f3a"
QUICK = Patience(timedelta(seconds=5), attempts=3, pause=0.01, longest_pause=0.05)


@dataclass(frozen=True)
class Case:
    """One kind of object of one vendor.

    `seed(url, count)`: make objects at the sandbox, `change(url)`: change one of them. `path`: a
    part of the path under which they are read. `page`: objects of the largest page. `webhook(lab)`:
    what the vendor posts about the last change, None where it has no webhook. `as_told`: a change
    is stored when a webhook had its time. `rereads`: each pull reads the same days again.
    """

    source: Callable[[], PullSource]
    kind: str
    path: str
    seed: Callable[[str, int], None]
    change: Callable[[str], None]
    page: int
    webhook: Callable[[Lab], bytes] | None = None
    as_told: bool = False
    rereads: bool = False

    def __str__(self):
        return f"{self.source().name}-{self.kind}"

    @property
    def name(self):
        return self.source().name

    def only(self):
        """The source with this kind of object alone."""
        source = self.source()
        streams = tuple(each for each in source.streams if each.kind == self.kind)
        return replace(source, streams=streams)


class Tokens:
    """A token that the vendor may refuse; `spare`: another one to be had then."""

    def __init__(self, token=SECRET, spare=None):
        self._token, self._spare = token, spare

    def token(self):
        return self._token

    def renew(self, refused):
        self._token, self._spare = self._spare or self._token, None
        return self._token if self._token != refused else None


class Lab:
    """Pulls from the sandbox into a log."""

    def __init__(self, url: str, clock: Any, log: EventLog):
        self.url, self.clock, self.log = url, clock, log
        self.permits: list[str] = []

    def pull(self, case, *, tokens=None, log=None, since=None, days=None, has_webhook=False):
        """One pull of the case's kind of object."""
        source = case.only()
        api = VendorApi(
            case.name,
            self.url,
            tokens or Tokens(),
            self._permit,
            patience=QUICK,
            carry=source.carry,
            refusal=source.refusal,
        )
        chosen = log or self.log
        pull = Pull(chosen, PullState(chosen), self.clock, has_webhook)
        [report] = pull.run(source, api, since=since, days=days)
        return report

    def fault(self, case, fault, **when):
        rule = {"vendor": case.name, "fault": fault, "path": case.path, **when}
        httpx.post(f"{self.url}/_faults", json={"rules": [rule]}).raise_for_status()

    def pass_time(self, **time):
        self.clock.ahead += timedelta(**time)

    def events(self, case):
        """The bodies of what was pulled of the vendor."""
        found = self.log.read(source=case.name, kind="pull", limit=5000)
        return [orjson.loads(event.body) for event in found]

    def deliver(self, case):
        """The vendor's webhook about the last change."""
        told = case.webhook(self)
        key = f"webhook-{self.log.head()}"
        self.log.append([NewEvent(case.name, key, "webhook", self.clock(), told, {}, key)])

    @contextmanager
    def _permit(self, path):
        self.permits.append(path)
        yield
