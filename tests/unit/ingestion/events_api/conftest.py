"""A gateway with its API, and a key to it."""

from __future__ import annotations

import pytest
from support.api import ApiGateway


@pytest.fixture
def make(tmp_path):
    """Makes a gateway with other settings than usual."""
    made = []

    def factory(**settings):
        made.append(ApiGateway(f"sqlite:///{tmp_path}/events.db", **settings))
        return made[-1]

    yield factory
    for gateway in made:
        gateway.close()


@pytest.fixture
def gateway(make):
    return make()


@pytest.fixture
def key(gateway):
    return gateway.key("webshop:write")
