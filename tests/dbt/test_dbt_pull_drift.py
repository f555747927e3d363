"""A vendor changes the objects that are pulled: new fields are kept, other types put aside."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, nullcontext
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from dbt_builders import at
from dbt_warehouse import Warehouse
from quarantine_lane import OUTCOMES, Lane

from ingestion.contracts import library
from ingestion.event_log import EventLog
from ingestion.pulls.client import VendorApi
from ingestion.pulls.pull import Pull
from ingestion.pulls.state import PullState
from ingestion.sources.stripe import stripe
from orchestration.quarantine import Wanted
from reverse_etl.sandbox import create_app
from reverse_etl.sandbox.server import serving

CONTRACT = Path("stripe/customer.pulled")
OPEN = Wanted(only_open=True)


class Token:
    """One that is never renewed."""

    def token(self) -> str:
        return "sandbox"

    def renew(self, _refused: str) -> str | None:
        return None


def customer(number: int, **fields: Any) -> dict[str, Any]:
    return {
        "id": f"cus_{number}",
        "object": "customer",
        "email": f"c{number}@shop.example",
        **fields,
    }


@pytest.fixture
def vendor() -> Iterator[str]:
    with serving(create_app()) as url:
        yield url


@pytest.fixture
def lane(warehouse: Warehouse, tmp_path: Path) -> Iterator[Lane]:
    shutil.copytree(str(library.package()), tmp_path / "contracts")
    with closing(EventLog.open(f"sqlite:///{tmp_path / 'events.db'}")) as log:
        yield Lane(log, tmp_path / "contracts", warehouse)


def pull(vendor: str, log: EventLog, day: int, *customers: dict[str, Any]) -> None:
    """What the vendor made that day, read by its API."""
    made = [{**each, "created": int(at(day).timestamp())} for each in customers]
    httpx.post(f"{vendor}/_objects/stripe/customers", json=made).raise_for_status()
    api = VendorApi("stripe", vendor, Token(), lambda _path: nullcontext())
    reports = Pull(log, PullState(log), lambda: at(day), False).run(stripe(), api)
    assert {None} == {report.code for report in reports}


def test_new_fields_are_kept_and_other_types_put_aside(vendor: str, lane: Lane) -> None:
    """The object whose field changed its type is quarantined, with where and what; its neighbours
    are applied, and when the contract knows the type, a replay lets it in."""
    pull(
        vendor,
        lane.log,
        1,
        customer(1),
        customer(2, preferred_locales=["de"], loyalty={"tier": "gold"}),
        customer(3, name={"first": "Ada", "last": "Example"}),
    )
    lane.batch()

    assert Counter(applied=2, quarantined=1) == lane.outcomes()
    [kept] = lane.warehouse.query("select body from raw.events where body like '%cus_2%'")
    assert {"tier": "gold"} == orjson.loads(kept["body"])["object"]["loyalty"]
    (row,) = lane.listing(Wanted())
    assert ("FIELD_MISMATCH", "/object/name", "object") == (row["code"], row["path"], row["value"])
    assert {"c1@shop.example", "c2@shop.example"} == emails(lane)

    schema = orjson.loads((lane.folder / CONTRACT / "1.0.0.json").read_bytes())
    schema["properties"]["object"]["properties"]["name"] = {}
    schema["$id"] = schema["$id"].replace("1.0.0", "1.1.0")
    (lane.folder / CONTRACT / "1.1.0.json").write_bytes(orjson.dumps(schema))
    appended, _ = lane.replay(OPEN)
    lane.batch()

    assert [lane.log.head()] == appended
    assert Counter(applied=3, quarantined=1) == lane.outcomes()
    assert "c3@shop.example" in emails(lane)


def test_a_field_that_is_mended_at_the_vendor_comes_with_the_next_pull(
    vendor: str, lane: Lane
) -> None:
    """Nobody has to replay anything: the object's next version keeps the contract."""
    pull(vendor, lane.log, 1, customer(1, email=["c1@shop.example"]), customer(2))
    lane.batch()
    first = emails(lane)
    pull(vendor, lane.log, 2, customer(1), customer(2))
    lane.batch()

    assert {"c2@shop.example"} == first
    assert {"c1@shop.example", "c2@shop.example"} == emails(lane)
    assert 1 == lane.outcomes()["quarantined"]
    assert lane.log.head() == len(lane.warehouse.rows(OUTCOMES))


def emails(lane: Lane) -> set[str]:
    return {row["email"] for row in lane.warehouse.rows("marts.dim_people")}
