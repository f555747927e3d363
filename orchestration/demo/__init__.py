"""`millrace demo`: the whole product in under a minute, on simulated vendors."""
