"""Which APIs can be pulled. A source is one folder in `ingestion/sources/` and one entry here."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from ingestion.pulls import PullSource
from ingestion.sources.calendly import calendly
from ingestion.sources.google_ads import google_ads
from ingestion.sources.hubspot import hubspot
from ingestion.sources.meta import meta
from ingestion.sources.salesforce import salesforce
from ingestion.sources.stripe import stripe
from reverse_etl.quota import Budget


@dataclass(frozen=True, slots=True)
class Puller:
    """`made`: the source, given what the settings say of the account; `needs`: fields of the
    account that must be set; `either`: fields of which one must be; `told`: what is pulled, in a
    sentence; `also_within`: a part of a path → the narrower budget that requests there have besides
    the account's."""

    name: str
    told: str
    made: Callable[[Any], PullSource]
    needs: tuple[str, ...] = ("token",)
    either: tuple[str, ...] = ()
    also_within: Mapping[str, Budget] = field(default_factory=dict)


def _several(text: str) -> list[str]:
    return text.replace(",", " ").split()


PULLERS: Final = (
    Puller(
        "hubspot",
        "Contacts, companies, deals and owners of HubSpot.",
        lambda account: hubspot(account.api_version),
        also_within={"/search": Budget(4, timedelta(seconds=1))},  # 5 for everybody who searches
    ),
    Puller(
        "salesforce",
        "Leads, contacts, accounts, opportunities and their contact roles of Salesforce.",
        lambda account: salesforce(account.api_version),
        needs=("url", "token"),
    ),
    Puller("stripe", "Customers and events of Stripe.", lambda _account: stripe()),
    Puller(
        "calendly", "Bookings, cancellations and no-shows of Calendly.", lambda _account: calendly()
    ),
    Puller(
        "meta",
        "Leads of Meta's pages with what they said, and what campaigns cost by day.",
        lambda account: meta(
            _several(account.ad_accounts), _several(account.pages), account.api_version
        ),
        either=("ad_accounts", "pages"),
    ),
    Puller(
        "googleads",
        "What campaigns cost by day, from reports of Google Ads in a folder.",
        lambda account: google_ads(account.folder),
        needs=("folder",),
    ),
)


def chosen(names: Collection[str]) -> tuple[Puller, ...]:
    """The sources of these names."""
    return tuple(each for each in PULLERS if each.name in names)
