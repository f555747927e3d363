"""Settings of the gateway, as values: where they come from is the caller's business."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ingestion.event_log.committer import CommitterLimits
from ingestion.gateway.rate import Rate
from ingestion.webhooks import SOURCES, WebhookSource

Clock = Callable[[], datetime]
"""The time now, in UTC and aware."""


@dataclass(frozen=True, slots=True)
class GatewayConfig:
    """How the gateway behaves.

    ``sources``: the vendors it takes webhooks from. ``secrets``: for each source the secrets that
    may sign, several while one is being replaced. ``verify_tokens``: for each source the tokens of
    its handshake. ``public_url``: scheme, host and path prefix that vendors call, when a proxy
    stands before us; signatures over an address need it. ``body_timeout`` bounds the reading of one
    body. ``tolerance`` of signed timestamps replaces that of each vendor. ``source_rate``: how many
    proven requests of one source come in; None for all.
    """

    sources: Mapping[str, WebhookSource] = field(default_factory=lambda: SOURCES)

    secrets: Mapping[str, Sequence[str]] = field(default_factory=dict, repr=False)
    verify_tokens: Mapping[str, Sequence[str]] = field(default_factory=dict, repr=False)
    public_url: str | None = None
    max_header_bytes: int = 32 * 1024
    max_body_bytes: int = 1024 * 1024
    body_timeout: timedelta = timedelta(seconds=10)
    tolerance: timedelta | None = None
    max_in_flight: int = 4_000
    source_rate: Rate | None = None
    limits: CommitterLimits = field(default_factory=CommitterLimits)
