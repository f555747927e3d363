"""Whose fault a refusal is: the address's, which stops a destination, or the row's."""

from __future__ import annotations

import pytest

from reverse_etl.connectors.http import Response
from reverse_etl.connectors.hubspot.api import check
from reverse_etl.connectors.meta.connector import read
from reverse_etl.errors import CallFailedError
from reverse_etl.model import Kind
from reverse_etl.retry import classify, classify_place

WRONG = (Kind.AUTHENTICATION, "ENDPOINT_WRONG", True)


def told(outcome):
    return outcome.kind, outcome.code, outcome.stops


def of_meta(code, subcode=None):
    error = {"code": code, "error_subcode": subcode, "message": "Unsupported post request."}
    return told(read(Response(400, {"error": error}), sent=1))


def of_hubspot(body):
    with pytest.raises(CallFailedError) as failure:
        check(Response(404, body))
    return told(failure.value.outcome)


def test_a_missing_row_is_no_wrong_address():
    """404 is about a row where the address names one; 405 never is."""
    assert (Kind.PERMANENT, "REFUSED", False) == told(classify(404))
    assert WRONG == told(classify_place(404)) == told(classify(405)) == told(classify_place(405))
    assert (Kind.PERMANENT, "REFUSED", False) == told(classify_place(422))


@pytest.mark.parametrize("numbers", [(100, 33), (2500,), (2635,)])
def test_a_place_that_meta_does_not_know_stops_the_destination(numbers):
    """A dataset, a path, a version: no event is to blame, so none is given up."""
    assert WRONG == of_meta(*numbers)


def test_an_event_that_meta_refuses_stops_nothing():
    """The same code with another subcode is about a parameter of the event."""
    assert (Kind.REFUSED, "META_100", False) == of_meta(100, 2804050)


@pytest.mark.parametrize("body", [None, {}, {"message": "Not Found"}, ["no"]])
def test_a_404_that_is_not_in_hubspots_words_is_a_wrong_address(body):
    """A proxy or another server answers; HubSpot's own errors have a form."""
    assert WRONG == of_hubspot(body)


def test_an_object_that_hubspot_misses_stops_nothing():
    """Which item is to blame is found by halving."""
    own = {"status": "error", "category": "OBJECT_NOT_FOUND", "correlationId": "c"}
    assert (Kind.REFUSED, "OBJECT_NOT_FOUND", False) == of_hubspot(own)
