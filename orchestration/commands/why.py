"""`millrace why` for people: one lead, told from top to bottom."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rich.console import Console

from orchestration.commands.output import table

Story = Mapping[str, Any]


def tell(story: Story, out: Console) -> None:
    """The answer of `orchestration.why.why`, section by section; empty ones are left out."""
    person, since = story["person"], story["since_last_batch"]
    if person is not None:
        _tell_person(person, story, out)
    elif story["deliveries"]:
        out.print(
            f"[bold]{story['who']}[/] came after the last batch, by the fast lane"
            f" ({story['person_id'] or 'several people'}). Identity, score and consent in full are"
            " told after the next one (`millrace run`)."
        )
    else:
        out.print(f"[bold]{story['who']}[/] is no person in the warehouse (yet).")
    _table(out, "What arrived", story.get("events"), _EVENT)
    fresh = [row for row in story["other_events"] if row["outcome"] in _FRESH]
    unused = [row for row in story["other_events"] if row["outcome"] not in _FRESH]
    _table(out, "What arrived since the last batch", fresh, _OTHER)
    _table(out, "What no model used", unused, _OTHER)
    for code, remedy in {row["code"]: row["remedy"] for row in story["other_events"]}.items():
        if code:
            out.print(f"  {code}. {remedy}")
    _table(out, "Where the score comes from", story.get("contributions"), _POINTS)
    for mql in [*story.get("mqls", []), *since["mqls"]]:
        out.print(
            f"Marketing-qualified at {_when(mql['reached_at'])}: score {mql['score']} reached "
            f"the threshold of {mql['threshold']} through {mql['cause_event_key']}."
        )
    for owner in [*story.get("assignments", []), *since["assignments"]]:
        due = _when(owner["sla_due_at"]) or "no time"
        out.print(
            f"Assigned to {owner['rep_name'] or owner['rep_id']} ({owner['reason']}: "
            f"{owner['territory']}, {owner['product_line']}, {owner['segment']}); call due {due}."
        )
    candidates = [*story.get("candidates", []), *since["candidates"]]
    _table(out, "Who could have worked on it", candidates, _CANDIDATE)
    _table(out, "Consent", story.get("consents"), ("purpose", "status", "consent_id", "decided_at"))
    _table(out, "Conversions", story.get("conversions"), _CONVERSION)
    _table(out, "What was done", map(_delivery, story["deliveries"]), _DELIVERY)
    for delivery in story["deliveries"]:
        if delivery["code"] and delivery["state"] != "superseded":
            due = f" Due at {_when(delivery['due_at'])}." if delivery["due_at"] else ""
            out.print(f"  {delivery['action']}: {delivery['code']}. {delivery['remedy']}{due}")


_FRESH = ("waiting", "acted_on")
_EVENT = ("position", "source", "event_type", "outcome", "code", "occurred_at", "received_at")
_OTHER = ("position", "source", "event_key", "outcome", "code", "path", "value", "received_at")
_POINTS = ("version", "rule_id", "kind", "reason", "points", "occurred_at")
_CANDIDATE = ("rep_id", "is_chosen", "candidate_rank", "reasons", "open_load", "capacity")
_CONVERSION = ("conversion_id", "value", "currency", "original_source", "converted_at")
_DELIVERY = ("destination", "action", "state", "code", "vendor_id", "tries", "delivered_at")


def _tell_person(person: Story, story: Story, out: Console) -> None:
    name = " ".join(filter(None, (person["first_name"], person["last_name"]))) or "(no name)"
    out.print(f"[bold]{name}[/] <{person['email'] or 'no e-mail'}>  {person['person_id']}")
    out.print(
        f"  {person['lifecycle_stage']}, score {person['score']}, first seen "
        f"{_when(person['first_seen_at'])} through {person['original_source'] or 'unknown source'}"
    )
    identifiers = ", ".join(row["identifier"] for row in story["identifiers"])
    out.print(f"  known by: {identifiers}")
    if story["aliases"]:
        aliases = ", ".join(row["alias_id"] for row in story["aliases"])
        out.print(f"  merged with: {aliases}")
    for refused in story["refused_identifiers"]:
        out.print(f"  not linked by: {refused['identifier']} ({refused['reason']})")
    for other in story["other_people"]:
        out.print(f"  also: {other} (`millrace why {other}`)")
    for link in story["links"]:
        out.print(
            f"  {link['link_type']} by {link['decided_by'] or 'somebody'}: {link['person_id']}, "
            f"{link['other_person_id']} ({link['effect']}; {link['reason'] or 'no reason given'})"
        )


def _table(
    out: Console, title: str, rows: Iterable[Story] | None, columns: tuple[str, ...]
) -> None:
    found = [[_when(row[column]) for column in columns] for row in rows or ()]
    if found:
        out.print(table(title, columns, found))


def _delivery(delivery: Story) -> dict[str, Any]:
    return {**delivery, "tries": len(delivery["attempts"])}


def _when(value: Any) -> Any:
    """Times to the second, in UTC; everything else as it is."""
    return value.strftime("%Y-%m-%d %H:%M:%SZ") if hasattr(value, "strftime") else value
