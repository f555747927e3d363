"""Meta's Graph API: ad accounts, and the pages whose lead forms people fill in."""

from __future__ import annotations

from collections.abc import Sequence

from ingestion.pulls.model import PullSource
from ingestion.sources.meta.graph import refusal
from ingestion.sources.meta.insights import insights
from ingestion.sources.meta.leads import leads


def meta(
    ad_accounts: Sequence[str] = (), pages: Sequence[str] = (), version: str = "v26.0"
) -> PullSource:
    """Ad accounts, by their numbers, with or without `act_`, and pages by theirs. ``version`` of
    the Graph API."""
    numbers = [account.removeprefix("act_") for account in ad_accounts]
    streams = (*([leads(version, pages)] if pages else []), insights(version))
    return PullSource("meta", lambda _api: numbers, streams, refusal=refusal)
