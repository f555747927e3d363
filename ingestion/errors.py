"""What can go wrong on the way in, and the way out of it.

IngestionError
├── SignatureError                  401: the request is not proven to come from the vendor
│   ├── SignatureMissingError
│   ├── SignatureMalformedError
│   ├── SignatureInvalidError
│   ├── TimestampMalformedError
│   ├── TimestampStaleError
│   ├── TimestampFutureError
│   └── CertificateMissingError
├── RequestError                    4xx: the request itself cannot be taken
│   ├── SourceUnknownError
│   ├── RouteUnknownError
│   ├── MethodNotAllowedError
│   ├── BodyTooLargeError
│   ├── BodyTimeoutError
│   ├── HeadersTooLargeError
│   ├── HandshakeRefusedError
│   ├── RateLimitedError
│   ├── RequestInvalidError
│   ├── BatchTooLargeError
│   ├── EventInvalidError
│   ├── ScopeDeniedError
│   ├── ApiKeyError                 401: the request carries no API key that counts
│   │   ├── ApiKeyMissingError
│   │   └── ApiKeyInvalidError
│   └── IdempotencyError
│       ├── IdempotencyKeyInvalidError
│       ├── IdempotencyKeyReusedError
│       └── IdempotencyInProgressError
├── UnavailableError                503: the vendor should try again, nothing was acknowledged
│   ├── SourceNotConfiguredError
│   ├── SecretMissingError
│   ├── SecretMalformedError
│   ├── TooManyInFlightError
│   ├── OverloadedError
│   └── LogUnavailableError
│       ├── ArchiveUnavailableError
│       └── LogNewerError           a newer release of Millrace made the log
├── InternalError                   500: a defect of ours
├── ScopeInvalidError               a scope that no API key can have
├── ArchiveMismatchError            a file of the archive is not what was written
├── LineError                       a line of an imported file that is not an event
├── DumpError                       a vendor's dump that cannot be imported as it is
│   ├── DumpBrokenError
│   ├── DumpMissingError
│   ├── DumpUnreachableError
│   └── DependencyMissingError
├── PullError                       a vendor's API could not be read
│   ├── PullAnswerError
│   ├── PullCredentialsError
│   ├── PullFileError
│   ├── PullLimitedError
│   ├── PullRefusedError
│   ├── PullUnreachableError
│   └── PullVendorError
├── SourceConfigError               a webhook source configured in a way that cannot work
├── ContractError                   a contract file that cannot be used as it is
│   ├── ContractBrokenError
│   ├── ContractBreakingError
│   └── ContractEditedError
└── WarehouseError                  the load into the warehouse
    ├── WarehouseLockedError
    └── WarehouseUnavailableError

``code`` is stable and safe to program against; status, meaning and remedy stand in the error
catalogue (``dbt_project/seeds/error_catalogue.csv``) under it. ``str(error)`` says what happened
in this case.
"""

from __future__ import annotations

from typing import ClassVar

from dbt_project.catalogue import Entry, entry


class IngestionError(Exception):
    """Ingestion failed. A class with a ``code`` of its own has it from the catalogue."""

    code: ClassVar[str] = "INTERNAL_ERROR"
    listed: ClassVar[Entry] = entry("INTERNAL_ERROR")
    retry_after: int | None = None
    """Seconds after which the sender may try again; None where a retry changes nothing."""

    def __init_subclass__(cls) -> None:
        cls.listed = entry(cls.code)

    def __init__(self, detail: str | None = None) -> None:
        super().__init__(detail or self.listed.meaning)

    @property
    def status(self) -> int:
        """The HTTP status of the answer."""
        return self.listed.status or 500

    @property
    def remedy(self) -> str:
        """What to do about it."""
        return self.listed.remedy


class SignatureError(IngestionError):
    """The request is not proven to come from the vendor."""


class SignatureMissingError(SignatureError):
    code = "SIGNATURE_MISSING"


class SignatureMalformedError(SignatureError):
    code = "SIGNATURE_MALFORMED"


class SignatureInvalidError(SignatureError):
    code = "SIGNATURE_INVALID"


class TimestampMalformedError(SignatureError):
    code = "TIMESTAMP_MALFORMED"


class TimestampStaleError(SignatureError):
    code = "TIMESTAMP_STALE"


class TimestampFutureError(SignatureError):
    code = "TIMESTAMP_FUTURE"


class CertificateMissingError(SignatureError):
    code = "CERTIFICATE_MISSING"


class RequestError(IngestionError):
    """The request cannot be taken."""


class SourceUnknownError(RequestError):
    code = "SOURCE_UNKNOWN"


class RouteUnknownError(RequestError):
    code = "ROUTE_UNKNOWN"


class MethodNotAllowedError(RequestError):
    code = "METHOD_NOT_ALLOWED"


class BodyTooLargeError(RequestError):
    code = "BODY_TOO_LARGE"


class BodyTimeoutError(RequestError):
    code = "BODY_TIMEOUT"


class HeadersTooLargeError(RequestError):
    code = "HEADERS_TOO_LARGE"


class HandshakeRefusedError(RequestError):
    code = "HANDSHAKE_REFUSED"


class RateLimitedError(RequestError):
    code = "RATE_LIMITED"

    def __init__(self, retry_after: int, detail: str | None = None) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class RequestInvalidError(RequestError):
    code = "REQUEST_INVALID"


class BatchTooLargeError(RequestError):
    code = "BATCH_TOO_LARGE"


class EventInvalidError(RequestError):
    code = "EVENT_INVALID"


class ScopeDeniedError(RequestError):
    code = "SCOPE_DENIED"


class ApiKeyError(RequestError):
    """The request carries no API key that counts."""


class ApiKeyMissingError(ApiKeyError):
    code = "API_KEY_MISSING"


class ApiKeyInvalidError(ApiKeyError):
    code = "API_KEY_INVALID"


class IdempotencyError(RequestError):
    """The request's Idempotency-Key does not let it go on."""


class IdempotencyKeyInvalidError(IdempotencyError):
    code = "IDEMPOTENCY_KEY_INVALID"


class IdempotencyKeyReusedError(IdempotencyError):
    code = "IDEMPOTENCY_KEY_REUSED"


class IdempotencyInProgressError(IdempotencyError):
    code = "IDEMPOTENCY_IN_PROGRESS"
    retry_after = 1


class UnavailableError(IngestionError):
    """The event cannot be stored now."""

    retry_after = 5


class SourceNotConfiguredError(UnavailableError):
    code = "SOURCE_NOT_CONFIGURED"
    retry_after = 60


class SecretMissingError(UnavailableError):
    code = "SECRET_MISSING"
    retry_after = 60


class SecretMalformedError(UnavailableError):
    code = "SECRET_MALFORMED"
    retry_after = 60


class TooManyInFlightError(UnavailableError):
    code = "TOO_MANY_REQUESTS_IN_FLIGHT"
    retry_after = 1


class OverloadedError(UnavailableError):
    code = "OVERLOADED"
    retry_after = 1


class LogUnavailableError(UnavailableError):
    code = "LOG_UNAVAILABLE"


class ArchiveUnavailableError(LogUnavailableError):
    code = "ARCHIVE_UNAVAILABLE"


class LogNewerError(LogUnavailableError):
    code = "LOG_NEWER"


class InternalError(IngestionError):
    code = "INTERNAL_ERROR"


class ScopeInvalidError(IngestionError):
    code = "SCOPE_INVALID"


class ArchiveMismatchError(IngestionError):
    code = "ARCHIVE_MISMATCH"


class LineError(IngestionError):
    code = "LINE_INVALID"


class DumpError(IngestionError):
    """A vendor's dump cannot be imported as it is."""


class DumpBrokenError(DumpError):
    code = "DUMP_BROKEN"


class DumpMissingError(DumpError):
    code = "DUMP_MISSING"


class DumpUnreachableError(DumpError):
    code = "DUMP_UNREACHABLE"


class DependencyMissingError(DumpError):
    code = "DEPENDENCY_MISSING"


class PullError(IngestionError):
    """A vendor's API could not be read; what was read before that is kept."""

    code = "PULL_FAILED"


class PullAnswerError(PullError):
    code = "PULL_ANSWER_MALFORMED"


class PullCredentialsError(PullError):
    code = "PULL_CREDENTIALS_REFUSED"


class PullFileError(PullError):
    code = "PULL_FILE_INVALID"


class PullLimitedError(PullError):
    code = "PULL_LIMITED"


class PullRefusedError(PullError):
    code = "PULL_REFUSED"


class PullUnreachableError(PullError):
    code = "PULL_UNREACHABLE"


class PullVendorError(PullError):
    code = "PULL_VENDOR_FAILED"


class SourceConfigError(IngestionError):
    code = "SETTING_INVALID"


class ContractError(IngestionError):
    """A contract file cannot be used as it is."""


class ContractBrokenError(ContractError):
    code = "CONTRACT_BROKEN"


class ContractBreakingError(ContractError):
    code = "CONTRACT_BREAKING"


class ContractEditedError(ContractError):
    code = "CONTRACT_EDITED"


class WarehouseError(IngestionError):
    """The warehouse could not be loaded."""


class WarehouseLockedError(WarehouseError):
    code = "WAREHOUSE_LOCKED"


class WarehouseUnavailableError(WarehouseError):
    code = "WAREHOUSE_UNAVAILABLE"
