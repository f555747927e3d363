"""When leads arrived, from what the simulated vendors hold and which requests brought it. Pure.

A vendor has accepted something when its answer leaves, not when the request comes in.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from orchestration.bench.client import percentile

_ALERT = re.compile(r"Call (?P<name>.+): score")

State = Mapping[str, Any]
"""The answer of `GET /_state/<vendor>`."""


def contacts_accepted(hubspot: State, received: Mapping[str, float]) -> dict[str, float]:
    """E-mail → when the CRM first accepted the contact after the lead was received."""
    answered = _answers(hubspot)
    found = {}
    for contact in hubspot["objects"]["contacts"]:
        email = str(contact["properties"].get("email") or "").lower()
        at = _first(contact["writes"], received.get(email), answered)
        if at is not None:
            found[email] = at
    return found


def tasks_accepted(hubspot: State, received: Mapping[str, float]) -> dict[str, float]:
    """E-mail → when the call task arrived that stands on the person's timeline."""
    answered = _answers(hubspot)
    emails = {
        contact["id"]: str(contact["properties"].get("email") or "").lower()
        for contact in hubspot["objects"]["contacts"]
    }
    found: dict[str, float] = {}
    for task in hubspot["objects"]["tasks"]:
        for tie in task["associations"]:
            email = emails.get(str(tie["to"]["id"]), "")
            at = _first(task["writes"], received.get(email), answered)
            if at is not None:
                found[email] = min(at, found.get(email, at))
    return found


def alerts_accepted(slack: State, emails: Mapping[str, str]) -> dict[str, float]:
    """E-mail → when the alert arrived that names the person; `emails`: by the person's name."""
    answered = {f"{at:.6f}": until for at, until in _answers(slack).items()}
    found: dict[str, float] = {}
    for message in slack["objects"]["messages"]:
        named = _ALERT.search(message["text"])
        email = emails.get(named["name"]) if named else None
        if email is not None and message["ts"] in answered:
            found.setdefault(email, answered[message["ts"]])
    return found


def figures(received: Mapping[str, float], arrived: Mapping[str, float]) -> dict[str, Any]:
    """Percentiles of the way from receipt to arrival, of those that arrived."""
    ways = sorted((arrived[key] - at) * 1000 for key, at in received.items() if key in arrived)
    shares = {"p50_ms": 0.5, "p95_ms": 0.95, "p99_ms": 0.99, "max_ms": 1.0}
    told = {name: round(percentile(ways, share), 1) for name, share in shares.items()}
    return {**told, "count": len(ways)}


def growth(lags: Sequence[tuple[float, int]]) -> float:
    """Events a second by which a lag grows, from (seconds, lag): the line of least squares."""
    if len(lags) < 2:
        return 0.0
    middle = sum(at for at, _ in lags) / len(lags)
    mean = sum(lag for _, lag in lags) / len(lags)
    spread = sum((at - middle) ** 2 for at, _ in lags)
    return sum((at - middle) * (lag - mean) for at, lag in lags) / spread


def _answers(state: State) -> dict[float, float]:
    """When a request came in → when it was answered, of those that went well."""
    return {
        entry["at"]: entry["answered_at"]
        for entry in state["requests"]
        if entry["answered_at"] is not None and entry["status"] < 300
    }


def _first(
    writes: Iterable[float], since: float | None, answered: Mapping[float, float]
) -> float | None:
    """The answer to the first request that wrote an object after `since`."""
    if since is None:
        return None
    return min((answered[at] for at in writes if at >= since and at in answered), default=None)
