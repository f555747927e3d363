"""Slack: ``X-Slack-Signature: v0=`` and the hex HMAC-SHA256 of ``v0:timestamp:body``."""

from typing import Final

from ingestion.signatures.hmac_header import HmacVerifier

SLACK: Final = HmacVerifier(
    "x-slack-signature",
    prefix="v0=",
    payload="v0:{timestamp}:{body}",
    timestamp_header="x-slack-request-timestamp",
)
