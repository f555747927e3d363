"""Which kinds of events the fast lane is ready for before the first of them comes."""

from __future__ import annotations

from dataclasses import dataclass

from orchestration.fast_lane.likely import likely_kinds, usual_kinds
from orchestration.fast_lane.shape import EventKind


@dataclass(frozen=True, slots=True)
class Told:
    source: str
    event_type: str
    historical: bool = False
    is_sound: bool = True

    @property
    def kind(self) -> EventKind:
        contract = f"{self.source}/{self.event_type}/1.0.0"
        return EventKind(self.source, self.event_type, contract, self.historical, self.is_sound)


FORM = Told("typeform", "form_response").kind
DEAL = Told("hubspot", "deal.propertyChange").kind


def test_what_came_most_often_is_first() -> None:
    """Events of the past, broken ones and our own say nothing of somebody new."""
    known = [
        DEAL,
        Told("hubspot", "contact.creation", historical=True).kind,
        Told("typeform", "form_response", is_sound=False).kind,
        Told("millrace", "mql_reached").kind,
        FORM,
    ]
    assert [DEAL, FORM] == likely_kinds(known, [])


def test_a_source_that_is_configured_may_tell_soon() -> None:
    """Its first lead is expected, also where the history has none: those sources first that have
    few things to tell, and no more in all than is made in a few seconds."""
    found = likely_kinds([DEAL], ["standard", "typeform"])
    assert [DEAL, FORM] == found[:2]
    assert "standard" == found[-1].source
    assert 6 == len(found)


def test_what_follows_a_lead_by_itself() -> None:
    """Our decisions and the ids that the CRM gives."""
    assert {"mql_reached", "owner_assigned", "contact_synced"} == {
        kind.event_type for kind in usual_kinds()
    }
