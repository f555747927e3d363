"""A ledger, a clock that obeys, and a way to drain."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from reverse_etl.dispatcher import Dispatcher
from reverse_etl.ledger import Ledger
from reverse_etl.testing import ManualTime, seeded


@pytest.fixture
def ledger(tmp_path):
    with Ledger.open(f"sqlite:///{tmp_path}/ledger.db") as ledger:
        yield ledger
        assert ledger.counts().balanced


@pytest.fixture
def time():
    return ManualTime()


@pytest.fixture
def dispatch(ledger, time):
    """A function that drains into the given connectors."""
    made = []

    def make(*connectors, **options):
        dispatcher = Dispatcher(
            ledger,
            {connector.destination: connector for connector in connectors},
            clock=time,
            rng=seeded(),
            sleep=time.sleep,
            **options,
        )
        made.append(dispatcher)
        return lambda wait=30: asyncio.run(dispatcher.drain(timedelta(seconds=wait)))

    yield make
    for dispatcher in made:
        dispatcher.close()
