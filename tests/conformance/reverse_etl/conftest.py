"""The sandbox behind a real server, emptied for each test, and a ledger that must balance."""

from __future__ import annotations

import httpx
import pytest

from reverse_etl.ledger import Ledger
from reverse_etl.sandbox import create_app
from reverse_etl.sandbox.salesforce import Salesforce
from reverse_etl.sandbox.server import serving


@pytest.fixture(scope="module")
def server():
    with serving(create_app(hubspot_limit=None, salesforce=Salesforce(job_seconds=0.1))) as url:
        yield url


@pytest.fixture
def url(server):
    httpx.post(f"{server}/_reset").raise_for_status()
    return server


@pytest.fixture
def ledger(tmp_path):
    with Ledger.open(f"sqlite:///{tmp_path}/ledger.db") as ledger:
        yield ledger
        assert ledger.counts().balanced
