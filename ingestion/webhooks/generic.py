"""Webhook sources by configuration alone: any vendor that signs with an HMAC in a header.

One TOML table a source; its name is the name of the source::

    [webshop]
    header = "x-acme-signature"            # where the signature is; the only key that must be there
    algorithm = "sha256"                   # sha256 (default), sha512, sha1
    encoding = "hex"                       # hex (default), base64
    prefix = "sha256="                     # what stands before the signature
    payload = "{timestamp}.{body}"         # what is signed: {body} (default) and, around it,
                                           # {timestamp}, {id}, {method}, {url} and literal text
    timestamp_header = "x-acme-timestamp"  # exactly when {timestamp} is signed
    timestamp_unit = "s"                   # s (default), ms
    tolerance_seconds = 300                # how far that may be from our clock
    id_header = "x-acme-id"                # exactly when {id} is signed
    split = "/events"                      # JSON pointer to an array of events ("": the body is it)
    event_key = "body:/id"                 # or "header:x-acme-id"; else the hash of the event
    handshake = { challenge = "challenge", token = "verify_token" }   # GET parameters
"""

from __future__ import annotations

import re
import tomllib
from datetime import timedelta
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from ingestion.errors import SourceConfigError
from ingestion.signatures import HmacVerifier
from ingestion.signatures.hmac_header import Algorithm, Encoding, Unit
from ingestion.webhooks import SOURCES
from ingestion.webhooks.base import WebhookSource
from ingestion.webhooks.handshake import ChallengeHandshake
from ingestion.webhooks.pointed import PointedSplit

_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,62}")
_TOKEN: Final = r"[a-zA-Z0-9_-]{1,100}"  # noqa: S105 - what the name of a header is made of
_POINTER: Final = r"(/[^/]*)*"
_DAY: Final = 24 * 60 * 60

# Other things in the event log and in the gateway's metrics have these names.
_RESERVED: Final = frozenset({"millrace", "unknown"})

_Header = Annotated[str, StringConstraints(pattern=rf"^{_TOKEN}$", to_lower=True)]
_Parameter = Annotated[str, Field(min_length=1, max_length=100)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class _Handshake(_Table):
    challenge: _Parameter
    token: _Parameter | None = None


class _Source(_Table):
    header: _Header
    algorithm: Algorithm = "sha256"
    encoding: Encoding = "hex"
    prefix: Annotated[str, Field(max_length=100)] = ""
    payload: Annotated[str, Field(max_length=1000)] = "{body}"
    timestamp_header: _Header | None = None
    timestamp_unit: Unit = "s"
    tolerance_seconds: Annotated[int, Field(ge=1, le=_DAY)] = 300
    id_header: _Header | None = None
    split: Annotated[str, Field(pattern=rf"^{_POINTER}$")] | None = None
    event_key: Annotated[str, Field(pattern=rf"^(header:{_TOKEN}|body:{_POINTER})$")] | None = None
    handshake: _Handshake | None = None


def load_sources(text: str) -> dict[str, WebhookSource]:
    """The sources that a TOML text configures, by name.

    Raises SourceConfigError, which names the table and the key that cannot be.
    """
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SourceConfigError(f"The webhook sources are no TOML: {error}.") from None
    return {name: _source(name, table) for name, table in tables.items()}


def _source(name: str, table: object) -> WebhookSource:
    if not _NAME.fullmatch(name) or name in _RESERVED:
        raise SourceConfigError(f"[{name}] cannot be a source's name; use a-z, 0-9 and _.")
    if name in SOURCES:
        raise SourceConfigError(f"[{name}] is built in; give your source another name.")
    try:
        config = _Source.model_validate(table)
    except ValidationError as invalid:
        first = invalid.errors()[0]
        key = ".".join(map(str, first["loc"])) or "table"
        raise SourceConfigError(f"[{name}] {key}: {first['msg']}.") from None
    return WebhookSource(
        name,
        _verifier(name, config),
        _split(config),
        signed_by=frozenset({config.header}),
        handshake=_handshake(config.handshake),
    )


def _verifier(name: str, config: _Source) -> HmacVerifier:
    try:
        return HmacVerifier(
            config.header,
            algorithm=config.algorithm,
            encoding=config.encoding,
            prefix=config.prefix,
            payload=config.payload,
            timestamp_header=config.timestamp_header,
            timestamp_unit=config.timestamp_unit,
            id_header=config.id_header,
            tolerance=timedelta(seconds=config.tolerance_seconds),
        )
    except ValueError as error:
        raise SourceConfigError(f"[{name}] payload: {error}.") from None


def _split(config: _Source) -> PointedSplit:
    place, _, where = (config.event_key or "").partition(":")
    return PointedSplit(
        config.split,
        key_pointer=where if place == "body" else None,
        key_header=where.lower() if place == "header" else None,
    )


def _handshake(config: _Handshake | None) -> ChallengeHandshake | None:
    return ChallengeHandshake(config.challenge, config.token) if config else None
