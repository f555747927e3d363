"""The ledger: every effect that was wanted, and what became of it (laws 6 and 8)."""

from reverse_etl.ledger.dead_letters import DeadGroup, DeadLetter, DeadLetters
from reverse_etl.ledger.facts import DeliveryFact
from reverse_etl.ledger.gauges import Stalled
from reverse_etl.ledger.lane import LaneNews, LaneTable
from reverse_etl.ledger.lane_claims import Asking, Claim, Held, Stand
from reverse_etl.ledger.lane_index import Reached
from reverse_etl.ledger.settle import Settlement
from reverse_etl.ledger.store import Ledger
from reverse_etl.ledger.switches import SwitchedOff
from reverse_etl.ledger.ways import Way

__all__ = [
    "Asking",
    "Claim",
    "DeadGroup",
    "DeadLetter",
    "DeadLetters",
    "DeliveryFact",
    "Held",
    "LaneNews",
    "LaneTable",
    "Ledger",
    "Reached",
    "Settlement",
    "Stalled",
    "Stand",
    "SwitchedOff",
    "Way",
]
