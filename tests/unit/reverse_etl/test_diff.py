"""Wanted, last sent, actually there."""

from __future__ import annotations

import pytest

from reverse_etl.diff import compare, worst_first

OURS = {"firstname": "Ada", "phone": "1"}


@pytest.mark.parametrize(
    ("wanted", "sent", "there", "verdict", "fields"),
    [
        (OURS, OURS, OURS, "same", []),
        (OURS, OURS, {**OURS, "theirs": "x"}, "same", []),
        (OURS, OURS, {"firstname": "ADA", "phone": "1.0"}, "drifted", ["firstname"]),
        ({"email": "A@x.example"}, None, {"email": "a@X.example"}, "same", []),
        ({"at": "2026-01-03T10:00:00.000Z"}, None, {"at": "2026-01-03T10:00:00Z"}, "same", []),
        (OURS, {**OURS, "phone": "0"}, OURS, "same", []),
        (OURS, OURS, {**OURS, "phone": "2"}, "drifted", ["phone"]),
        (OURS, OURS, {"firstname": "Ada"}, "drifted", ["phone"]),
        (OURS, {**OURS, "phone": "0"}, {**OURS, "phone": "0"}, "waiting", ["phone"]),
        (OURS, None, {"firstname": "Ada"}, "waiting", ["phone"]),
        ({"company": ""}, {"company": "X"}, {"company": "X"}, "waiting", ["company"]),
        ({"company": ""}, {"company": ""}, {"company": None}, "same", []),
        ({"company": ""}, {"company": ""}, {"company": "Y"}, "drifted", ["company"]),
        (OURS, OURS, None, "missing", ["firstname", "phone"]),
        (OURS, None, None, "not there yet", ["firstname", "phone"]),
    ],
)
def test_the_verdict_on_an_object(wanted, sent, there, verdict, fields):
    """Drift is what somebody changed over there; what we have not sent yet is waiting."""
    told = compare("p", "1", wanted=wanted, sent=sent, there=there)
    assert (verdict, fields) == (told.verdict, [field.name for field in told.fields])


def test_the_worst_comes_first():
    """What is gone, then what drifted, then what waits."""
    views = [
        compare("same", None, wanted=OURS, sent=OURS, there=OURS),
        compare("waiting", None, wanted=OURS, sent={}, there={}),
        compare("gone", None, wanted=OURS, sent=OURS, there=None),
        compare("drifted", None, wanted=OURS, sent=OURS, there={}),
    ]
    keys = [view.entity_key for view in sorted(views, key=worst_first)]
    assert ["gone", "drifted", "waiting", "same"] == keys
