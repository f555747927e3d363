"""Google Ads' cost by campaign and day, from exported reports, in the standard vocabulary.

Every file in the folder is read each time. Where several tell of the same day of a campaign, the
one that was written last counts; what did not change is stored once.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final

from ingestion.errors import PullFileError
from ingestion.pulls.client import VendorApi
from ingestion.pulls.model import Found, Object, Page, PullSource, Stream, Window
from ingestion.sources.google_ads.report import rows

_PAGE: Final = 500
_PLATFORM: Final = "google_ads"  # as in the seed spend_channels
_ENDS: Final = frozenset((".csv", ".tsv"))


def google_ads(folder: Path) -> PullSource:
    """The reports in a folder; whose they are stands in them."""
    stream = Stream("ad_spend", partial(_spend, folder), is_dated=False, words=_words)
    return PullSource("googleads", lambda _api: [folder.name], (stream,))


def _spend(folder: Path, _api: VendorApi, _account: str, _window: Window) -> Iterator[Page]:
    broken: list[PullFileError] = []
    newest: dict[str, Object] = {}
    for file in _files(folder):
        try:
            newest |= {_key(row): row for row in rows(file)}
        except PullFileError as error:
            broken.append(error)
    found = [Found(key, None, row) for key, row in newest.items()]
    for start in range(0, len(found), _PAGE):
        yield Page(found[start : start + _PAGE])
    if broken:
        raise broken[0]


def _files(folder: Path) -> list[Path]:
    """Oldest first, whatever they are called."""
    try:
        found = [each for each in folder.iterdir() if each.suffix.lower() in _ENDS]
        return sorted(found, key=lambda file: (file.stat().st_mtime_ns, file.name))
    except OSError as error:
        raise PullFileError(f"The folder {folder.name} cannot be read: {error.strerror}.") from None


def _key(row: Object) -> str:
    return f"{row['account']} {row['campaign_id']} {row['date']}"


def _words(row: Object, seen_at: datetime) -> Object:
    """A later report of the same day replaces an earlier one."""
    data = {"platform": _PLATFORM, **row}
    return {"type": "ad_spend", "timestamp": seen_at.isoformat(), "data": data}
