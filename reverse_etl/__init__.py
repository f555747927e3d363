"""Effects out: ledger, dispatcher, connectors, and a sandbox of the vendors."""
