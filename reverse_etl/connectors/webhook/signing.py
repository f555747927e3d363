"""Signatures of Standard Webhooks (standardwebhooks.com), symmetric: v1. Pure."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable
from datetime import datetime
from typing import Final

PREFIX: Final = "whsec_"
_SHORTEST, _LONGEST = 24, 64  # bytes, by the standard


def keys(secrets: str) -> tuple[bytes, ...]:
    """The keys of comma-separated secrets. Raises ValueError, which repeats none."""
    return tuple(_key(secret.strip()) for secret in secrets.split(",") if secret.strip())


def signed(key: str, at: datetime, body: bytes, signing: Iterable[bytes]) -> dict[str, str]:
    """The headers of an event: its id never changes, the time is that of this attempt, and there
    is a signature for each key, so that a receiver may change its secret at leisure."""
    message_id = "msg_" + hashlib.sha256(key.encode()).hexdigest()[:32]
    seconds = str(int(at.timestamp()))
    content = b".".join([message_id.encode(), seconds.encode(), body])
    return {
        "webhook-id": message_id,
        "webhook-timestamp": seconds,
        "webhook-signature": " ".join(_signature(each, content) for each in signing),
    }


def _signature(key: bytes, content: bytes) -> str:
    digest = hmac.digest(key, content, hashlib.sha256)
    return f"v1,{base64.b64encode(digest).decode()}"


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        key = b""
    if not secret.startswith(PREFIX) or not _SHORTEST <= len(key) <= _LONGEST:
        raise ValueError(f"a secret is whsec_ and {_SHORTEST} to {_LONGEST} bytes in base64")
    return key
