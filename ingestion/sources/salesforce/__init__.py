"""Salesforce: leads, contacts, accounts, opportunities and their contact roles by SOQL."""

from ingestion.sources.salesforce.source import salesforce

__all__ = ["salesforce"]
