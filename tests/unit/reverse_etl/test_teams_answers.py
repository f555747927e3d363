"""What an answer of a Teams workflow means."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reverse_etl.connectors.http import Response
from reverse_etl.connectors.teams.connector import read
from reverse_etl.model import Kind

WITHIN = "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error "


@pytest.mark.parametrize(
    ("status", "text", "kind"),
    [
        (200, "1", Kind.DELIVERED),
        (202, "", Kind.DELIVERED),
        (200, WITHIN + "429 with ContextId x", Kind.RETRYABLE),
        (200, WITHIN + "413 with ContextId x", Kind.PERMANENT),
        (400, "", Kind.PERMANENT),
        (401, "", Kind.AUTHENTICATION),
        (403, "", Kind.AUTHENTICATION),
        (404, "", Kind.AUTHENTICATION),
        (410, "", Kind.AUTHENTICATION),
        (302, "", Kind.AUTHENTICATION),
        (429, "", Kind.RETRYABLE),
        (500, "", Kind.RETRYABLE),
        (502, "", Kind.UNKNOWN),
        (503, "", Kind.RETRYABLE),
        (504, "", Kind.UNKNOWN),
    ],
)
def test_each_answer_has_its_class(status, text, kind):
    """The status decides, or the failure that an acceptance tells of."""
    assert kind is read(Response(status, None, None, {}, text)).kind


def test_a_limit_says_how_long():
    """Retry-After is kept."""
    assert timedelta(seconds=5) == read(Response(429, None, timedelta(seconds=5))).retry_after
