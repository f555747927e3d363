"""What a connector's request comes to when the vendor, or our own token, is not as it should be."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import httpx
import pytest

from reverse_etl.connectors.base import Context, Work
from reverse_etl.connectors.http import Endpoint
from reverse_etl.connectors.tokens import SettingToken
from reverse_etl.errors import CallFailedError
from reverse_etl.model import Kind
from reverse_etl.testing import NOON

GARBLED = httpx.Response(
    200, headers={"content-encoding": "gzip"}, stream=httpx.ByteStream(b"this is no gzip")
)


def _failure(answer, token):
    asked = []

    def vendor(request):
        asked.append(request)
        return answer

    async def call():
        async with httpx.AsyncClient(transport=httpx.MockTransport(vendor)) as client:
            endpoint = Endpoint(
                client,
                "https://crm.example",
                timedelta(seconds=5),
                token=SettingToken(lambda: token),
            )
            with pytest.raises(CallFailedError) as failed:
                await endpoint.call(Work((), Context(NOON)), "POST", "/contacts", {})
            return failed.value.outcome

    return asyncio.run(call()), len(asked)


def test_an_answer_that_cannot_be_unpacked_is_read_back():
    """A broken compression says nothing of what the vendor did: the rows are unknown."""
    outcome, _ = _failure(GARBLED, "token")
    assert (Kind.UNKNOWN, "MALFORMED_ANSWER") == (outcome.kind, outcome.code)


@pytest.mark.parametrize("token", ["t\u00f6ken", "token\u200b", "two\nlines", "\u201ctoken\u201d"])
def test_a_token_no_header_can_carry_stops_the_destination(token):
    """What was copied wrongly is no row's fault: nothing is sent, and the token is not repeated."""
    outcome, asked = _failure(httpx.Response(200, json={}), token)
    assert (Kind.AUTHENTICATION, "CONNECTOR_MISCONFIGURED", 0) == (
        outcome.kind,
        outcome.code,
        asked,
    )
    assert token not in outcome.message
