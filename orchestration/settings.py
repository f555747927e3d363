"""Settings: the one place that reads the environment (`MILLRACE_*`, or a `.env` file)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from dotenv import dotenv_values
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from orchestration.destinations import NAMES
from orchestration.errors import SettingError
from orchestration.places import Places
from orchestration.pulls.accounts import PULLED, CalendlySettings, GoogleAdsSettings, StripeSettings
from orchestration.setting_names import by_source, misspelt
from reverse_etl.connectors import (
    ApolloSettings,
    Ga4Settings,
    HubSpotSettings,
    MetaSettings,
    PeopleDataLabsSettings,
    SalesforceSettings,
    SlackSettings,
    TeamsSettings,
    WebhookSettings,
)

SECRET_PREFIX = "MILLRACE_WEBHOOK_SECRET_"  # noqa: S105  the name of a variable, not a secret
TOKEN_PREFIX = "MILLRACE_WEBHOOK_TOKEN_"  # noqa: S105  the name of a variable, not a secret

OBJECTIVE_NAMES = (
    "ingestion_latency",
    "delivery_success",
    "duplicate_rate",
    "merge_correction_rate",
    "score_drift",
    "mql_to_sql",
    "no_show_rate",
)
_DATABASES = ("sqlite:///", "postgresql://", "postgres://", "postgresql+psycopg://")

Words = Annotated[tuple[str, ...], NoDecode]
"""Comma-separated in the environment."""


class Settings(Places, BaseSettings):
    """Everything that differs between two installations.

    `home` holds all that is embedded (event log, ledger, warehouse, Dagster's storage);
    `log_url`, `ledger_url` and `warehouse` move one of them elsewhere.
    """

    model_config = SettingsConfigDict(
        env_prefix="MILLRACE_",
        env_file=".env",
        env_nested_delimiter="_",  # MILLRACE_HUBSPOT_TOKEN is the token of hubspot
        env_nested_max_split=1,
        extra="ignore",
        frozen=True,
    )

    home: Path = Path(".millrace")
    log_url: str = ""
    ledger_url: str = ""
    warehouse: Path = Path()
    dagster_url: str = Field(
        "", description="Dagster's runs and events on PostgreSQL; files below `home` without it."
    )

    public_url: str | None = Field(
        None, description="The URL that vendors post to; HubSpot signs it, a proxy may hide it."
    )
    max_body_bytes: int = Field(1_048_576, gt=0)
    max_requests_in_flight: int = Field(4_000, gt=0)
    source_requests_per_second: int = Field(0, ge=0, description="Of each source; 0: no limit.")
    sources_file: Path | None = Field(
        None, description="Sources by configuration alone; <home>/sources.toml if there is one."
    )
    hubspot_signatures: Words = Field(
        ("v3",), description="v1 and v2 cannot be dated: allow them only while you must."
    )
    salesforce_certificate_header: str | None = Field(
        None, description="In which the proxy tells its verdict on the client's certificate."
    )
    salesforce_certificates: Words = Field((), description="The values of that header to accept.")
    segment_batches: bool = Field(
        True, description="Segment signs only the first event of a batch; false refuses batches."
    )
    archive_after_days: int | None = Field(
        None, gt=0, description="Age at which the content of events may leave the log."
    )

    masked_copy: bool = Field(
        False, description="Publish the marts once more, with personal columns masked."
    )
    incremental_share: float = Field(
        0.25, ge=0, le=1, description="A build that touches more of all people is a full one."
    )
    full_build_hours: float = Field(
        24, ge=0, description="Hours after which the next build is a full one."
    )
    full_build_after: int = Field(
        0, ge=0, description="Incremental builds after which the next is full; 0: any number."
    )
    identity_propose_weight: float = Field(
        2.0, description="Bits of evidence from which two people are proposed as one: 2 is 4 to 1."
    )
    identity_accept_weight: float | None = Field(
        None, description="Bits from which they are linked without review; never if left out."
    )

    lane_batch_events: int = Field(
        500, gt=0, description="New events that the fast lane takes at once."
    )
    lane_most_events: int = Field(
        20_000,
        gt=0,
        description="Events of the people touched above which the batch lane builds them.",
    )
    lane_workers: int = Field(
        1,
        gt=0,
        description="Processes of the fast lane in one service; PostgreSQL wanted for more.",
    )
    lane_slow_model_seconds: float = Field(
        1.0, gt=0, description="A model that takes longer over a slice is named in the log."
    )
    lane_defer_after_seconds: float = Field(
        2.0,
        ge=0,
        description="How far behind the fast lane defers page views and the like to the batch.",
    )
    lane_memory_mb: int = Field(
        768, ge=384, description="What the fast lane's process may take; Python needs 256 of it."
    )
    enrichment_first_seconds: float = Field(
        0,
        ge=0,
        le=86_400,
        description="How long a person's rows wait for what enrichment is asked; 0: not at all.",
    )
    approve_above: dict[str, int] = Field(
        {}, description="Destination → new rows at once above which somebody has to approve."
    )
    lead_velocity_objective_seconds: float = Field(
        60,
        gt=0,
        description="Within which 95 of 100 hot leads shall have gone from gateway to destination,"
        " and longer than which none shall wait.",
    )
    objectives: dict[str, float] = Field(
        {}, description="Objective → its target, where it is not the usual one."
    )
    mql_to_sql_days: int = Field(
        14,
        ge=0,
        description="How long sales usually takes from MQL to SQL: younger MQLs are not judged.",
    )
    destinations: Words = Field(
        ("hubspot", "meta"), description="Where rows go; each has settings of its own below."
    )
    ledger_retention_days: int | None = Field(
        None,
        gt=0,
        description="After which tries and the audit are forgotten; never if left out.",
    )
    credential_max_days: int = Field(
        90, gt=0, description="Age at which a secret should be replaced."
    )
    pulls: Words = Field((), description="Whose APIs are read; settings of each stand below.")
    alert_slack_url: SecretStr | None = Field(
        None, description="Slack's incoming webhook for alerts to those who run this."
    )
    alert_teams_url: SecretStr | None = Field(
        None, description="The webhook of a Teams workflow, for the same alerts."
    )
    ui_url: str = Field(
        "http://127.0.0.1:3000", description="Where the Dagster UI is; alerts link to it."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="From which level on lines are logged."
    )
    otlp_endpoint: str = Field(
        "", pattern="^(https?://.+)?$", description="The collector of traces; empty: none are made."
    )
    hubspot: HubSpotSettings = HubSpotSettings()
    meta: MetaSettings = MetaSettings()
    salesforce: SalesforceSettings = SalesforceSettings()
    slack: SlackSettings = SlackSettings()
    teams: TeamsSettings = TeamsSettings()
    webhook: WebhookSettings = WebhookSettings()
    ga4: Ga4Settings = Ga4Settings()
    apollo: ApolloSettings = ApolloSettings()
    peopledatalabs: PeopleDataLabsSettings = PeopleDataLabsSettings()
    stripe: StripeSettings = StripeSettings()
    calendly: CalendlySettings = CalendlySettings()
    googleads: GoogleAdsSettings = GoogleAdsSettings()

    @field_validator(
        "destinations", "pulls", "hubspot_signatures", "salesforce_certificates", mode="before"
    )
    @classmethod
    def _words(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(word.strip() for word in value.split(",") if word.strip())
        return value

    @field_validator("hubspot_signatures")
    @classmethod
    def _versions(cls, versions: tuple[str, ...]) -> tuple[str, ...]:
        if not versions or not set(versions) <= {"v1", "v2", "v3"}:
            raise ValueError("choose from v1, v2, v3")
        return versions

    @field_validator("log_url", "ledger_url")
    @classmethod
    def _database_supported(cls, url: str) -> str:
        if url and not url.startswith(_DATABASES):
            raise ValueError("use sqlite:///<absolute path> or postgresql://<user>@<host>/<name>")
        return url

    @field_validator("log_level", mode="before")
    @classmethod
    def _lower(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value

    @field_validator("objectives")
    @classmethod
    def _objectives(cls, targets: dict[str, float]) -> dict[str, float]:
        if not set(targets) <= set(OBJECTIVE_NAMES):
            raise ValueError(f"choose from {', '.join(OBJECTIVE_NAMES)}")
        return targets

    @field_validator("dagster_url")
    @classmethod
    def _server(cls, url: str) -> str:
        scheme, found, address = url.partition("://")
        if url and (not found or scheme.partition("+")[0] not in ("postgresql", "postgres")):
            raise ValueError("use postgresql://<user>@<host>/<name>")
        return f"postgresql://{address}" if url else url  # Dagster brings a driver of its own

    @field_validator("destinations")
    @classmethod
    def _known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if not set(names) <= set(NAMES):
            raise ValueError(f"choose from {', '.join(NAMES)}")
        return names

    @field_validator("pulls")
    @classmethod
    def _pullable(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if not set(names) <= set(PULLED):
            raise ValueError(f"choose from {', '.join(PULLED)}")
        return names

    @field_validator("home", "warehouse")
    @classmethod
    def _absolute(cls, path: Path) -> Path:
        return path.expanduser().resolve() if path != Path() else path

    def model_post_init(self, _context: object) -> None:
        defaults = {
            "log_url": f"sqlite:///{self.home / 'event_log.sqlite'}",
            "ledger_url": f"sqlite:///{self.home / 'ledger.sqlite'}",
            "warehouse": self.home / "warehouse.duckdb",
        }
        for name, default in defaults.items():
            if getattr(self, name) in ("", Path()):
                object.__setattr__(self, name, default)


def load_settings() -> Settings:
    """Read and check the settings; a wrong one is named, its value is not printed.

    Raises SettingError.
    """
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        name = "_".join(["MILLRACE", *map(str, first["loc"])]).upper()
        reason = first["msg"].removeprefix("Value error, ")
        raise SettingError(f"{name} is not usable: {reason}.") from None


def misspelt_settings() -> dict[str, str]:
    """Variables that nothing reads → the setting that was probably meant."""
    return misspelt(_environment(), Settings, "MILLRACE_")


def webhook_secrets(environ: Mapping[str, str | None] | None = None) -> dict[str, tuple[str, ...]]:
    """`MILLRACE_WEBHOOK_SECRET_<SOURCE>` → {source: secrets}; a comma separates rotating ones."""
    return by_source(SECRET_PREFIX, _environment() if environ is None else environ)


def webhook_tokens(environ: Mapping[str, str | None] | None = None) -> dict[str, tuple[str, ...]]:
    """`MILLRACE_WEBHOOK_TOKEN_<SOURCE>` → {source: verify tokens of its handshake}."""
    return by_source(TOKEN_PREFIX, _environment() if environ is None else environ)


def _environment() -> dict[str, str | None]:
    return {**dotenv_values(".env"), **os.environ}
