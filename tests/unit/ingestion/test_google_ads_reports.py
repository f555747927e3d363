"""What campaigns cost, from files that Google Ads exported."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

import orjson
import pytest

from ingestion.contracts import ContractSet
from ingestion.pulls.pull import Pull
from ingestion.pulls.state import PullState
from ingestion.sources.google_ads import google_ads

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
HEADER = "Day,Customer ID,Campaign ID,Campaign,Currency code,Cost,Impr.,Clicks"
TITLES = "Campaign report\nMarch 1, 2026 - March 2, 2026\n"


class NoApi:
    """Files need no requests."""

    requests = 0


class Folder:
    """A folder of reports, pulled into a log at times an hour apart."""

    def __init__(self, path, log):
        self.path, self.log, self.now = path, log, NOON

    def drop(self, name, *lines, encoding="utf-8", header=HEADER, titles=TITLES):
        content = titles + "\n".join([header, *lines]) + "\n"
        file = self.path / name
        file.write_bytes(content.encode(encoding))
        self.now += timedelta(hours=1)
        os.utime(file, (self.now.timestamp(), self.now.timestamp()))

    def pull(self):
        pull = Pull(self.log, PullState(self.log), lambda: self.now)
        [report] = pull.run(google_ads(self.path), NoApi())
        return report

    def amounts(self):
        events = self.log.read(source="googleads")
        return [orjson.loads(event.body)["data"]["amount"] for event in events]


@pytest.fixture
def folder(tmp_path, log):
    (tmp_path / "reports").mkdir()
    return Folder(tmp_path / "reports", log)


def row(day="2026-03-01", cost="9.50", campaign="c-1"):
    return f'{day},123-456-7890,{campaign},"Brand, EU",EUR,{cost},"1,200",20'


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_report_becomes_events(folder, encoding):
    """Each day of a campaign is one event that keeps its contract; totals are none."""
    total = 'Total: Account,--,--,--,EUR,"1,234.50",1200,20'
    folder.drop("a.csv", row(), row(cost='"1,234.50"', campaign="c-2"), total, encoding=encoding)
    assert (None, 2, 2) == ((report := folder.pull()).code, report.read, report.new)
    assert ["9.50", "1234.50"] == folder.amounts()
    check = ContractSet.load().check
    events = folder.log.read(source="googleads")
    assert {("standard/ad_spend/1.0.0", None)} == {
        (found.contract, found.problem_code)
        for found in (check(each.source, each.body) for each in events)
    }


def test_the_export_for_excel_is_read(folder):
    """Tabs and UTF-16."""
    line = "2026-03-01\t123\tc-1\tBrand\tEUR\t9.50\t1\t2"
    folder.drop("a.csv", line, encoding="utf-16", header=HEADER.replace(",", "\t"))
    assert (None, ["9.50"]) == (folder.pull().code, folder.amounts())


def test_only_what_changed_is_stored_again(folder):
    """A later report of the same day replaces it, also when a value comes back; the earlier file
    may stay."""
    folder.drop("b.csv", row(cost="9.50"), row(campaign="c-2"))
    folder.pull()
    folder.drop("a.csv", row(cost="12.00"))
    assert [1, 0] == [folder.pull().new, folder.pull().new]
    folder.drop("c.csv", row(cost="9.50"))
    assert [1, 0] == [folder.pull().new, folder.pull().new]
    assert ["9.50", "9.50", "12.00", "9.50"] == folder.amounts()


def test_a_value_that_is_no_number_is_quarantined(folder):
    """It is kept, and its contract says what is wrong."""
    folder.drop("a.csv", row(cost="free"))
    folder.pull()
    [event] = folder.log.read(source="googleads")
    found = ContractSet.load().check(event.source, event.body)
    assert ("FIELD_FORMAT", "/data/amount") == (found.problem_code, found.problem_path)


@pytest.mark.parametrize(
    ("lines", "header"),
    [
        ([row()], HEADER.replace("Cost", "Kosten")),
        ([row()], "Nothing"),
        (["2026-03-01,1"], HEADER),
    ],
    ids=["a column is missing", "no columns", "a short row"],
)
def test_a_broken_file_is_told_and_the_others_are_read(folder, lines, header):
    """It has a code; what the good files hold is stored."""
    folder.drop("bad.csv", *lines, header=header)
    folder.drop("good.csv", row())
    report = folder.pull()
    assert ("PULL_FILE_INVALID", 1) == (report.code, report.new)
    assert "bad.csv" in report.message


def test_a_missing_folder_is_told(folder):
    """With a code."""
    folder.path.rmdir()
    assert "PULL_FILE_INVALID" == folder.pull().code
