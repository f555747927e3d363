"""Both lanes beside each other: what a comparison finds, tells and keeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from rich.console import Console

from orchestration.commands.status import tell_lane
from orchestration.errors import WarehouseMissingError
from orchestration.lane_parity import check, record
from orchestration.lane_parity.cells import Found, differences, only_in
from orchestration.lane_parity.outcome import Compared, Difference, Parity
from orchestration.settings import Settings
from orchestration.status import take_status

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
ADA = {"id": "p1", "email": "ada@example.com", "score": 70}
ANN = {"id": "p2", "email": "ann@example.com", "score": None}


def told(
    published: Sequence[Mapping[str, Any]], made: Sequence[Mapping[str, Any]]
) -> list[tuple[str, str | None]]:
    return [(each.what, each.column) for each in differences(["id"], published, made)]


def test_a_changed_cell_is_told_by_its_column() -> None:
    """Only the cells that differ, each with the classes of both values and neither value."""
    found = list(differences(["id"], [ADA, ANN], [ANN | {"score": 3}, ADA | {"email": "a@b.de"}]))

    assert found == [
        Found("changed", ADA, "email", "text:email", "text:email"),
        Found("changed", ANN, "score", "null", "integer"),
    ]


def test_a_row_of_one_side_alone_is_told_as_a_whole() -> None:
    """What is published and not made is missing; what is made and not published is too many."""
    assert [("missing", None)] == told([ADA], [])
    assert [("too_many", None)] == told([], [ADA])
    assert [("missing", None), ("too_many", None)] == told([ADA], [ANN])


def test_a_row_that_is_there_twice_is_found() -> None:
    """Rows that should be told apart and are not still pair one to one."""
    assert [("changed", "score"), ("too_many", None)] == told(
        [ADA], [ADA | {"score": 1}, ADA | {"score": 1}]
    )


def test_without_a_key_each_row_stands_for_itself() -> None:
    """Where nothing says which rows are the same, one is missing and one too many."""
    found = differences([], [ADA], [ADA | {"score": 1}])
    assert ["missing", "too_many"] == [each.what for each in found]


def test_what_both_sides_hold_is_set_apart_by_the_database() -> None:
    """Each row counts as often as it is there, and nothing equals nothing."""
    with duckdb.connect() as connection:
        connection.execute(
            "create table one as from (values (1, null), (1, null), (2, 'x')) t(a, b)"
        )
        connection.execute(
            "create table two as from (values (2, 'x'), (1, null), (3, 'y')) t(a, b)"
        )
        assert [{"a": 1, "b": None}] == only_in(connection, "one", "two", ["a", "b"])
        assert [{"a": 3, "b": "y"}] == only_in(connection, "two", "one", ["a", "b"])


def parity(*found: Difference) -> Parity:
    compared = Compared(2, 2, 9, 3, 40, True, 0, len(found), found)
    return Parity(NOW, 12, NOW, 1.5, compared)


WRONG = Difference("fct_scores", "changed", "score", "person-1", "integer", "null")


def test_nothing_is_said_before_the_first_check(tmp_path: Path) -> None:
    """An installation that never compared has no answer, and an age of nothing."""
    lane = take_status(Settings(home=tmp_path), now=NOW)["lane"]
    assert {
        "position": 0,
        "waiting": 0,
        "lag_seconds": None,
        "reference": None,
        "parity": None,
    } == (lane)


def test_the_last_answer_is_kept(tmp_path: Path) -> None:
    """`status` tells what the last check said, of which position, and where the lanes disagree."""
    settings = Settings(home=tmp_path)
    record.write(settings, parity())
    record.write(settings, parity(WRONG))
    kept = take_status(settings, now=NOW)["lane"]["parity"]

    assert (False, "LANE_PARITY", 12, 1) == tuple(
        kept[name] for name in ("passed", "code", "log_position", "found")
    )
    assert ("fct_scores", "score", "person-1") == tuple(
        kept["differences"][0][name] for name in ("model", "column", "person_id")
    )
    assert kept["checked_at"] == NOW.isoformat()


def test_a_check_that_cannot_be_carried_out_is_no_agreement(tmp_path: Path) -> None:
    """Its code is kept in the place of an answer that is older."""
    settings = Settings(home=tmp_path)
    record.write(settings, parity())
    with pytest.raises(WarehouseMissingError):
        check.run(settings, now=NOW)

    kept = record.last(settings)
    assert kept is not None
    assert (False, "WAREHOUSE_MISSING") == (kept["passed"], kept["code"])


def test_the_report_names_model_column_and_person() -> None:
    """For the Dagster UI and the command line: where, whose, and classes of values."""
    assert "| fct_scores | changed | score | person-1 | integer | null |" in record.markdown(
        parity(WRONG)
    )
    assert "fct_scores.score of person person-1" in str(record.disagreement(parity(WRONG)))
    assert "40 rows of 2 people" in record.markdown(parity())


@pytest.mark.parametrize(
    ("kept", "words"),
    [
        (record.as_dict(parity()), "40 rows of 2 people are the same at position 12"),
        (record.as_dict(parity(WRONG)), "LANE_PARITY at position 12. `millrace lane parity`"),
    ],
)
def test_status_reads_well(kept: Mapping[str, Any], words: str) -> None:
    """Lag, age of the reference and agreement, each in a sentence."""
    reference = {"log_position": 12, "age_seconds": 90.0}
    lane = {"position": 15, "waiting": 2, "lag_seconds": 3.0, "reference": reference}
    out = Console(width=200)
    with out.capture() as captured:
        tell_lane({**lane, "parity": kept}, out)

    assert words in captured.get()
    assert "2 events waiting (oldest 3 s); its reference is 90 s old, of position 12" in (
        captured.get()
    )
