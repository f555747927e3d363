"""Meta's JSON: errors, and lists by pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from reverse_etl.sandbox.answer import Answer, Request

TRACE: Final = "AbCdEfGhIjKlMnOpQrStUvW"
_HOST: Final = "https://graph.facebook.com"
_USUAL: Final = 25


def error(code: int, message: str, subcode: int, detail: str = "") -> Answer:
    """A refusal; Meta answers all of them with 400."""
    told = {
        "message": message,
        "type": "OAuthException",
        "code": code,
        "error_subcode": subcode,
        "is_transient": code in (2, 4),
        "error_user_title": message,
        "error_user_msg": detail,
        "fbtrace_id": TRACE,
    }
    return Answer(400, {"error": told})


def paged(request: Request, found: Sequence[Mapping[str, Any]], size: int) -> Answer:
    """One page of at most `size` objects; there is a `next` only where there is more."""
    start = int(request.query.get("after") or 0)
    behind = start + min(int(request.query.get("limit") or _USUAL), size)
    paging: dict[str, Any] = {"cursors": {"before": str(start), "after": str(behind)}}
    if behind < len(found):
        paging["next"] = f"{_HOST}{request.path}?after={behind}"
    shown = list(found[start:behind])
    return Answer(200, {"data": shown, "paging": paging} if shown else {"data": []})
