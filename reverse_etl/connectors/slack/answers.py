"""What Slack's answers mean. A refusal is an HTTP 200 with `ok: false` and a word for it. Pure."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from reverse_etl import catalogue
from reverse_etl.connectors.http import Response
from reverse_etl.model import Kind, Outcome
from reverse_etl.retry import classify_place

_AUTHENTICATION: Final = frozenset({
    "access_denied", "account_inactive", "ekm_access_denied", "invalid_auth", "missing_scope",
    "no_permission", "not_allowed_token_type", "not_authed", "org_login_required",
    "team_access_not_granted", "token_expired", "token_revoked", "two_factor_setup_required",
})  # fmt: skip
_LIMITED: Final = frozenset({"ratelimited", "rate_limited"})
# Slack says of these that some of what was asked may have been done.
_PERHAPS_DONE: Final = frozenset({
    "fatal_error", "internal_error", "request_timeout", "service_unavailable",
})  # fmt: skip
_NOT_IN_A_CODE: Final = re.compile(r"[^A-Z0-9]+")


def read(answer: Response) -> Outcome:
    """What an answer to a message means. Slack keeps no key of ours, so whatever leaves it open
    whether the message was posted is unknown, never to be tried again at once."""
    status, wait, error = answer.status, answer.retry_after, _error(answer)
    if answer.body.get("ok") is True and status < 300:
        return Outcome(Kind.DELIVERED, "DELIVERED", status=status, vendor_id=_place(answer))
    if error in _AUTHENTICATION:
        return Outcome(Kind.AUTHENTICATION, catalogue.AUTHENTICATION_FAILED, error, status)
    if status == 429 or error in _LIMITED:
        return Outcome(Kind.RETRYABLE, catalogue.RATE_LIMITED, error, status, wait)
    if status >= 500 or error in _PERHAPS_DONE:
        return Outcome(Kind.UNKNOWN, catalogue.DESTINATION_ERROR, error, status, wait)
    if error:
        code = "SLACK_" + _NOT_IN_A_CODE.sub("_", error.upper()).strip("_")[:60]
        return Outcome(Kind.PERMANENT, code, error, status)
    if status < 300:
        text = "Slack's answer does not say whether it took the message."
        return Outcome(Kind.UNKNOWN, catalogue.MALFORMED_ANSWER, text, status)
    return classify_place(status, retry_after=wait)


def in_vain(outcome: Outcome) -> Outcome:
    """The outcome of a row whose reading back was refused: whether it was posted stays unknown."""
    if outcome.kind is Kind.AUTHENTICATION:
        return outcome
    return replace(outcome, kind=Kind.UNKNOWN)


def _error(answer: Response) -> str:
    error = answer.body.get("error")
    return error if isinstance(error, str) else ""


def _place(answer: Response) -> str | None:
    channel, ts = answer.body.get("channel"), answer.body.get("ts")
    return f"{channel}/{ts}" if channel and ts else None
