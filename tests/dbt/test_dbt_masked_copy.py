"""The copy for those who need no names holds none."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dbt_story as story
import duckdb
import pytest
from dbt_builders import at, standard, typeform
from dbt_warehouse import Warehouse

from orchestration import masked_copy

pytestmark = pytest.mark.slow

ADDRESS = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
NAMED = ("first_name", "last_name", "street", "city", "postcode")
LEAKY = [
    typeform("leak-1", at(1), email="lea.kage@leak.example", phone="+49 30 5550101",
             first_name="Leandra", last_name="Kagemusha", company="Leak GmbH"),
    standard("leak-2", "page_view", at(2), email="lea.kage@leak.example",
             page_url="https://www.example.com/?email=lea.kage@leak.example",
             referrer="https://mail.example.com/lea.kage@leak.example"),
]  # fmt: skip


@pytest.fixture(scope="module")
def copy(warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Path:
    warehouse.build([*story.every_event(), *LEAKY])
    manifest = Path(warehouse.path).parent / "target" / "manifest.json"
    folder = tmp_path_factory.mktemp("copy")
    warehouse.query("checkpoint")
    published = Path(shutil.copyfile(warehouse.path, folder / "published.duckdb"))
    target = folder / "masked.duckdb"
    masked_copy.write(published, manifest, target)
    return target


def cells(file: Path) -> Iterator[tuple[str, str]]:
    """Every value as text, with the column it is in."""
    with duckdb.connect(str(file), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        tables = connection.execute(
            "select table_name from duckdb_tables() where schema_name = 'marts'"
        ).fetchall()
        for (table,) in tables:
            found = connection.execute(f'from marts."{table}"')
            names = [f"{table}.{column[0]}" for column in found.description or []]
            for row in found.fetchall():
                yield from ((name, str(value)) for name, value in zip(names, row, strict=True)
                            if value is not None)  # fmt: skip


def test_no_personal_value_is_in_it(copy: Path, warehouse: Warehouse) -> None:
    """Whatever the events and the golden records say of a person: no cell holds it."""
    bodies = "".join(str(row["body"]) for row in warehouse.query("select body from raw.events"))
    people = warehouse.rows("marts.dim_people")
    known = {row[name] for row in people for name in ("email", "email_normalised", "phone")}
    within = {text.lower() for text in {*ADDRESS.findall(bodies), *known} if text}
    exactly = {str(row[name]).lower() for row in people for name in NAMED if row[name]}
    assert {"lea.kage@leak.example", "+49305550101"} <= within
    assert {"leandra", "kagemusha"} <= exactly

    told = [(column, value.lower()) for column, value in cells(copy)]
    assert len(told) > 500
    assert set() == {column for column, value in told if value in exactly}
    assert set() == {column for column, value in told if any(text in value for text in within)}


def test_what_is_not_personal_is_as_it_was(copy: Path, warehouse: Warehouse) -> None:
    """People, scores and money can be counted; that something is known of somebody, too."""
    with duckdb.connect(str(copy), read_only=True) as connection:
        found = connection.execute(
            "select count(*), count(email), count(distinct email), sum(score) from marts.dim_people"
        ).fetchall()
    [row] = warehouse.query(
        "select count(*) as a, count(email) as b, sum(score) as c from marts.dim_people"
    )
    assert [(row["a"], row["b"], 1, row["c"])] == found


def test_a_column_that_nobody_described_is_left_out() -> None:
    """It is shown because somebody decided so."""
    node: dict[str, Any] = {
        "alias": "dim_people",
        "schema": "marts",
        "resource_type": "model",
        "columns": {"email": {"meta": {"pii": True}}, "score": {"meta": {}}},
    }
    manifest = json.loads(json.dumps({"nodes": {"model.x": node}}))
    assert {"dim_people": {"email": True, "score": False}} == masked_copy.personal(manifest)
