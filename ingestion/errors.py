"""What can go wrong on the way in, and the way out of it.

IngestionError
├── SignatureError                  401: the request is not proven to come from the vendor
│   ├── SignatureMissingError
│   ├── SignatureMalformedError
│   ├── SignatureInvalidError
│   ├── TimestampMalformedError
│   ├── TimestampStaleError
│   └── TimestampFutureError
├── RequestError                    4xx: the request itself cannot be taken
│   ├── SourceUnknownError
│   ├── RouteUnknownError
│   ├── MethodNotAllowedError
│   ├── BodyTooLargeError
│   └── BodyTimeoutError
├── UnavailableError                503: the vendor should try again, nothing was acknowledged
│   ├── SecretMissingError
│   ├── SecretMalformedError
│   ├── OverloadedError
│   └── LogUnavailableError
├── InternalError                   500: a defect of ours
├── LineError                       a line of an imported file that is not an event
├── ContractBrokenError             a contract file that cannot be compiled
└── WarehouseError                  the load into the warehouse
    ├── WarehouseLockedError
    └── WarehouseUnavailableError

The docstring of an exception is its title, as clients see it. ``str(error)`` says what happened in
this case; ``code`` is stable and safe to program against; ``remedy`` says what to do.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar


class IngestionError(Exception):
    """Ingestion failed."""

    code: ClassVar[str] = "INGESTION_FAILED"
    remedy: ClassVar[str] = "Read the log line with the same correlation id."
    status: ClassVar[int] = 500
    retry_after: ClassVar[int | None] = None
    """Seconds after which the sender may try again; None where a retry changes nothing."""

    def __init__(self, detail: str | None = None) -> None:
        super().__init__(detail or self.title())

    @classmethod
    def title(cls) -> str:
        """First line of the docstring, without its full stop."""
        return (cls.__doc__ or cls.__name__).partition("\n")[0].rstrip(".")


class SignatureError(IngestionError):
    """The request is not proven to come from the vendor."""

    code = "SIGNATURE_ERROR"
    status = 401


class SignatureMissingError(SignatureError):
    """A header of the signature is missing or empty."""

    code = "SIGNATURE_MISSING"
    remedy = "Turn signing on at the vendor, and let proxies pass its signature headers on."


class SignatureMalformedError(SignatureError):
    """A header of the signature cannot be read, or came twice."""

    code = "SIGNATURE_MALFORMED"
    remedy = "Send each signature header once, in the vendor's documented form."


class SignatureInvalidError(SignatureError):
    """No configured secret gives the signature that was sent."""

    code = "SIGNATURE_INVALID"
    remedy = (
        "Compare the configured secret with the vendor's; behind a proxy, set the public URL, "
        "and make sure nothing rewrites the body."
    )


class TimestampMalformedError(SignatureError):
    """The signed timestamp is not a whole number."""

    code = "TIMESTAMP_MALFORMED"
    remedy = "Send the timestamp as the vendor documents it: digits only."


class TimestampStaleError(SignatureError):
    """The signed timestamp is too old."""

    code = "TIMESTAMP_STALE"
    remedy = "Sign again and resend; if it goes on, compare both clocks."


class TimestampFutureError(SignatureError):
    """The signed timestamp lies too far in the future."""

    code = "TIMESTAMP_FUTURE"
    remedy = "Compare both clocks, then sign again and resend."


class RequestError(IngestionError):
    """The request cannot be taken."""

    code = "REQUEST_ERROR"
    status = 400


class SourceUnknownError(RequestError):
    """There is no webhook source of this name."""

    code = "SOURCE_UNKNOWN"
    remedy = "Post to /webhooks/<source> with the name of a supported source."
    status = 404


class RouteUnknownError(RequestError):
    """There is nothing at this address."""

    code = "ROUTE_UNKNOWN"
    remedy = "Webhooks go to /webhooks/<source>."
    status = 404


class MethodNotAllowedError(RequestError):
    """This address does not take this method."""

    code = "METHOD_NOT_ALLOWED"
    remedy = "Send webhooks by POST; read everything else by GET."
    status = 405


class BodyTooLargeError(RequestError):
    """The body is larger than the gateway takes."""

    code = "BODY_TOO_LARGE"
    remedy = "Send smaller batches, or raise the gateway's body limit."
    status = 413


class BodyTimeoutError(RequestError):
    """The body did not arrive in time."""

    code = "BODY_TIMEOUT"
    remedy = "Send again over a faster connection, or raise the gateway's body time-out."
    status = 408


class UnavailableError(IngestionError):
    """The event cannot be stored now."""

    code = "UNAVAILABLE"
    status = 503
    retry_after = 5


class SecretMissingError(UnavailableError):
    """The source is supported, but no signing secret is configured for it."""

    code = "SECRET_MISSING"
    remedy = "Set MILLRACE_WEBHOOK_SECRET_<SOURCE> and restart; the vendor will send again."
    retry_after = 60


class SecretMalformedError(UnavailableError):
    """A configured signing secret cannot be used."""

    code = "SECRET_MALFORMED"
    remedy = (
        "Copy the secret from the vendor again, whole, and restart; the vendor will send again."
    )
    retry_after = 60


class OverloadedError(UnavailableError):
    """More events are waiting to be stored than the gateway keeps in memory."""

    code = "OVERLOADED"
    remedy = "Send again after the time in Retry-After; nothing of this request was stored."
    retry_after = 1


class LogUnavailableError(UnavailableError):
    """The event log cannot be used."""

    code = "LOG_UNAVAILABLE"
    remedy = (
        "Check that the log's disk has space and may be written to; the vendor will send again."
    )


class InternalError(IngestionError):
    """The gateway failed on this request."""

    code = "INTERNAL_ERROR"
    remedy = "Look up the correlation id in the gateway's log and report it."


class LineError(IngestionError):
    """The line is not an event."""

    code = "LINE_INVALID"
    remedy = 'Give one JSON object a line with at least "source" and "body".'
    status = 422


class ContractBrokenError(IngestionError):
    """A contract file is not a valid JSON Schema."""

    code = "CONTRACT_BROKEN"
    remedy = "Correct the contract file; its name is in the message."


class WarehouseError(IngestionError):
    """The warehouse could not be loaded."""

    code = "WAREHOUSE_ERROR"


class WarehouseLockedError(WarehouseError):
    """Another process holds the warehouse file."""

    code = "WAREHOUSE_LOCKED"
    remedy = (
        "Close the program that has the file open (a DuckDB shell, another run), then run again."
    )
    status = 503


class WarehouseUnavailableError(WarehouseError):
    """The warehouse file cannot be opened or written."""

    code = "WAREHOUSE_UNAVAILABLE"
    remedy = "Check the path, the free space and the permissions of the warehouse file."
    status = 503


def catalogue() -> Iterator[type[IngestionError]]:
    """Every error a client or an operator can meet, in the order of the tree; bases left out."""
    pending = [IngestionError]
    while pending:
        error = pending.pop(0)
        children = error.__subclasses__()
        pending[:0] = children
        if not children:
            yield error
