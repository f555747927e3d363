"""The Dagster UI as somebody sees it in a browser, after the demo."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from harness import Installation, free_port
from support.browser import EXECUTABLE, Page, browser

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def ui(installation: Installation) -> str:
    """The UI of an installation whose demo has run."""
    if EXECUTABLE is None:
        if os.environ.get("CI") == "true":
            pytest.fail("chromium is not installed")
        pytest.skip("chromium is not installed")
    installation.environment["MILLRACE_HOME"] = str(installation.home / "demo")
    installation.millrace("demo")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    installation.start("ui", "--port", str(port), ready=f"{url}/server_info", in_background=True)
    return url


@pytest.fixture(scope="module")
def page(ui: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    assert ui
    with browser(tmp_path_factory.mktemp("browser")) as page:
        yield page


def test_the_catalogue_shows_the_layers(ui: str, page: Page) -> None:
    """All five groups are there to choose from."""
    page.open(f"{ui}/asset-groups")
    page.waits_for("ingestion", "staging", "marts", "activation", "operations")


def test_the_run_of_the_demo_succeeded(ui: str, page: Page) -> None:
    """The list of runs shows the batch, and that it succeeded."""
    page.open(f"{ui}/runs")
    page.waits_for("batch", "Success")


def test_the_published_copy_shows_its_figures(ui: str, page: Page) -> None:
    """The funnel is a table with bars in the last materialization, beside owner and freshness."""
    page.open(f"{ui}/assets/warehouse/published?view=overview")
    text = page.waits_for("revops", "Freshness policy", "Passing", "funnel", "Organic Social")
    assert any(line.startswith("Leads\t█") for line in text.splitlines()), text


def test_contracts_show_as_checks(ui: str, page: Page) -> None:
    """The golden record's checks are listed with how they ended; sensors may have begun to build
    once more."""
    page.open(f"{ui}/assets/marts/dim_people?view=checks")
    page.waits_for("contract", "Succeeded", seconds=300)
