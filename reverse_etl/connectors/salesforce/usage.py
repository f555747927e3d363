"""How much of the org's daily requests is used, as Salesforce tells with each answer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from reverse_etl.catalogue import SALESFORCE_API_LIMIT_NEAR
from reverse_etl.model import Kind, Outcome

NEAR: Final = SALESFORCE_API_LIMIT_NEAR
_TOLD: Final = re.compile(r"(?<![\w-])api-usage=(\d+)/(\d+)")
_STALE: Final = timedelta(minutes=5)
_FIRST_WAIT: Final = timedelta(minutes=15)
_LONGEST_WAIT: Final = timedelta(hours=6)


class Usage:
    """Remembers the last word, for a while: then one request may go out to hear it again."""

    def __init__(self, keep_share: float) -> None:
        self._keep_share = keep_share
        self._used, self._most = 0, 0
        self._told_at: datetime | None = None

    def learn(self, headers: Mapping[str, str], now: datetime) -> None:
        """Take what an answer says, if it says anything."""
        if found := _TOLD.search(headers.get("sforce-limit-info", "")):
            self._used, self._most, self._told_at = int(found[1]), int(found[2]), now

    def refusal(self, now: datetime, attempts: int) -> Outcome | None:
        """Why nothing may be sent now, or None."""
        if self._told_at is None or now - self._told_at >= _STALE:
            return None
        if self._used < self._most * (1 - self._keep_share):
            return None
        text = f"{self._used} of the org's {self._most} daily requests are used."
        return Outcome(Kind.RETRYABLE, NEAR, text, retry_after=long_wait(attempts))


def long_wait(attempts: int) -> timedelta:
    """A wait that twelve attempts stretch over two days: the limit counts the last 24 hours."""
    return min(_FIRST_WAIT * (1 << min(attempts, 10)), _LONGEST_WAIT)
