"""Vendors as they would behave, for demos and tests. Nothing here runs in production."""
