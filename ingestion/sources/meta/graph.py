"""Meta's Graph API: its pages, and what its refusals mean."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal

import orjson
from dlt.sources.helpers.rest_client.paginators import JSONResponseCursorPaginator
from requests import Response

from ingestion.pulls.client import Answer, VendorApi

_LIMITS: Final = frozenset((4, 17, 32, 613, 80_000, 80_003, 80_004, 80_005, 80_014))
_CREDENTIALS: Final = frozenset((102, 190, 200))


def listed(api: VendorApi, path: str, params: Mapping[str, Any]) -> Iterator[Answer]:
    """The pages of a list."""
    # A cursor stands on the last page too; only an address for a next one means that it is.
    return api.pages(path, params=params, paginator=_NextPaginator("paging.cursors.after", "after"))


def refusal(status: int, body: str) -> Literal["limit", "credentials"] | None:
    """Meta answers with 400 whatever is wrong; a code in the body tells what."""
    if not 400 <= status < 500:
        return None
    try:
        code = orjson.loads(body)["error"]["code"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return None
    if code in _LIMITS:
        return "limit"
    return "credentials" if code in _CREDENTIALS else None


class _NextPaginator(JSONResponseCursorPaginator):
    """Goes on while `paging.next` is there. Its address is not called: it may carry a token."""

    def update_state(self, response: Response, data: list[Any] | None = None) -> None:
        """See BasePaginator."""
        super().update_state(response, data)
        paging = response.json().get("paging")
        self._has_next_page = isinstance(paging, dict) and bool(paging.get("next"))
