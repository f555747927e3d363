"""The gateway: takes signed webhooks and typed events, stores them, answers."""
