"""The gateway as the settings describe it: its sources, how they prove themselves, its limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import structlog

from ingestion.gateway.config import GatewayConfig
from ingestion.gateway.rate import Rate
from ingestion.signatures import HubSpotVerifier, SalesforceVerifier, SegmentVerifier, Verifier
from ingestion.webhooks import SOURCES, WebhookSource
from ingestion.webhooks.generic import load_sources
from orchestration.errors import SettingError
from orchestration.secret_sources import reveal
from orchestration.settings import SECRET_PREFIX, Settings, webhook_secrets, webhook_tokens


def gateway_config(
    settings: Settings, environ: Mapping[str, str | None] | None = None
) -> GatewayConfig:
    """Everything the gateway needs to know. Secrets and tokens come from ``environ``."""
    rate = settings.source_requests_per_second
    return GatewayConfig(
        sources=webhook_sources(settings),
        secrets={
            source: tuple(map(reveal, named)) for source, named in webhook_secrets(environ).items()
        },
        verify_tokens=webhook_tokens(environ),
        public_url=settings.public_url,
        max_body_bytes=settings.max_body_bytes,
        max_in_flight=settings.max_requests_in_flight,
        source_rate=Rate(rate) if rate else None,
    )


def webhook_sources(settings: Settings) -> Mapping[str, WebhookSource]:
    """The built-in sources with their options, and those of the sources file.

    Raises SettingError when the file that was named cannot be read, SourceConfigError when what it
    says cannot be used.
    """
    verifiers: dict[str, Verifier] = {
        "hubspot": HubSpotVerifier(versions=frozenset(settings.hubspot_signatures)),
        "salesforce": SalesforceVerifier(
            certificate_header=settings.salesforce_certificate_header,
            certificates=frozenset(settings.salesforce_certificates),
        ),
        "segment": SegmentVerifier(batches=settings.segment_batches),
    }
    built_in = {
        name: replace(source, verifier=verifiers.get(name, source.verifier))
        for name, source in SOURCES.items()
    }
    return built_in | load_sources(_sources_file(settings))


def tell_secrets(config: GatewayConfig) -> None:
    """Say which sources cannot be taken for want of a secret, before a vendor hears 503. A secret
    for a source that does not exist is most likely a misspelt one."""
    log = structlog.get_logger("orchestration.gateway")
    ready = sorted(config.sources.keys() & config.secrets.keys())
    waiting = sorted(config.sources.keys() - config.secrets.keys())
    remedy = f"Set {SECRET_PREFIX}<SOURCE> for each source that you use."
    log.info("sources", ready=ready, without_secret=waiting, remedy=remedy)
    for source in sorted(config.secrets.keys() - config.sources.keys()):
        known = ", ".join(sorted(config.sources))
        log.warning("source_unknown", code="SOURCE_UNKNOWN", source=source, remedy=f"Use: {known}.")


def _sources_file(settings: Settings) -> str:
    """The text of the sources file; empty when none was named and there is none."""
    named, default = settings.sources_file, settings.home / "sources.toml"
    file = named or default
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        if named is None:
            return ""
        raise SettingError(f"MILLRACE_SOURCES_FILE: there is no file {file}.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingError(f"The sources file {file} cannot be read: {error}.") from None
