"""What Slack's words mean for a message."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reverse_etl.connectors.http import Response
from reverse_etl.connectors.slack.answers import in_vain, read
from reverse_etl.model import Kind, Outcome


def _refused(word, status=200, wait=None):
    return read(Response(status, {"ok": False, "error": word}, wait))


@pytest.mark.parametrize(
    ("word", "kind", "code"),
    [
        ("invalid_auth", Kind.AUTHENTICATION, "AUTHENTICATION_FAILED"),
        ("not_authed", Kind.AUTHENTICATION, "AUTHENTICATION_FAILED"),
        ("token_revoked", Kind.AUTHENTICATION, "AUTHENTICATION_FAILED"),
        ("token_expired", Kind.AUTHENTICATION, "AUTHENTICATION_FAILED"),
        ("account_inactive", Kind.AUTHENTICATION, "AUTHENTICATION_FAILED"),
        ("missing_scope", Kind.AUTHENTICATION, "AUTHENTICATION_FAILED"),
        ("ratelimited", Kind.RETRYABLE, "RATE_LIMITED"),
        ("fatal_error", Kind.UNKNOWN, "DESTINATION_ERROR"),
        ("internal_error", Kind.UNKNOWN, "DESTINATION_ERROR"),
        ("request_timeout", Kind.UNKNOWN, "DESTINATION_ERROR"),
        ("channel_not_found", Kind.PERMANENT, "SLACK_CHANNEL_NOT_FOUND"),
        ("msg_too_long", Kind.PERMANENT, "SLACK_MSG_TOO_LONG"),
        ("a b'; drop--", Kind.PERMANENT, "SLACK_A_B_DROP"),
    ],
)
def test_each_word_has_its_class(word, kind, code):
    """Slack answers 200 to nearly everything: the word decides."""
    outcome = _refused(word)
    assert (kind, code) == (outcome.kind, outcome.code)


def test_a_limit_says_how_long():
    """Retry-After is kept."""
    assert timedelta(seconds=7) == _refused("ratelimited", 429, timedelta(seconds=7)).retry_after


@pytest.mark.parametrize("status", [500, 503])
def test_a_server_error_may_have_posted(status):
    """A 5xx is read back, whatever its body says."""
    assert Kind.UNKNOWN is read(Response(status, None)).kind


def test_an_answer_without_a_word_is_no_success():
    """Only `ok: true` is."""
    assert Kind.UNKNOWN is read(Response(200, {})).kind
    assert Kind.AUTHENTICATION is read(Response(404, None)).kind


@pytest.mark.parametrize("kind", [Kind.RETRYABLE, Kind.PERMANENT, Kind.UNKNOWN])
def test_a_refused_question_leaves_a_message_unknown(kind):
    """Reading back in vain never permits a repeat, and never buries the row."""
    assert Kind.UNKNOWN is in_vain(Outcome(kind, "RATE_LIMITED")).kind
