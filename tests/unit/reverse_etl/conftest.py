"""A ledger, a clock that obeys, and a way to drain."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from reverse_etl.dispatcher import Dispatcher
from reverse_etl.ledger import Ledger
from reverse_etl.testing import ManualTime, seeded


def pytest_generate_tests(metafunc):
    """Every test of the ledger itself runs on both databases."""
    about_the_ledger = metafunc.module.__name__.rpartition(".")[2].startswith("test_ledger_")
    if about_the_ledger and "ledger_url" in metafunc.fixturenames:
        metafunc.parametrize("ledger_url", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture
def ledger_url(request, tmp_path):
    if getattr(request, "param", "sqlite") == "sqlite":
        return f"sqlite:///{tmp_path}/ledger.db"
    return request.getfixturevalue("postgres_url")


@pytest.fixture
def ledger(ledger_url):
    with Ledger.open(ledger_url) as ledger:
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
