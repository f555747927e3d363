"""Objects that a simulated vendor holds before anybody asks it for anything."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx

from reverse_etl.sandbox import create_app

KNOWN = {"id": 710_001, "properties": {"email": "nora@example.com"}, "created": 1_700_000_000.0}


def test_a_contact_that_was_there_is_found_by_its_address() -> None:
    """An upsert by e-mail changes it under its own id and makes no second one; nothing but the
    upsert counts as a write."""

    async def play() -> Any:
        transport = httpx.ASGITransport(app=create_app())
        async with httpx.AsyncClient(transport=transport, base_url="http://sandbox") as client:
            (await client.post("/_objects/hubspot/contacts", json=[KNOWN])).raise_for_status()
            item = {"id": "nora@example.com", "idProperty": "email"}
            properties = {"email": "nora@example.com", "firstname": "Nora"}
            await client.post(
                "/crm/v3/objects/contacts/batch/upsert",
                json={"inputs": [{**item, "properties": properties}]},
                headers={"Authorization": "Bearer t"},
            )
            return (await client.get("/_state/hubspot")).json()["objects"]["contacts"]

    contacts = asyncio.run(play())
    assert [("710001", "Nora", 1)] == [
        (each["id"], each["properties"]["firstname"], len(each["writes"])) for each in contacts
    ]
