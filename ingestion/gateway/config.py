"""Settings of the gateway, as values: where they come from is the caller's business."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ingestion.event_log.committer import CommitterLimits
from ingestion.signatures import DEFAULT_TOLERANCE

Clock = Callable[[], datetime]
"""The time now, in UTC and aware."""


@dataclass(frozen=True, slots=True)
class GatewayConfig:
    """How the gateway behaves.

    ``secrets``: for each source the secrets that may sign, several while one is being replaced.
    ``public_url``: scheme, host and path prefix that vendors call, when a proxy stands before us;
    signatures over an address need it. ``body_timeout`` bounds the reading of one body.
    """

    secrets: Mapping[str, Sequence[str]] = field(default_factory=dict, repr=False)
    public_url: str | None = None
    max_body_bytes: int = 1024 * 1024
    body_timeout: timedelta = timedelta(seconds=10)
    tolerance: timedelta = DEFAULT_TOLERANCE
    limits: CommitterLimits = field(default_factory=CommitterLimits)
