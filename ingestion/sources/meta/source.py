"""Meta's Graph API: ad accounts, and the pages whose lead forms people fill in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial

from ingestion.errors import PullAnswerError, PullCredentialsError
from ingestion.pulls.client import VendorApi
from ingestion.pulls.model import PullSource
from ingestion.sources.meta.graph import refusal
from ingestion.sources.meta.insights import insights
from ingestion.sources.meta.leads import leads

_ENDS = ("expires_at", "data_access_expires_at")


def meta(
    ad_accounts: Sequence[str] = (), pages: Sequence[str] = (), version: str = "v26.0"
) -> PullSource:
    """Ad accounts, by their numbers, with or without `act_`, and pages by theirs. ``version`` of
    the Graph API."""
    numbers = [account.removeprefix("act_") for account in ad_accounts]
    streams = (*([leads(version, pages)] if pages else []), insights(version))
    return PullSource(
        "meta",
        lambda _api: numbers,
        streams,
        refusal=refusal,
        token_ends=partial(_token_ends, version),
    )


def _token_ends(version: str, api: VendorApi) -> datetime | None:
    """The sooner of what Meta says of the token itself, and of the data it opens; 0 is never."""
    told = api.get(f"/{version}/debug_token", {"input_token": api.token()}).get("data")
    if not isinstance(told, dict):
        raise PullAnswerError("Meta does not say what it knows of the token.")
    if not told.get("is_valid"):
        raise PullCredentialsError("Meta says that the token is no longer valid.")
    ends = [told[name] for name in _ENDS if isinstance(told.get(name), int) and told[name] > 0]
    return datetime.fromtimestamp(min(ends), UTC) if ends else None
