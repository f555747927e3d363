"""Real objects of vendors from the shared data, in the shape in which their APIs give them."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"

Content = dict[str, Any]

# What an extract tool calls a field that its vendor calls otherwise.
_SALESFORCE_NAMES = {"mailing_country": "MailingCountry", "website": "Website"}


def rows(name: str) -> Iterator[dict[str, str | None]]:
    """Rows of a table as an extract tool lands it; null for empty."""
    with (DATA / "api_pulls_fivetran" / name).open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            yield {key: value or None for key, value in row.items() if key}


def document(name: str) -> Any:
    """A JSON file of the payloads."""
    return json.loads((DATA / "payloads_hull" / name).read_text(encoding="utf-8"))


def stripe_objects() -> dict[str, Content]:
    """Stripe's fixture objects by name."""
    file = DATA / "stripe" / "fixtures3.json"
    objects: dict[str, Content] = json.loads(file.read_text(encoding="utf-8"))["resources"]
    return objects


def instant(text: str | None) -> str | None:
    """A landed time, which has no zone, as HubSpot writes it; null when it cannot be read."""
    try:
        moment = datetime.fromisoformat(text or "").replace(tzinfo=UTC)
    except ValueError:
        return None
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def hubspot_record(row: dict[str, str | None], key: str) -> Content:
    """An object of HubSpot's CRM from its flat row."""
    properties = {
        name.removeprefix("property_"): value
        for name, value in row.items()
        if name.startswith("property_")
    }
    changed = next(filter(None, map(instant, (row.get("property_createdate"),
                                              row.get("_fivetran_synced")))), None)  # fmt: skip
    return {"id": row[key], "properties": properties, "updatedAt": changed, "archived": False}


def email_event(row: dict[str, str | None]) -> Content:
    """An e-mail event of HubSpot from its flat row."""
    created = datetime.fromisoformat(row["created"] or "").replace(tzinfo=UTC)
    return {
        "id": row["id"],
        "type": row["type"],
        "created": int(created.timestamp() * 1000),
        "recipient": row["recipient"],
        "filteredEvent": row["filtered_event"] == "true",
    }


def salesforce_record(row: dict[str, str | None]) -> Content:
    """A record of Salesforce from its flat row: names in its own spelling, flags as booleans."""
    flags = {"true": True, "false": False, "TRUE": True, "FALSE": False}
    return {
        _SALESFORCE_NAMES.get(name, "".join(part.title() for part in name.split("_"))): (
            flags.get(value or "", value)
        )
        for name, value in row.items()
        if not name.startswith("_") and not name.endswith("_c")
    }
