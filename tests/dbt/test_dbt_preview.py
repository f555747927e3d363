"""A changed project beside what is published, built by dbt itself."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
from dbt_builders import at, typeform
from dbt_warehouse import Warehouse
from rich.console import Console

from ingestion.event_log import NewEvent
from orchestration import connections, dbt, decisions, destinations, warehouse
from orchestration.commands import preview as command
from orchestration.errors import PreviewBuildError
from orchestration.preview import limits, project, report
from orchestration.preview.outcome import Report
from orchestration.preview.run import ASKED_FOR, Question, run
from orchestration.settings import Settings

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore"),  # of libraries
]

NOW = datetime(2026, 12, 1, tzinfo=UTC)
HOT, WARM, COLD = "ada@analytical.example", "carl@works.example", "dora@looms.example"
ANNA, BERND = "anna@family.example", "bernd@family2.example"
EVENTS = [
    typeform("hot", at(1), email=HOT, first_name="Ada", last_name="Lovelace",
             job_title="VP Engineering", employees=250, interest="demo"),
    typeform("warm", at(2), email=WARM, first_name="Carl", last_name="Weaver",
             job_title="Head of Sales"),
    typeform("cold", at(3), email=COLD, first_name="Dora", last_name="Spinner"),
    typeform("family-1", at(4), email=ANNA, phone="+4930123456", first_name="Anna",
             last_name="Meyer"),
    typeform("family-2", at(5), email=BERND, phone="+4930123456", first_name="Bernd",
             last_name="Meyer"),
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Installation:
    settings: Settings
    people: dict[str, str]
    """E-mail → person id."""

    def preview(self, source: Path, *, full: bool = False) -> Report:
        question = Question(source, self.settings.published, full=full)
        return run(self.settings, question, now=NOW, progress=lambda _step: None)


Copy = Callable[[], Path]


@pytest.fixture(scope="module")
def installation(warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """What a batch over EVENTS published, with the text that dbt compiles for these settings."""
    warehouse.build(EVENTS)
    warehouse.query("checkpoint")
    home = tmp_path_factory.mktemp("installation") / "home"
    settings = Settings(home=home, _env_file=None)
    home.mkdir()
    shutil.copyfile(warehouse.path, settings.warehouse)
    people = {row["email"]: row["person_id"] for row in warehouse.rows("marts.dim_people")}
    publish(settings, settings.warehouse)
    return Installation(settings, people)


def publish(settings: Settings, built: Path) -> None:
    scratch = settings.home / "compiled"
    scratch.mkdir()
    shutil.copyfile(built, scratch / "published.duckdb")
    made = project.prepare(settings, dbt.PROJECT_DIR, scratch, scratch / "published.duckdb")
    manifest = scratch / "manifest.json"
    manifest.write_text(json.dumps(made.compile()))
    warehouse.publish(
        built,
        settings.published,
        activation=[each.table for each in destinations.effects(settings.destinations)],
        now=NOW,
        manifest=manifest,
        functions=dbt.functions_fingerprint(dbt.PROJECT_DIR),
    )


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    """Makes an analyst's working copy."""

    def make() -> Path:
        ignored = shutil.ignore_patterns("target", "logs", "__pycache__")
        return shutil.copytree(dbt.PROJECT_DIR, tmp_path / "dbt_project", ignore=ignored)

    return make


def kept(file: Path) -> tuple[int, int, int]:
    """What tells whether a file was written, or another was put in its place."""
    found = file.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def test_the_same_project_changes_nothing(installation: Installation) -> None:
    """Nothing is built, all figures are zero, and the report says so."""
    told = installation.preview(dbt.PROJECT_DIR)

    assert () == told.built.models
    assert dict.fromkeys(limits.FIGURES, 0) == limits.figures(told)
    assert report.NOTHING == report.summary(told)
    assert not (installation.settings.home / "preview").exists()


def test_building_the_same_project_anew_changes_nothing(installation: Installation) -> None:
    """Every model built again from the raw rows gives every published cell."""
    told = installation.preview(dbt.PROJECT_DIR, full=True)

    assert ASKED_FOR == told.built.reason
    assert told.built.of == len(told.built.models) > 200
    assert () == told.models
    assert dict.fromkeys(limits.FIGURES, 0) == limits.figures(told)


def test_a_score_rule_moves_exactly_the_people_it_is_about(
    installation: Installation, copy: Copy
) -> None:
    """Twenty-five more points for senior titles: two scores move, one person becomes an MQL and
    gets an owner and a call task; nobody's address is told."""
    changed, before = copy(), kept(installation.settings.published)
    edit(changed / "seeds" / "score_rules.csv", "director|head,20,,", "director|head,45,,")
    told = installation.preview(changed)
    hubspot = {each.action: each for each in told.deliveries if each.destination == "hubspot"}
    spoken = Console(record=True, width=200, file=open(os.devnull, "w"))  # noqa: PTH123, SIM115
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(command, "out", spoken)
        command._tell(told)

    assert (2, 2, 0) == (told.scores.changed, told.scores.up, told.scores.down)
    assert [25, 25] == [told.scores.spread[0], told.scores.spread[-1]]
    assert [installation.people[WARM]] == [mql.person_id for mql in told.mqls.gained]
    assert ((installation.people[WARM],), ()) == (told.scores.above_sample, told.mqls.lost)
    assert [(None, 1)] == [(each.before, each.people) for each in told.owners]
    task, contact = hubspot["create_task"], hubspot["upsert_contact"]
    assert (1, 1, 0) == (task.new, task.superseding, task.cancelled)  # the MQL's tells its score
    assert (0, 2) == (contact.new, contact.superseding)
    assert "score_rules" in told.built.models
    assert "int_record_people" not in told.built.models
    assert None is told.built.reason
    everything = report.markdown(told, []) + json.dumps(report.as_dict(told, []), default=str)
    for email in (HOT, WARM, COLD, ANNA, BERND):
        assert email not in everything + spoken.export_text()
    assert installation.people[WARM] in everything
    assert before == kept(installation.settings.published)


def test_a_decision_stands_whatever_the_rules_say_now(
    installation: Installation, copy: Copy
) -> None:
    """A threshold that nobody reaches loses the MQL of the published copy, unless the log has
    decided it since: then it stays, with its owner and its task."""
    changed, settings = copy(), installation.settings
    edit(changed / "seeds" / "score_versions.csv", "v1,live,rules,50,", "v1,live,rules,500,")
    undecided = installation.preview(changed)
    with (
        closing(connections.event_log(settings)) as log,
        warehouse.connect(settings.published) as connection,
    ):
        while log.head() < len(EVENTS):  # the log is as long as what was published of it
            log.append([other_event(log.head())])
        decisions.append_decisions(log, decisions.undecided(connection), now=NOW)
    decided = installation.preview(changed)
    Path(settings.log_url.removeprefix("sqlite:///")).unlink()

    assert [installation.people[HOT]] == [mql.person_id for mql in undecided.mqls.lost]
    assert (0, 1) == (undecided.newer_decisions, len(undecided.owners))
    assert (2, (), ()) == (decided.newer_decisions, decided.mqls.lost, decided.mqls.gained)
    assert [] == decided.owners
    assert "create_task" not in {each.action for each in decided.deliveries}
    assert (0, 1) == (decided.scores.changed, decided.scores.below)


def other_event(number: int) -> NewEvent:
    return NewEvent(source="standard", event_key=str(number), kind="webhook", received_at=NOW,
                    body=b"{}", headers={}, correlation_id="c")  # fmt: skip


def test_a_match_rule_merges_people(installation: Installation, copy: Copy) -> None:
    """Phone and last name without the initial: two relatives become one person."""
    changed = copy()
    edit(changed / "seeds" / "match_rules.csv", "phone_name,first_initial,3,composite\n", "")
    told = installation.preview(changed)

    assert (5, 4, 1, 0) == (
        told.identity.people_before, told.identity.people_after, told.identity.merged,
        told.identity.split,
    )  # fmt: skip
    (joined,) = told.identity.merged_sample
    assert {installation.people[ANNA], installation.people[BERND]} == set(joined.others)


def test_a_variable_is_a_change_too(installation: Installation, copy: Copy) -> None:
    """What a variable alters in the compiled text is built, although no model's file changed."""
    changed = copy()
    edit(changed / "dbt_project.yml", "reasons_in_a_note: 5", "reasons_in_a_note: 1")
    told = installation.preview(changed)

    assert "act_hubspot__notes" in told.built.models
    assert ["act_hubspot__notes"] == [each.model for each in told.models]
    assert {"payload", "payload_hash"} <= set(told.models[0].cells)


def test_a_column_that_is_missing_is_told_in_dbts_words(
    installation: Installation, copy: Copy
) -> None:
    """A mart without a column of its contract, and a model that is not there: one code, and what
    dbt says of it; nothing is left behind."""
    changed = copy()
    edit(changed / "models" / "marts" / "fct_scores.sql", "        heads.scored_at\n",
         "        heads.scored_at as scored\n")  # fmt: skip
    with pytest.raises(PreviewBuildError, match=r"fct_scores: .*contract"):
        installation.preview(changed)
    edit(changed / "models" / "marts" / "fct_scores.sql", "int_golden_records", "int_no_records")
    with pytest.raises(PreviewBuildError, match="int_no_records"):
        installation.preview(changed)
    assert not (installation.settings.home / "preview").exists()


def test_an_analyst_builds_while_a_batch_has_the_warehouse(installation: Installation) -> None:
    """`dbt build --target dev` reads the published copy alone: it ends well while another process
    holds the warehouse file and its lock."""
    settings = installation.settings
    mine = settings.home / "dev.duckdb"
    environment = {
        **os.environ,
        **dbt.environment(settings),
        "MILLRACE_DEV_WAREHOUSE": str(mine),
        "MILLRACE_PUBLISHED": str(settings.published),
        "DBT_TARGET_PATH": str(settings.home / "dev-target"),
    }
    build = [str(dbt.EXECUTABLE), "--quiet", "build", *dbt.FOLDERS, "--target", "dev",
             "--exclude-resource-type", "unit_test"]  # fmt: skip
    with (
        warehouse.exclusive(settings.warehouse),
        closing(duckdb.connect(str(settings.warehouse))) as batch,
    ):
        batch.execute("create table held_by_a_batch as select 1 as one")
        done = subprocess.run(build, env=environment, capture_output=True, text=True, check=False)

    assert 0 == done.returncode, done.stdout + done.stderr
    with warehouse_of(mine) as connection:
        assert [(5,)] == connection.execute("select count(*) from marts.dim_people").fetchall()


def warehouse_of(file: Path) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(str(file), read_only=True)
