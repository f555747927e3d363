"""Vendor accounts as the settings describe them."""

from __future__ import annotations

from orchestration.settings import Settings
from reverse_etl.connectors import ConnectorSettings


def configured(settings: Settings) -> dict[str, ConnectorSettings]:
    """Destinations that are on and have credentials; rows of the others stay queued."""
    every = {name: account(settings, name) for name in settings.destinations}
    return {name: each for name, each in every.items() if not each.missing}


def account(settings: Settings, name: str) -> ConnectorSettings:
    """What the settings say of one destination."""
    found: ConnectorSettings = getattr(settings, name)
    return found


def needs(settings: Settings, name: str) -> str:
    """The variables that have to be set before anything can be sent there."""
    fields = account(settings, name).missing
    return " and ".join(f"MILLRACE_{name}_{field}".upper() for field in fields)
