"""Who calls, and whether they may call now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from starlette.concurrency import run_in_threadpool

from ingestion.api.keys import ApiKey, Credential, KeyStore, Presented, present
from ingestion.errors import ApiKeyInvalidError, ApiKeyMissingError
from ingestion.gateway.rate import Bucket, Rate, Verdict

CACHED_FOR: Final = timedelta(seconds=5)
"""How long a look-up counts: a revoked key may go on that much longer."""

_MINUTE: Final = timedelta(minutes=1)
# Strangers may send as many different ids as they like; they may not fill our memory.
_CACHED: Final = 1_000


@dataclass(frozen=True, slots=True)
class _Known:
    credential: Credential | None
    looked_up_at: datetime


class Access:
    """Authenticates callers and counts their requests: used by one event loop.

    Counts are this process's own: two gateways let a key send twice its rate.
    """

    def __init__(self, keys: KeyStore) -> None:
        self._keys = keys
        self._known: dict[str, _Known] = {}
        self._buckets: dict[str, Bucket] = {}

    async def authenticate(self, authorization: Sequence[str], now: datetime) -> ApiKey:
        """The key that the ``Authorization`` headers of a request prove.

        Raises ApiKeyMissingError, ApiKeyInvalidError and LogUnavailableError. Nothing tells a
        wrong secret from an id that does not exist.
        """
        presented = _presented(authorization)
        credential = await self._credential(presented.key_id, now)
        if credential is None or not credential.proven_by(presented.secret):
            raise ApiKeyInvalidError
        if not credential.key.usable(now):
            raise ApiKeyInvalidError
        return credential.key

    def take(self, key: ApiKey, now: datetime) -> Verdict:
        """Count a request of ``key``. Every request costs one, whatever its batch holds: the work
        for an event is small against that for a request, and a large batch is what we want."""
        bucket = self._buckets.setdefault(key.id, Bucket(Rate(key.rate, _MINUTE)))
        return bucket.take(now)

    async def _credential(self, key_id: str, now: datetime) -> Credential | None:
        known = self._known.get(key_id)
        if known is None or abs(now - known.looked_up_at) >= CACHED_FOR:
            known = _Known(await run_in_threadpool(self._keys.find, key_id), now)
            self._keep(key_id, known)
        return known.credential

    def _keep(self, key_id: str, known: _Known) -> None:
        self._known.pop(key_id, None)
        if len(self._known) >= _CACHED:
            del self._known[next(iter(self._known))]
        self._known[key_id] = known


def _presented(authorization: Sequence[str]) -> Presented:
    if not authorization:
        raise ApiKeyMissingError
    if len(authorization) > 1:
        raise ApiKeyInvalidError("The Authorization header came twice.")
    scheme, _, text = authorization[0].strip().partition(" ")
    if scheme.lower() != "bearer":
        raise ApiKeyMissingError
    presented = present(text.strip())
    if presented is None:
        raise ApiKeyInvalidError
    return presented
