"""What campaigns cost, as Meta's insights tell it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

from reverse_etl.sandbox.answer import Answer, Request
from reverse_etl.sandbox.meta_wire import paged

PATH: Final = re.compile(r"^/v\d+\.\d+/act_(?P<account>\d+)/insights$")


def insights(request: Request, rows: Sequence[Mapping[str, Any]], size: int) -> Answer:
    """GET …/act_<account>/insights: the rows of an account within a range of days, by pages of at
    most `size`."""
    found = PATH.match(request.path)
    days = orjson.loads(request.query.get("time_range") or b"{}")
    fields = [*request.query.get("fields", "spend").split(","), "date_start", "date_stop"]
    chosen = [
        {name: row[name] for name in dict.fromkeys(fields) if name in row}
        for row in rows
        if found
        and row["account"] == found["account"]
        and days.get("since", "") <= row["date_start"] <= days.get("until", "9")
    ]
    return paged(request, chosen, size)
