"""Salesforce outbound messages: no signature at all, but the sending organization's id.

The "secrets" are the ids of the organizations that may send, in 15 or 18 characters. An id is not
much of a secret, and the body is not protected by it: whoever knows the id can send anything. So
let the proxy in front verify Salesforce's client certificate, and name in ``certificate_header``
the header in which it says so; it must remove that header from requests of anybody else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from ingestion.errors import (
    CertificateMissingError,
    SecretMalformedError,
    SignatureInvalidError,
    SignatureMalformedError,
    SignatureMissingError,
)
from ingestion.outbound_message import (
    UNREADABLE,
    first_organization_id,
    notifications,
    organization_ids,
)
from ingestion.signatures.base import (
    SignedRequest,
    require_match,
    single_header,
    usable,
    utf8,
)

# 18 characters are the same id for systems that do not tell cases apart: 15 and three that say
# which of them are capitals.
_SIGNIFICANT: Final = 15
_LENGTHS: Final = (15, 18)


@dataclass(frozen=True, slots=True)
class SalesforceVerifier:
    """Verifies outbound messages. ``certificates``: the accepted values of ``certificate_header``
    (lower case), a proxy's verdict such as ``SUCCESS`` or a fingerprint."""

    certificate_header: str | None = None
    certificates: frozenset[str] = frozenset()

    def verify(self, request: SignedRequest, secrets: Sequence[str], now: datetime) -> None:
        """See ``Verifier.verify``; ``now`` does not matter to this scheme."""
        ids = usable(secrets)
        if self.certificate_header is not None:
            self._check_certificate(request, self.certificate_header)
        try:
            _check_body(request.body, [utf8(one[:_SIGNIFICANT]) for one in ids if _is_id(one)])
        except SignatureInvalidError:
            if not all(map(_is_id, ids)):  # the one we cannot read may be the sender's
                raise SecretMalformedError(
                    "An organization id has 15 or 18 letters and digits."
                ) from None
            raise

    def tolerating(self, tolerance: timedelta) -> SalesforceVerifier:
        """The same verifier: without a timestamp there is no age to limit."""
        return self

    def _check_certificate(self, request: SignedRequest, header: str) -> None:
        try:
            sent = utf8(single_header(request, header))
            require_match((utf8(accepted) for accepted in self.certificates), [sent])
        except SignatureMissingError:
            raise CertificateMissingError from None
        except SignatureInvalidError:
            raise CertificateMissingError(f"The header {header} has no accepted value.") from None


def _check_body(body: bytes, allowed: Sequence[bytes]) -> None:
    """Refuse a message that names another organization, or none."""
    first = first_organization_id(body)
    if not first:
        raise SignatureMissingError("The body is no outbound message with an OrganizationId.")
    _check_organization(first, allowed)
    # Only now is the rest worth reading: the head costs the same whoever sends it.
    try:
        named = organization_ids(notifications(body))
    except UNREADABLE:
        raise SignatureMalformedError("The body is no outbound message.") from None
    for organization in named:
        _check_organization(organization, allowed)


def _check_organization(organization: str, allowed: Sequence[bytes]) -> None:
    if not _is_id(organization):
        raise SignatureMalformedError("The OrganizationId is no id.")
    require_match(allowed, [utf8(organization[:_SIGNIFICANT])])


def _is_id(text: str) -> bool:
    return len(text) in _LENGTHS and text.isascii() and text.isalnum()
