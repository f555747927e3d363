"""How settings become the gateway's configuration."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingestion.errors import SourceConfigError
from ingestion.gateway.rate import Rate
from ingestion.webhooks import SOURCES
from orchestration.errors import SettingError
from orchestration.gateway import gateway_config
from orchestration.settings import Settings, load_settings

GENERIC = """
[webshop]
header = "x-webshop-signature"
payload = "{body}"
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_usual(home: Path) -> None:
    """Without settings: the built-in sources, the safe choices, and no limit on a source's rate."""
    config = gateway_config(Settings(home=home), {})
    assert set(SOURCES) == set(config.sources)
    assert (config.secrets, config.verify_tokens, config.source_rate) == ({}, {}, None)
    assert frozenset({"v3"}) == config.sources["hubspot"].verifier.versions  # type: ignore[attr-defined]


def test_environment(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lists are comma-separated; secrets and tokens are told apart by the variable's name."""
    monkeypatch.setenv("MILLRACE_HOME", str(home))
    monkeypatch.setenv("MILLRACE_HUBSPOT_SIGNATURES", "v3, v1")
    monkeypatch.setenv("MILLRACE_SALESFORCE_CERTIFICATE_HEADER", "x-ssl-client-verify")
    monkeypatch.setenv("MILLRACE_SALESFORCE_CERTIFICATES", "SUCCESS")
    monkeypatch.setenv("MILLRACE_SOURCE_REQUESTS_PER_SECOND", "50")
    environ = {"MILLRACE_WEBHOOK_SECRET_META": "old,new", "MILLRACE_WEBHOOK_TOKEN_META": "hello"}
    config = gateway_config(load_settings(), environ)
    assert config.secrets == {"meta": ("old", "new")}
    assert config.verify_tokens == {"meta": ("hello",)}
    assert config.source_rate == Rate(50)
    verifiers = {name: source.verifier for name, source in config.sources.items()}
    assert verifiers["hubspot"].versions == {"v1", "v3"}  # type: ignore[attr-defined]
    assert verifiers["salesforce"].certificates == {"SUCCESS"}  # type: ignore[attr-defined]


def test_wrong_version(monkeypatch: pytest.MonkeyPatch) -> None:
    """A signature version that does not exist is named before anything starts."""
    monkeypatch.setenv("MILLRACE_HUBSPOT_SIGNATURES", "v4")
    with pytest.raises(SettingError, match=r"MILLRACE_HUBSPOT_SIGNATURES.*v1, v2, v3"):
        load_settings()


def test_sources_file(home: Path) -> None:
    """A source needs no code: the file of the home is read, or the one that is named."""
    (home / "sources.toml").write_text(GENERIC)
    assert "webshop" in gateway_config(Settings(home=home), {}).sources
    named = Settings(home=home / "elsewhere", sources_file=home / "sources.toml")
    assert "webshop" in gateway_config(named, {}).sources


def test_sources_file_missing(home: Path) -> None:
    """A file that was named must be there."""
    with pytest.raises(SettingError, match="MILLRACE_SOURCES_FILE"):
        gateway_config(Settings(home=home, sources_file=home / "no.toml"), {})


def test_sources_file_wrong(home: Path) -> None:
    """What the file says wrongly is told with the table and the key."""
    (home / "sources.toml").write_text(GENERIC.replace("header", "haeder"))
    with pytest.raises(SourceConfigError, match=r"webshop"):
        gateway_config(Settings(home=home), {})
