"""Webhooks and pulls in: gateway, signatures, contracts, event log, dlt sources."""
