"""Data contracts at three borders (raw, canonical, activation), checked by Great Expectations."""
