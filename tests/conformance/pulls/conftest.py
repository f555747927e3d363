"""A log, a clock that obeys, and the sandbox behind a real server, emptied for each test."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx
import pull_meta
import pull_salesforce
import pytest
from pull_case import Lab

from ingestion.event_log import EventLog
from reverse_etl.sandbox import create_app
from reverse_etl.sandbox.meta import Meta
from reverse_etl.sandbox.salesforce import Salesforce
from reverse_etl.sandbox.server import serving


class Clock:
    """Real time, moved on by hand."""

    def __init__(self):
        self.ahead = timedelta()

    def __call__(self):
        return datetime.now(UTC) + self.ahead

    def seconds(self):
        return self().timestamp()


@pytest.fixture(scope="module")
def clock():
    return Clock()


@pytest.fixture(scope="module")
def server(clock):
    made = create_app(
        hubspot_limit=None,
        search_lag=0,
        salesforce=Salesforce(query_page=pull_salesforce.PAGE),
        meta=Meta(insights_page=pull_meta.PAGE, leads_page=pull_meta.PAGE),
        clock=clock.seconds,
    )
    with serving(made) as url:
        yield url


@pytest.fixture
def log(tmp_path):
    opened = EventLog.open(f"sqlite:///{tmp_path}/log.db")
    yield opened
    opened.close()


@pytest.fixture
def lab(server, clock, log):
    clock.ahead = timedelta()
    httpx.post(f"{server}/_reset").raise_for_status()
    return Lab(server, clock, log)
