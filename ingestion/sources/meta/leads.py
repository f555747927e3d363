"""What people said in the lead forms of Meta's pages. A webhook tells that there is a lead; what
they said is only here, and so is a lead whose webhook was dropped. Meta keeps leads for 90 days."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final

import orjson

from ingestion.errors import PullRefusedError
from ingestion.pulls.client import VendorApi
from ingestion.pulls.model import Found, Heard, Object, Page, Stream, Window
from ingestion.sources.meta.graph import listed
from ingestion.sources.moments import moment

_FORMS: Final = 100
_PAGE: Final = 100
_FIELDS: Final = (
    *("id", "created_time", "form_id", "ad_id", "adset_id", "campaign_id", "platform"),
    *("is_organic", "field_data"),
)
_SECOND: Final = timedelta(seconds=1)


def leads(version: str, pages: Sequence[str]) -> Stream:
    """Leads of these pages."""
    return Stream("lead", partial(_leads, version), heard=_heard, accounts=pages)


def _leads(version: str, api: VendorApi, page: str, window: Window) -> Iterator[Page]:
    """Of every form, archived ones too: people may still have them open. One that is refused does
    not keep the others from being read."""
    own = _as_page(version, api, page)
    refused: list[PullRefusedError] = []
    params = {"fields": "id", "limit": _FORMS}
    for answer in listed(own, f"/{version}/{page}/leadgen_forms", params):
        for form in answer.objects("data"):
            try:
                yield from _of_form(version, own, str(form.get("id")), window)
            except PullRefusedError as error:
                refused.append(error)
    if refused:
        raise refused[0]


def _as_page(version: str, api: VendorApi, page: str) -> VendorApi:
    """Forms are shown to a page's own token only, which whoever manages the page may have."""
    token = api.get(f"/{version}/{page}", {"fields": "access_token"}).get("access_token")
    return api.acting(token) if isinstance(token, str) and token else api


def _of_form(version: str, api: VendorApi, form: str, window: Window) -> Iterator[Page]:
    params: dict[str, Any] = {"fields": ",".join(_FIELDS), "limit": _PAGE}
    if window.since is not None:
        after = int((window.since - _SECOND).timestamp())
        rule = {"field": "time_created", "operator": "GREATER_THAN", "value": after}
        params["filtering"] = orjson.dumps([rule]).decode()
    for answer in listed(api, f"/{version}/{form}/leads", params):
        yield Page([_found(each) for each in answer.objects("data")])


def _found(lead: Object) -> Found:
    return Found(str(lead.get("id")), moment(lead.get("created_time")), lead)


def _heard(told: Object, received_at: datetime) -> Iterator[Heard]:
    change = told.get("change")
    if not isinstance(change, dict) or change.get("field") != "leadgen":
        return
    value = change.get("value")
    if isinstance(value, dict) and value.get("leadgen_id"):
        yield Heard(str(value["leadgen_id"]), _seconds(value.get("created_time")) or received_at)


def _seconds(told: object) -> datetime | None:
    return datetime.fromtimestamp(told, UTC) if isinstance(told, int) else None
