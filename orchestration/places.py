"""Where an installation keeps its files: all of them follow from its home."""

from __future__ import annotations

from pathlib import Path


class Places:
    """Files and folders in `home`."""

    home: Path

    @property
    def published(self) -> Path:
        """The read-only copy of the warehouse that analysts, BI and `why` open."""
        return self.home / "published" / "warehouse.duckdb"

    @property
    def published_manifest(self) -> Path:
        """dbt's manifest with the SQL that made the tables of the read copy."""
        return self.published.with_name("manifest.json")

    @property
    def published_masked(self) -> Path:
        """The marts with personal columns masked, for those who need no names."""
        return self.home / "masked" / "masked.duckdb"

    @property
    def lane_parity(self) -> Path:
        """What the last comparison of the fast lane with the read copy said."""
        return self.published.with_name("lane_parity.json")

    @property
    def quality(self) -> Path:
        """What the data contracts said, and the page about it."""
        return self.home / "quality"

    @property
    def archive(self) -> Path:
        """The content of old events, as compressed Parquet."""
        return self.home / "archive" / "events"

    @property
    def scorecards(self) -> Path:
        """The points of trained scorecards, one CSV file a version."""
        return self.home / "scorecards"

    @property
    def identity_proposals(self) -> Path:
        """Links that were proposed, and what was decided on them."""
        return self.home / "identity" / "proposals.json"

    @property
    def dagster_home(self) -> Path:
        return self.home / "dagster"

    @property
    def dbt_target(self) -> Path:
        return self.home / "dbt" / "target"

    @property
    def dbt_build(self) -> Path:
        """Where a full build leaves dbt's manifest and results."""
        return self.dbt_target / "build"
