"""Leads of Meta: none is lost because of another form, and a webhook's lead is the pulled one."""

from __future__ import annotations

import logging
from contextlib import nullcontext
from datetime import datetime

import httpx
import orjson
import pull_meta
from pull_case import QUICK, SECRET, Tokens

from ingestion.event_log import NewEvent
from ingestion.pulls.client import VendorApi

LEAD = pull_meta.META[0]


def pulled(lab):
    return [each["object"]["id"] for each in lab.events(LEAD) if each["pulled"] == "lead"]


def test_a_form_that_is_refused_hides_no_other(lab):
    """Its failure is told; leads of the forms before and behind it are there, and the next pull
    has its own, too."""
    pull_meta.forms(lab.url, "1", "2", "3")
    keys = [pull_meta.fill_in(lab.url, form=form) for form in ("1", "2", "3")]
    lab.fault(LEAD, "status_400", path="/2/leads")
    report = lab.pull(LEAD)
    assert ("PULL_REFUSED", 2) == (report.code, report.new)
    assert {keys[0], keys[2]} == set(pulled(lab))
    httpx.post(f"{lab.url}/_faults", json={"rules": []})
    assert (None, 1) == ((report := lab.pull(LEAD)).code, report.new)


def test_a_vendor_that_goes_down_between_forms_loses_nothing(lab):
    """The pull ends there; the next one has what was behind."""
    pull_meta.forms(lab.url, "1", "2")
    keys = {pull_meta.fill_in(lab.url, form=form) for form in ("1", "2")}
    lab.pull(LEAD)
    lab.pass_time(hours=2)
    keys |= {pull_meta.fill_in(lab.url, form=form) for form in ("1", "2")}
    lab.fault(LEAD, "status_503", path="/2/leads")
    assert "PULL_VENDOR_FAILED" == lab.pull(LEAD).code
    httpx.post(f"{lab.url}/_faults", json={"rules": []})
    lab.pass_time(hours=30)
    assert 1 == lab.pull(LEAD).new
    assert keys == set(pulled(lab))


def test_the_pages_token_is_in_no_address(lab):
    """It is given by Meta, sent in a header, and every request has a permit."""
    pull_meta.leads(lab.url, 1)
    report = lab.pull(LEAD)
    assert (3, 3) == (report.requests, len(lab.permits))
    assert not any("token" in path for path in lab.permits)


def test_the_token_is_in_no_log(lab, caplog):
    """Meta wants to see it in the address when it is asked about it; nobody else does."""
    caplog.set_level(logging.DEBUG)
    source = LEAD.source()
    api = VendorApi("meta", lab.url, Tokens(), lambda _path: nullcontext(), patience=QUICK)
    assert source.token_ends(api) is None
    assert SECRET not in caplog.text


def test_a_lead_that_a_webhook_told_of_is_not_dropped_a_second_one_is(lab):
    """The webhook names the lead by the same id; only the one it did not name counts."""
    pull_meta.leads(lab.url, 1)
    lab.pull(LEAD, has_webhook=True)
    lab.pass_time(minutes=5)
    told, silent = pull_meta.fill_in(lab.url), pull_meta.fill_in(lab.url)
    held = httpx.get(f"{lab.url}/_state/meta").json()["objects"]["leads"]
    [lead] = [each for each in held if each["id"] == told]
    event = pull_meta.leadgen(lead)
    lab.log.append([NewEvent("meta", event.event_key, "webhook", lab.clock(), event.body, {}, "c")])
    lab.pass_time(hours=2)
    report = lab.pull(LEAD, has_webhook=True)
    assert (2, 2, 1) == (report.new, report.judged, report.dropped)
    assert silent in pulled(lab)


def test_what_was_said_before_the_first_pull_is_of_the_past(lab):
    """It informs, but nobody is called about it; a lead that came since is hot."""
    pull_meta.leads(lab.url, 1)
    lab.pass_time(minutes=1)
    lab.pull(LEAD)
    lab.pass_time(minutes=5)
    pull_meta.fill_in(lab.url)
    lab.pull(LEAD)
    events = lab.log.read(source="meta", kind="pull")
    assert [True, False] == [event.historical for event in events]
    assert all(datetime.fromisoformat(_created(event)) for event in events)


def _created(event):
    return orjson.loads(event.body)["object"]["created_time"]
