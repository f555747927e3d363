"""A preview's parts without dbt: what differs, what is told of it, and what a limit says."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration import warehouse
from orchestration.destinations import Effect
from orchestration.errors import (
    PreviewBuildError,
    SettingError,
    WarehouseError,
    WarehouseMissingError,
)
from orchestration.preview import differences, limits, people, report, selection, words
from orchestration.preview.base import pin
from orchestration.preview.deliveries import difference
from orchestration.preview.outcome import (
    Built,
    Consent,
    Deliveries,
    Identity,
    Joined,
    ModelChange,
    Mql,
    Mqls,
    Owner,
    Report,
    Scores,
)
from orchestration.preview.run import Question, run
from orchestration.settings import Settings

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
NOBODY = Scores(0, 0, 0, (), {}, 0, 0, (), ())
EMPTY = Report(
    NOW, 812, 0, Built((), 210, (), None), (), Identity(3, 3, 0, 0, (), ()), NOBODY,
    Mqls((), ()), (), (), (), (), 4.2,
)  # fmt: skip
CHANGED = replace(
    EMPTY,
    built=Built(("score_rules", "fct_scores"), 210, (), None, ("unique_key: 2 rows",)),
    models=(ModelChange("fct_scores", 0, 0, 2, True, {"fit": 2, "total": 2}),),
    identity=Identity(3, 2, 1, 0, (Joined("p1", ("p1", "p3")),), ()),
    scores=Scores(
        2, 2, 0, (Decimal(5), Decimal(5), Decimal(5), Decimal(15), Decimal(15)),
        {"up to +10": 1, "+10 to +25": 1}, 1, 0, ("p2",), (),
    ),
    mqls=Mqls((Mql("p2", 55, NOW),), ()),
    owners=(Owner(None, "anna", 1),),
    consents=(Consent("advertising", 0, 1, (), ("p3",)),),
    deliveries=(Deliveries("hubspot", "create_task", 1, 0, 0, 0, 1, 0.0),),
)  # fmt: skip


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        opened.execute("set TimeZone = 'UTC'")
        yield opened


def changed(
    connection: duckdb.DuckDBPyConnection, held: str, made: str, *unique: str
) -> ModelChange:
    for name, values in (("held_rows", held), ("made_rows", made)):
        connection.execute(f"create or replace table {name} as {values}")
    return differences.change(connection, "m", "held_rows", "made_rows", unique)


def test_rows_are_paired_by_their_key_and_counted_by_cell(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    """One row gone, one new, one with another cell; a null that stays null is no difference."""
    told = changed(
        connection,
        "from (values (1, 'a', null), (2, 'b', 7), (3, 'c', 8)) t(id, name, score)",
        "from (values (1, 'a', null), (2, 'b', 9), (4, 'c', 8)) t(id, name, score)",
        "id",
    )

    assert ModelChange("m", 1, 1, 1, True, {"score": 1}) == told


def test_a_null_in_a_key_counts_as_a_value(connection: duckdb.DuckDBPyConnection) -> None:
    """Rows of a key with a null are the same row on both sides."""
    rows = "from (values (1, null, 'a'), (1, 2, 'b')) t(id, part, name)"

    assert changed(connection, rows, rows, "id", "part").is_same


def test_without_a_key_every_row_counts_as_often_as_it_is_there(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    """A row that is there twice and then once is one row gone."""
    told = changed(connection, "from (values (1), (1), (2)) t(n)", "from (values (1), (3)) t(n)")

    assert (1, 2, 0, False) == (told.added, told.removed, told.changed, told.by_key)


def test_columns_and_types_that_change_are_told(connection: duckdb.DuckDBPyConnection) -> None:
    """A new and a dropped column are named; a type alone changes no cell."""
    told = changed(connection, "select 1 as id, 2 as old, 3 as n",
                   "select 1 as id, '3' as n, 5 as new", "id")  # fmt: skip

    assert (("new",), ("old",)) == (told.columns_added, told.columns_removed)
    assert {} == told.cells
    assert not told.is_same


@pytest.fixture
def sides(connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """Three people, one an MQL; the change makes two of them one and another one an MQL."""
    for side, persons, scored, mqls, owned, granted in (
        (
            "published", [("r1", "p1"), ("r2", "p2"), ("r3", "p3")],
            [("p1", 70), ("p2", 40), ("p3", 20)], [("m1", "p1")], [("m1", "p1", "anna")],
            ["p1", "p3"],
        ),
        (
            "preview", [("r1", "p1"), ("r2", "p2"), ("r3", "p1")],
            [("p1", 45), ("p2", 55)], [("m2", "p2")], [("m1", "p1", "anna"), ("m2", "p2", "jonas")],
            ["p1"],
        ),
    ):  # fmt: skip
        connection.execute(f"attach ':memory:' as {side}; use {side}")
        connection.execute(
            """
            create schema intermediate; create schema marts; create schema seeds;
            create table intermediate.int_record_people(record_id varchar, person_id varchar);
            create table marts.fct_scores(person_id varchar, version varchar, is_live boolean,
                total decimal(12, 2));
            create table seeds.score_versions as select 'v1' as version, 50 as threshold;
            create table marts.fct_mqls(mql_id varchar, person_id varchar, score integer,
                reached_at timestamptz, is_decided boolean);
            create table marts.fct_assignments(mql_id varchar, person_id varchar, rep_id varchar,
                is_current boolean);
            create table marts.dim_consents(person_id varchar, purpose varchar, status varchar);
            create table marts.fct_attribution(model varchar, channel varchar, currency varchar,
                credit decimal(18, 12), value decimal(18, 2));
            create view marts.dim_people as
            select distinct person_id from intermediate.int_record_people;
            """
        )
        for table, rows in (
            ("intermediate.int_record_people", persons),
            ("marts.fct_scores", [(person, "v1", True, total) for person, total in scored]),
            ("marts.fct_mqls", [(mql, person, 60, NOW, False) for mql, person in mqls]),
            ("marts.fct_assignments", [(*owner, True) for owner in owned]),
            ("marts.dim_consents", [(person, "advertising", "granted") for person in granted]),
        ):
            marks = ", ".join("?" * len(rows[0]))
            connection.executemany(f"insert into {table} values ({marks})", rows)
    for side, channel in (("published", "email"), ("preview", "social")):
        connection.execute(
            f"insert into {side}.marts.fct_attribution values ('first', ?, 'EUR', 1, 100)",
            [channel],
        )
    return connection


def test_people_who_become_one_are_counted_and_named(sides: duckdb.DuckDBPyConnection) -> None:
    """Two people over one's records are one fewer, named by their ids; seen the other way round
    they are split."""
    told = people.identity(sides)

    assert (3, 2, 1, 0) == (told.people_before, told.people_after, told.merged, told.split)
    assert (Joined("p1", ("p1", "p3")),) == told.merged_sample


def test_scores_move_and_cross_the_threshold(sides: duckdb.DuckDBPyConnection) -> None:
    """One up across it, one down across it; whoever is on one side alone has no change."""
    told = people.scores(sides)

    assert (2, 1, 1) == (told.changed, told.up, told.down)
    assert (("p2",), ("p1",)) == (told.above_sample, told.below_sample)
    assert (Decimal(-25), Decimal(15)) == (told.spread[0], told.spread[-1])
    assert {"-25 or more": 1, "+10 to +25": 1} == {n: c for n, c in told.buckets.items() if c}


def test_mqls_are_gained_and_lost(sides: duckdb.DuckDBPyConnection) -> None:
    """Told by person: whoever is an MQL on one side alone."""
    told = people.mqls(sides)

    assert (["p2"], ["p1"]) == (
        [mql.person_id for mql in told.gained], [mql.person_id for mql in told.lost],
    )  # fmt: skip


def test_owners_consent_and_attribution_that_move(sides: duckdb.DuckDBPyConnection) -> None:
    """Each is told by what it belongs to: rep, purpose, model and channel."""
    assert [Owner(None, "jonas", 1)] == people.owners(sides)
    assert [Consent("advertising", 0, 1, (), ("p3",))] == people.consents(sides)
    assert [("email", 100, 0), ("social", 0, 100)] == [
        (each.channel, each.value_before, each.value_after) for each in people.attribution(sides)
    ]


def manifest(**texts: str) -> dict[str, Any]:
    """Models a → b → c and a seed that c reads; `texts` are their SQL, or the seed's content."""
    reads = {"a": [], "b": ["model.a"], "c": ["model.b", "seed.s"], "s": []}
    nodes: dict[str, Mapping[str, Any]] = {}
    for name, text in texts.items():
        kind = "seed" if name == "s" else "model"
        nodes[f"{kind}.{name}"] = {
            "name": name, "alias": name, "schema": "marts", "resource_type": kind,
            "config": {"materialized": "table"}, "depends_on": {"nodes": reads[name]},
            "compiled_code": text, "checksum": {"checksum": text},
        }  # fmt: skip
    return {"nodes": nodes}


def test_what_differs_is_built_and_what_reads_it() -> None:
    """Another text of b builds b and c, another seed what reads it, and the same nothing."""
    held = manifest(a="1", b="1", c="1", s="1")

    assert ("b", "c") == selection.select(held, manifest(a="1", b="2", c="1", s="1"), None).names
    assert ("c", "s") == selection.select(held, manifest(a="1", b="1", c="1", s="2"), None).names
    assert () == selection.select(held, held, None).names
    assert 4 == len(selection.select(held, held, "asked").names)
    assert ["s"] == selection.missing(held, manifest(a="1", b="1", c="1"))


def test_words_that_may_quote_a_row_are_not_repeated() -> None:
    """A missing column is told in dbt's words; of a value that cannot be cast only the kind is."""
    binder = 'Runtime Error in model m\n  Binder Error: no column "grade"'
    cast = "Runtime Error in model m\n  Conversion Error: Could not convert 'ada@analytical.io'"

    assert 'Runtime Error in model m Binder Error: no column "grade"' == words.harmless(binder)
    assert "ada@" not in words.harmless(cast)
    assert "Conversion Error" in words.harmless(cast)


def test_only_rows_that_the_change_makes_other_count_as_deliveries() -> None:
    """What would go out anyway does not count; a payload that becomes another does."""
    effect = Effect("act_hubspot__contacts", "hubspot", "upsert_contact")
    before = {
        "same": ("create", "1"), "other": ("unchanged", "1"), "gone": ("queued", "1"),
        "anyway": ("create", "1"),
    }  # fmt: skip
    after = {
        "same": ("create", "1"), "other": ("update", "2"), "gone": ("withdraw", None),
        "new": ("create", "9"), "refused": ("refuse", "3"), "anyway": ("create", "2"),
    }  # fmt: skip

    told = difference(effect, before, after, {})

    assert (1, 2, 1, 1) == (told.new, told.superseding, told.cancelled, told.kept_back)
    assert told.requests is None


def test_limits_name_what_is_above_them() -> None:
    """A figure at its limit is within it; a name or number that is none is refused."""
    told = limits.parse(["mqls_gained=1, people_merged=0", "deliveries=1000"])

    assert ["people_merged is 1, at most 0 allowed"] == [
        str(each) for each in limits.passed(CHANGED, told)
    ]
    assert [] == limits.passed(EMPTY, dict.fromkeys(limits.FIGURES, 0))
    for wrong in ("mqls=1", "mqls_lost=few", "mqls_lost=-1", "mqls_lost=nan", "mqls_lost"):
        with pytest.raises(SettingError, match="no limit"):
            limits.parse([wrong])


MARKDOWN = """\
### Preview of this change

**Above the limit:** people_merged is 1, at most 0 allowed.

1 people merged; 2 scores changed; 1 rules broken by rows; 1 MQLs gained; 1 owners changed; \
1 consents lost; 1 deliveries would follow; 2 rows of 1 models change.

Compared with what was published on 2026-03-02 12:00 UTC (events up to position 812). \
Of the models and seeds 2 of 210 were built.

<details><summary>Rules that rows break</summary>

| test |
| --- |
| unique_key: 2 rows |

</details>

<details><summary>Identity</summary>

| what | person | others |
| --- | --- | --- |
| people | 3 → 2 |  |
| merged | p1 | p1, p3 |

</details>

<details><summary>Scores</summary>

| what | people | sample |
| --- | --- | --- |
| up | 2 | most +15 |
| up or down | 2 | median +5, 10 % at most +5, 90 % at most +15 |
| up to +10 | 1 |  |
| +10 to +25 | 1 |  |
| now above the threshold | 1 | p2 |

</details>
"""


def test_a_report_reads_well_on_a_pull_request() -> None:
    """What is above a limit and the summary come first, all else is folded."""
    told = report.markdown(CHANGED, limits.passed(CHANGED, {"people_merged": 0}))

    assert told.startswith(MARKDOWN)
    assert [
        "Rules that rows break", "Identity", "Scores", "MQLs", "Owners", "Consent",
        "Deliveries that would follow", "Models whose rows change",
    ] == [each.title for each in report.sections(CHANGED)]  # fmt: skip
    assert "| hubspot create_task | 1 | 0 | 0 | 0 | 1 | 0.0 |" in told
    assert "| fct_scores | 0 | 0 | 2 | fit (2), total (2) |" in told


def test_a_change_of_nothing_says_so() -> None:
    """No section, and one sentence."""
    told = report.markdown(EMPTY, [])

    assert report.NOTHING in told
    assert "<details>" not in told


def publish(folder: Path, position: int) -> Path:
    """A published copy whose events end there."""
    file = folder / "warehouse.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute("create schema if not exists raw")
        connection.execute(
            f"create or replace table raw.events as select cast({position} as bigint) as position"
        )
    made = folder / "made.json"
    made.write_text('{"nodes": {}}')
    published = folder / "published" / "warehouse.duckdb"
    warehouse.publish(file, published, activation=(), now=NOW, manifest=made, functions="f")
    return published


def test_the_copy_is_held_while_production_publishes_the_next(tmp_path: Path) -> None:
    """A batch that publishes meanwhile changes nothing of what the preview reads."""
    folder = tmp_path / "preview"
    folder.mkdir()
    published = publish(tmp_path, 3)
    base = pin(published, folder)
    publish(tmp_path, 7)

    with warehouse.connect(base.warehouse) as connection:
        assert 3 == base.log_position == warehouse.log_position(connection)
    assert ("f", NOW) == (base.functions, base.published_at)
    assert 7 == pin(published, folder).log_position


def test_a_copy_that_does_not_fit_what_is_told_of_it_is_refused(tmp_path: Path) -> None:
    """The description of another copy is an error with a code, and so is none at all."""
    folder = tmp_path / "preview"
    folder.mkdir()
    published = publish(tmp_path, 3)
    shutil.copyfile(published.with_name("publication.json"), tmp_path / "kept.json")
    publish(tmp_path, 7)
    os.replace(tmp_path / "kept.json", published.with_name("publication.json"))  # noqa: PTH105

    with pytest.raises(WarehouseError):
        pin(published, folder)
    with pytest.raises(WarehouseMissingError):
        pin(tmp_path / "nowhere" / "warehouse.duckdb", folder)


def test_a_folder_that_is_no_project_is_told_before_anything_is_done(tmp_path: Path) -> None:
    """Without dbt's files, or without a seed that production checks: an error with a code."""
    home = tmp_path / "home"
    question = Question(tmp_path, home / "published" / "warehouse.duckdb")
    settings = Settings(home=home, _env_file=None)

    with pytest.raises(SettingError, match="no dbt project"):
        run(settings, question, now=NOW, progress=print)
    for name in ("dbt_project.yml", "profiles.yml"):
        (tmp_path / name).touch()
    with pytest.raises(PreviewBuildError, match=r"score_versions\.csv is missing"):
        run(settings, question, now=NOW, progress=print)
    assert not home.exists()
