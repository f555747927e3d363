"""What each event must hold: JSON Schemas by source, event type and version."""

from ingestion.contracts.validate import ContractSet, Finding

__all__ = ["ContractSet", "Finding"]
