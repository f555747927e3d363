"""Where rows may go. A destination is one entry here; its activation tables are its effects."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Effect:
    """One activation table: what it wants done (`action`) and where (`destination`).

    `skips_stale`: an event whose deadline had passed before it was ever seen is left alone, as is
    right for messages; where it is false, such an event is a dead letter that somebody looks at.
    """

    table: str
    destination: str
    action: str
    skips_stale: bool = False

    @property
    def name(self) -> str:
        return self.table.removeprefix("act_").replace("__", "_")


@dataclass(frozen=True, slots=True)
class Destination:
    """A vendor account. `pushes`: what it is sent, which names its Dagster job and sensor;
    `told`: a sentence for the UI; `actions`: activation table → action, in the order in which
    they are enqueued; `asks`: its rows are questions about people, and answers come back."""

    name: str
    pushes: str
    told: str
    actions: tuple[tuple[str, str], ...]
    skips_stale: bool = False
    asks: bool = False

    @property
    def effects(self) -> tuple[Effect, ...]:
        return tuple(
            Effect(table, self.name, action, self.skips_stale) for table, action in self.actions
        )

    @property
    def job(self) -> str:
        return f"push_{self.pushes}s"

    @property
    def sensor(self) -> str:
        return f"{self.pushes}_push"


HUBSPOT: Final = Destination(
    name="hubspot",
    pushes="mql",
    told="Companies, contacts and deals, and notes and call tasks about MQLs, to the CRM.",
    actions=(
        ("act_hubspot__companies", "upsert_company"),
        ("act_hubspot__contacts", "upsert_contact"),
        # Kind `contacts`: as `contact` their table would tell which contacts are gone.
        ("act_hubspot__merges", "merge_contacts"),
        ("act_hubspot__deals", "upsert_deal"),
        ("act_hubspot__notes", "create_note"),
        ("act_hubspot__tasks", "create_task"),
    ),
)
META: Final = Destination(
    name="meta",
    pushes="conversion",
    told="Conversions, lead stages and website events to the Meta Conversions API.",
    actions=(
        ("act_meta__conversions", "send_event"),
        ("act_meta__lead_events", "send_lead_event"),
        ("act_meta__website_events", "send_website_event"),
    ),
)
SALESFORCE: Final = Destination(
    name="salesforce",
    pushes="salesforce_record",
    told="Leads, contacts, accounts and call tasks to Salesforce.",
    actions=(
        ("act_salesforce__accounts", "upsert_account"),
        ("act_salesforce__leads", "upsert_lead"),
        ("act_salesforce__contacts", "upsert_contact"),
        ("act_salesforce__tasks", "create_task"),
    ),
)

SLACK: Final = Destination(
    name="slack",
    pushes="slack_message",
    told="Alerts on marketing-qualified leads to a Slack channel.",
    actions=(("act_slack__messages", "post_message"),),
    skips_stale=True,
)

TEAMS: Final = Destination(
    name="teams",
    pushes="teams_message",
    told="Alerts on marketing-qualified leads to a Teams channel.",
    actions=(("act_teams__messages", "post_message"),),
    skips_stale=True,
)

WEBHOOK: Final = Destination(
    name="webhook",
    pushes="webhook_event",
    told="Marketing-qualified leads and conversions to a receiver of one's own, signed.",
    actions=(("act_webhook__events", "post_event"),),
)

GA4: Final = Destination(
    name="ga4",
    pushes="analytics_event",
    told="Leads and purchases to Google Analytics 4.",
    actions=(("act_ga4__events", "send_event"),),
)

APOLLO: Final = Destination(
    name="apollo",
    pushes="apollo_question",
    told="Questions about people whose job or company is not known, to Apollo.",
    actions=(("act_apollo__people", "enrich_person"),),
    skips_stale=True,
    asks=True,
)

PEOPLEDATALABS: Final = Destination(
    name="peopledatalabs",
    pushes="peopledatalabs_question",
    told="Questions about people whose job or company is not known, to People Data Labs.",
    actions=(("act_peopledatalabs__people", "enrich_person"),),
    skips_stale=True,
    asks=True,
)

DESTINATIONS: Final = (
    HUBSPOT,
    META,
    SALESFORCE,
    SLACK,
    TEAMS,
    WEBHOOK,
    GA4,
    APOLLO,
    PEOPLEDATALABS,
)
NAMES: Final = tuple(destination.name for destination in DESTINATIONS)


def chosen(names: Collection[str]) -> tuple[Destination, ...]:
    """The destinations of these names."""
    return tuple(each for each in DESTINATIONS if each.name in names)


def effects(names: Collection[str]) -> Iterable[Effect]:
    """Everything wanted of the destinations of these names."""
    return (effect for each in chosen(names) for effect in each.effects)
