"""Tell what happened in the demo."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from statistics import median
from typing import Any

from rich.console import Console

from orchestration.commands.output import table
from orchestration.commands.status import tell_accounting, tell_deliveries
from orchestration.demo.live import ACTIONS, Live
from orchestration.demo.play import Fate, Play
from orchestration.demo.sending import Reception

STAGES = {"lead": "lead", "marketingqualifiedlead": "MQL", "customer": "customer"}
WORDS = {
    "upsert_company": "company",
    "upsert_contact": "contact",
    "merge_contacts": "merge",
    "upsert_deal": "deal",
    "create_note": "note",
    "create_task": "task",
    "send_event": "purchase",
    "send_lead_event": "lead stage",
    "send_website_event": "website event",
}
COLUMNS = ("persona", "story", "gateway", "models", "HubSpot", "Meta")


def as_dict(play: Play) -> dict[str, Any]:
    """The same for programs."""
    return {
        "personas": [dict(zip(COLUMNS, _row(fate), strict=True)) for fate in play.fates],
        "latency": latency(play),
        "live_ms": dict(play.live.milliseconds),
        "sandbox": play.sandbox,
        "seconds": play.seconds,
        "batch_seconds": play.batch_seconds,
        **play.status,
    }


def tell(play: Play, out: Console) -> None:
    """A line a persona, the accounts, the latency, and what to try next."""
    out.print()
    out.print(table("What happened to whom", COLUMNS, map(_row, play.fates)))
    tell_deliveries(play.status, out)
    tell_accounting(play.status, out)
    held = ", ".join(f"{count} {kind}" for kind, count in play.sandbox.items() if count)
    out.print(f"  the simulated vendors hold: {held}")
    _tell_latency(latency(play), play, out)
    _tell_live(play.live, out)
    hot = play.fates[0].persona
    out.print("\nNext: explain one lead, see the pipeline, look at what needs a person")
    out.print(f"  .venv/bin/millrace why {hot.email}\n  make ui\n  .venv/bin/millrace dlq list")


def latency(play: Play) -> dict[str, float]:
    """Milliseconds a webhook took to be acknowledged (durably stored), and seconds from its
    receipt to the contact accepted by the CRM."""
    acknowledged = [reception.milliseconds for fate in play.fates for reception in fate.receptions]
    waits = [wait for fate in play.fates for wait in _to_crm(fate)]
    return {
        "acknowledged_ms_p50": round(median(acknowledged), 2),
        "acknowledged_ms_max": max(acknowledged),
        "crm_seconds_p50": round(median(waits), 2) if waits else 0.0,
        "crm_seconds_max": round(max(waits), 2) if waits else 0.0,
    }


def _tell_latency(measured: Mapping[str, float], play: Play, out: Console) -> None:
    out.print(
        f"Latency: webhook acknowledged in {measured['acknowledged_ms_p50']:.1f} ms (median, "
        f"slowest {measured['acknowledged_ms_max']:.1f} ms); received → contact in CRM "
        f"{measured['crm_seconds_p50']:.1f} s (median, through one batch of "
        f"{play.batch_seconds:.1f} s). The demo took {play.seconds:.1f} s."
    )


def _tell_live(live: Live, out: Console) -> None:
    contact, task = (live.milliseconds[action] for action in ACTIONS)
    out.print(
        f"Live: {live.persona.name} {live.persona.story}. By the fast lane, without a batch: "
        f"contact in CRM {contact:.0f} ms after receipt, call task after {task:.0f} ms."
    )


def _row(fate: Fate) -> tuple[str, ...]:
    return (
        fate.persona.name,
        fate.persona.story,
        _gateway(fate.receptions),
        _models(fate),
        _effects(fate, "hubspot"),
        _effects(fate, "meta"),
    )


def _gateway(receptions: Iterable[Reception]) -> str:
    told = Counter(
        f"{reception.status} {reception.answer.get('code', '')}".strip() for reception in receptions
    )
    doubles = sum(reception.answer.get("duplicates", 0) for reception in receptions)
    answers = ", ".join(f"{count} x {what}" for what, count in told.items())
    return f"{answers} ({doubles} duplicate)" if doubles else answers


def _models(fate: Fate) -> str:
    quarantined = [code for code in fate.refused if code]
    if fate.story is None:
        return f"quarantined: {', '.join(quarantined)}" if quarantined else "-"
    person = fate.story["person"]
    records = 1 + len(fate.story["aliases"])
    stage = STAGES[person["lifecycle_stage"]]
    told = [stage, f"score {person['score']}", f"{records} record{'s' * (records > 1)}"]
    if person["original_source"]:
        told.append(f"source {person['original_source']}")
    return ", ".join(told)


def _effects(fate: Fate, destination: str) -> str:
    deliveries = fate.story["deliveries"] if fate.story else []
    told = [
        f"{WORDS[delivery['action']]} {delivery['state']}"
        + (f" {delivery['code']}" if delivery["state"] != "delivered" else "")
        for delivery in deliveries
        if delivery["destination"] == destination
    ]
    return "\n".join(told) or "-"


def _to_crm(fate: Fate) -> list[float]:
    """Seconds from the receipt of the newest applied event to the contact's acceptance."""
    if fate.story is None:
        return []
    received = max(event["received_at"] for event in fate.story["events"])
    return [
        (delivery["delivered_at"] - received).total_seconds()
        for delivery in fate.story["deliveries"]
        if delivery["action"] == "upsert_contact" and delivery["delivered_at"]
    ]
