"""The daily review: what is switched on and does nothing, what would fail unseen, what was slow."""
