"""Meta's leads and insights for the conformance suite of pulls."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx
import orjson
from pull_case import AUTH, Case

from ingestion.sandbox.pulls import meta_insight
from ingestion.sources.meta import meta
from ingestion.sources.moments import moment
from ingestion.webhooks.meta import split

PAGE = 25
PAGE_ID, FORM = "4040", "5050"
_GRAPH = "/v26.0"


def _put(url, rows, kind="insights"):
    httpx.post(f"{url}/_objects/meta/{kind}", json=rows).raise_for_status()


def _seed(url, count):
    day = datetime.now(UTC).date().isoformat()
    rows = [meta_insight(day, f"{number}", "9.50", account="77") for number in range(count)]
    _put(url, rows)


def _change(url):
    rows = httpx.get(f"{url}/_state/meta").json()["objects"]["insights"]
    _put(url, [{**rows[0], "spend": "12.00"}, *rows[1:]])


def forms(url, *keys):
    """Let these be the forms of the page."""
    _put(url, [{"id": key, "page": PAGE_ID, "status": "ACTIVE"} for key in keys], "forms")


def fill_in(url, email="ada@example.com", form=FORM):
    """Somebody fills in a form; the lead's id."""
    said = orjson.dumps([{"name": "email", "values": [email]}]).decode()
    path = f"{url}{_GRAPH}/{form}/test_leads"
    return httpx.post(path, data={"field_data": said}, headers=AUTH).raise_for_status().json()["id"]


def leads(url, count):
    """A form that so many people filled in."""
    forms(url, FORM)
    for number in range(count):
        fill_in(url, f"lead{number}@example.com")


def leadgen(lead):
    """What Meta posts about a lead."""
    at = int(moment(lead["created_time"]).timestamp())
    about = {"leadgen_id": lead["id"], "created_time": at, "form_id": FORM, "page_id": PAGE_ID}
    changes = [{"field": "leadgen", "value": about}]
    told = {"object": "page", "entry": [{"id": PAGE_ID, "time": at, "changes": changes}]}
    return split(orjson.dumps(told), {})[0]


def _webhook(lab):
    return leadgen(httpx.get(f"{lab.url}/_state/meta").json()["objects"]["leads"][-1]).body


META = (
    Case(
        lambda: meta(pages=[PAGE_ID]), "lead", "/leads", leads, lambda url: fill_in(url), PAGE,
        _webhook,
    ),
    Case(lambda: meta(["act_77"]), "ad_insight", "/insights", _seed, _change, PAGE, rereads=True),
)  # fmt: skip
