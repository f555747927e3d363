"""Charts and tables that the Dagster UI shows."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import duckdb
import pytest

from orchestration import charts, figures
from orchestration.incremental.told import ROW_COUNT, with_tables


def test_bars_are_in_proportion_and_nothing_is_no_bar() -> None:
    """The longest has the full width; what is more than nothing can be seen."""
    assert charts.WIDTH == len(charts.bar(10, 10)) == 2 * len(charts.bar(5, 10))
    assert ("", "▏") == (charts.bar(0, 10), charts.bar(0.0001, 10))
    assert "" == charts.bar(1, 0)


def test_where_nothing_is_nothing_is_drawn() -> None:
    """Bars of nothing and a table without rows say so."""
    assert {charts.NOTHING} == {charts.bars("n", {"a": 0}, {}), charts.table(("a",), [])}


def test_a_table_keeps_its_columns() -> None:
    """Numbers stand right, and a bar within a text divides no cell."""
    lines = charts.table(("name", "n"), [("a|b", 1234), ("c", None)]).splitlines()
    assert ["| name | n |", "|:--|--:|", "| a\\|b | 1,234 |", "| c |  |"] == lines


def test_the_funnel_tells_the_share_of_each_step() -> None:
    """Of the step before; where nobody was, there is no share."""
    page = figures.funnel({"leads": 200, "mqls": 50, "sqls": 0, "won": 0})
    assert "| Leads | ████████████████████████ | 200 |  |" in page
    assert "| MQLs | ██████ | 50 | 25.0 % of Leads |" in page
    assert "| SQLs |  | 0 | 0.0 % of MQLs |" in page
    assert "| Won |  | 0 |  |" in page


def test_attribution_shows_channels_by_their_conversions() -> None:
    """Every model has its column; the bars follow one of them."""
    rows = [
        {"channel": "paid", "model": "linear", "conversions": 1.5},
        {"channel": "email", "model": "linear", "conversions": 3.0},
        {"channel": "email", "model": "first", "conversions": 4.5},
    ]
    lines = figures.attribution(rows).splitlines()
    assert "| email | ████████████████████████ | 4.5 | 0.0 | 3.0 | 0.0 | 0.0 |" == lines[2]
    assert lines[3].startswith("| paid | ████████████ |")


def test_speed_is_a_histogram() -> None:
    """Each lead falls into the first bucket that it is not slower than."""
    page = figures.speed([0.2, 1, 1.001, 59, 90_000])
    counts = [int(line.split("|")[3]) for line in page.splitlines()[2:]]
    assert [2, 1, 0, 1, 0, 0, 1] == counts
    assert "| > 3600 |" in page


def test_outcomes_show_each_destination() -> None:
    """One row a destination, one column a state."""
    rows = [
        {"destination": "meta", "state": "delivered", "deliveries": 3},
        {"destination": "meta", "state": "dead", "deliveries": 1},
        {"destination": "ga4", "state": "pending", "deliveries": 2},
    ]
    page = figures.outcomes(rows)
    assert "| Destination | delivered | delivered | dead | pending |" in page
    assert "| meta | ██████████████████ | 3 | 1 | 0 |" in page
    assert "| ga4 |  | 0 | 0 | 2 |" in page


def test_rows_are_counted_as_they_are(tmp_path: Path) -> None:
    """Exactly, also after rows went; views are left out."""
    with duckdb.connect(str(tmp_path / "w.duckdb")) as connection:
        connection.execute("create schema marts")
        connection.execute("create table marts.people as select range as n from range(10)")
        connection.execute("create view marts.seen as from marts.people")
        connection.execute("delete from marts.people where n < 3")
        assert {"marts/people": 7} == figures.row_counts(connection)


def test_dbt_outputs_get_their_rows() -> None:
    """All else goes on as it is, in order."""
    output = dg.Output(None, "marts__dim_people", metadata={"took": 1})
    check = dg.AssetCheckResult(passed=True)
    tables = {"marts/dim_people": {ROW_COUNT: 7}}
    told = list(with_tables(iter([output, check]), lambda: tables, wanted=1, progress=print))
    assert {"took": 1, ROW_COUNT: 7} == {k: v.value for k, v in told[0].metadata.items()}
    assert check is told[1]


def test_how_far_dbt_is_is_told_while_it_builds() -> None:
    """Before the first table is reported, which waits for dbt's end."""
    told: list[str] = []
    outputs = [dg.Output(None, f"marts__m{number}") for number in range(60)]
    reported = with_tables(iter(outputs), dict, wanted=60, progress=told.append)
    next(reported)
    assert [
        "dbt has built 25 of 60 tables and views.",
        "dbt has built 50 of 60 tables and views.",
    ] == told


def test_what_dbt_built_before_it_failed_is_told() -> None:
    """Without rows, and then the failure."""
    output = dg.Output(None, "marts__dim_people")

    def events():
        yield output
        raise RuntimeError("dbt failed")

    told = with_tables(events(), dict, wanted=1, progress=print)
    assert output is next(told)
    with pytest.raises(RuntimeError):
        next(told)
