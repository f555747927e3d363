from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from orchestration.errors import SettingError
from orchestration.settings import Settings, load_settings, misspelt_settings, webhook_secrets
from reverse_etl.connectors import HubSpotSettings, MetaSettings
from reverse_etl.connectors.settings import is_loopback, secret


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("MILLRACE_HOME", "MILLRACE_LOG_URL", "MILLRACE_WAREHOUSE"):
        monkeypatch.delenv(name, raising=False)


def test_home_holds_everything_embedded(tmp_path: Path) -> None:
    """Log, ledger and warehouse live under MILLRACE_HOME unless one is moved."""
    settings = Settings(home=tmp_path / "home", ledger_url="sqlite:////elsewhere/ledger.sqlite")

    assert settings.log_url == f"sqlite:///{tmp_path / 'home' / 'event_log.sqlite'}"
    assert settings.ledger_url == "sqlite:////elsewhere/ledger.sqlite"
    assert settings.warehouse == tmp_path / "home" / "warehouse.duckdb"


def test_relative_home_becomes_absolute(tmp_path: Path) -> None:
    """A child process with another working folder finds the same home."""
    assert load_settings().home == tmp_path / ".millrace"


def test_wrong_setting_is_named_without_its_value(monkeypatch: pytest.MonkeyPatch) -> None:
    """A setting that does not parse is named; its value (maybe a secret) is not printed."""
    monkeypatch.setenv("MILLRACE_MAX_BODY_BYTES", "hunter2")

    with pytest.raises(SettingError) as raised:
        load_settings()

    assert "MILLRACE_MAX_BODY_BYTES" in str(raised.value)
    assert "hunter2" not in str(raised.value)


def test_unsupported_database_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that is not supported yet is refused when settings are read, not half way in."""
    monkeypatch.setenv("MILLRACE_LOG_URL", "mysql://user:hunter2@db/log")

    with pytest.raises(SettingError, match="MILLRACE_LOG_URL") as raised:
        load_settings()

    assert "hunter2" not in str(raised.value)


def test_rotating_secrets_are_split() -> None:
    """Two secrets with a comma are both valid while a vendor rotates."""
    found = webhook_secrets({"MILLRACE_WEBHOOK_SECRET_TYPEFORM": "old, new,", "OTHER": "x"})

    assert found == {"typeform": ("old", "new")}


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:8090", True),
        ("http://localhost:1", True),
        ("http://[::1]:1", True),
        ("https://api.hubapi.com", False),
        ("https://127.0.0.1.example.com", False),
        ("not a url", False),
    ],
)
def test_only_loopback_counts_as_sandbox(url: str, expected: bool) -> None:
    """Only this machine itself gets away without credentials."""
    assert is_loopback(url) is expected


def test_secrets_do_not_show_in_repr(monkeypatch: pytest.MonkeyPatch) -> None:
    """Printing the settings shows no token."""
    monkeypatch.setenv("MILLRACE_HUBSPOT_TOKEN", "pat-very-secret")

    assert "pat-very-secret" not in repr(load_settings())


@pytest.mark.parametrize("name", ["log", "ledger"])
@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_databases_on_postgresql(monkeypatch: pytest.MonkeyPatch, name: str, scheme: str) -> None:
    """The URLs of log and ledger may spell PostgreSQL in each of the usual ways."""
    monkeypatch.setenv(f"MILLRACE_{name.upper()}_URL", f"{scheme}://user@db/x")
    assert getattr(load_settings(), f"{name}_url") == f"{scheme}://user@db/x"


def test_a_sandbox_needs_no_credentials() -> None:
    """What a destination on loopback lacks is filled in; of a real one it is named."""
    assert MetaSettings(url="http://127.0.0.1:1").missing == ()
    assert secret(HubSpotSettings(url="http://127.0.0.1:1", token="mine").token) == "mine"
    assert MetaSettings().missing == ("token", "dataset")


def test_each_destination_has_settings_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """MILLRACE_<DESTINATION>_<FIELD> sets it; a wrong one is named in full, without its value."""
    monkeypatch.setenv("MILLRACE_HUBSPOT_REQUESTS_PER_10S", "190")
    monkeypatch.setenv("MILLRACE_HUBSPOT_TIMEOUT", "2.5")
    monkeypatch.setenv("MILLRACE_META_URL", "http://hunter2.example")

    with pytest.raises(SettingError, match="MILLRACE_META_URL") as raised:
        load_settings()
    assert "hunter2" not in str(raised.value)
    monkeypatch.delenv("MILLRACE_META_URL")
    assert load_settings().hubspot.requests_per_10s == 190
    assert load_settings().hubspot.timeout == timedelta(seconds=2.5)


def test_an_unknown_destination_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """MILLRACE_DESTINATIONS names only what exists."""
    monkeypatch.setenv("MILLRACE_DESTINATIONS", "hubspot, carrier_pigeon")
    with pytest.raises(SettingError, match="MILLRACE_DESTINATIONS"):
        load_settings()


def test_a_misspelt_setting_is_told_with_the_one_that_was_meant(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A slip in a name would else be a setting that silently is not set; its value stays secret."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("MILLRACE_LANE_WORKER=2\n")
    for name in ("MILLRACE_HUBSPOT_TOKN", "MILLRACE_HUBSPOT_TOKEN", "MILLRACE_DEV_WAREHOUSE"):
        monkeypatch.setenv(name, "a-secret")

    assert {
        "MILLRACE_HUBSPOT_TOKN": "MILLRACE_HUBSPOT_TOKEN",
        "MILLRACE_LANE_WORKER": "MILLRACE_LANE_WORKERS",
    } == misspelt_settings()
