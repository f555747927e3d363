"""Normalisation of contact fields, by libraries and provider rules. Pure: no I/O, no clock.

Every function takes and returns text and answers ``None`` for what cannot be normalised.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

import idna
import phonenumbers
import tldextract

_CACHE: Final = 65_536
_MAX_EMAIL: Final = 254  # RFC 5321, path length without the angle brackets
_MAX_LOCAL_PART: Final = 64
_MAX_PHONE: Final = 50

_LOCAL_PART: Final = re.compile(r"[\w!#$%&'*+/=?^`{|}~-]+(\.[\w!#$%&'*+/=?^`{|}~-]+)*")
_DOMAIN: Final = re.compile(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]")

# Providers that deliver mail for any tag after the separator to the same mailbox.
_TAG_SEPARATOR: Final = {
    **dict.fromkeys(("gmail.com", "outlook.com", "hotmail.com", "live.com", "msn.com"), "+"),
    **dict.fromkeys(("icloud.com", "me.com", "mac.com", "fastmail.com"), "+"),
    **dict.fromkeys(("protonmail.com", "proton.me", "pm.me"), "+"),
    **dict.fromkeys(("yahoo.com", "ymail.com"), "-"),
}
_IGNORES_DOTS: Final = frozenset({"gmail.com"})
_SAME_MAILBOX: Final = {"googlemail.com": "gmail.com"}

# The list shipped with the library: no look-up on the network, no cache on disk.
_suffixes: Final = tldextract.TLDExtract(cache_dir=None, suffix_list_urls=())


def display_email(text: str) -> str | None:
    """The address as a person would write it: trimmed, lower case; ``None`` when invalid."""
    parts = _email_parts(text)
    return f"{parts[0]}@{parts[1]}" if parts else None


def normalise_email(text: str) -> str | None:
    """The mailbox behind an address: plus-tags and dots removed where the provider ignores them.

    >>> normalise_email(" Ada.Lovelace+news@GoogleMail.com ")
    'adalovelace@gmail.com'
    """
    parts = _email_parts(text)
    if parts is None:
        return None
    local, domain = parts[0], _SAME_MAILBOX.get(parts[1], parts[1])
    if separator := _TAG_SEPARATOR.get(domain):
        local = local.split(separator, 1)[0] or local
    if domain in _IGNORES_DOTS:
        local = local.replace(".", "")
    return f"{local}@{domain}"


def _email_parts(text: str) -> tuple[str, str] | None:
    if len(text) > 2 * _MAX_EMAIL:  # cheap refusal before any pattern sees a very long text
        return None
    local, _, raw_domain = unicodedata.normalize("NFC", text).strip().lower().rpartition("@")
    domain = _ascii_domain(raw_domain)
    if domain is None or len(local) > _MAX_LOCAL_PART or len(local) + len(domain) >= _MAX_EMAIL:
        return None
    return (local, domain) if _LOCAL_PART.fullmatch(local) else None


@lru_cache(maxsize=_CACHE)
def _ascii_domain(domain: str) -> str | None:
    try:
        encoded = domain if domain.isascii() else _encoded(domain)
    except UnicodeError:
        return None
    return encoded if _DOMAIN.fullmatch(encoded) else None


def _encoded(domain: str) -> str:
    """As registries write it today: straße.de and strasse.de are two people's. The older rules
    still name the few domains that were registered by them only, such as those of emoji."""
    try:
        return idna.encode(domain, uts46=True).decode("ascii")
    except idna.IDNAError:
        return domain.encode("idna").decode("ascii")


@lru_cache(maxsize=_CACHE)
def normalise_phone(text: str, country: str) -> str | None:
    """E.164 of a phone number; ``country`` (ISO 3166 alpha-2, or "") reads national numbers.

    >>> normalise_phone("(650) 555-1212", "US")
    '+16505551212'
    """
    if len(text) > _MAX_PHONE:
        return None
    try:
        number = phonenumbers.parse(text, country.strip().upper() or None)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def registrable_domain(text: str) -> str | None:
    """The domain someone registered, of an e-mail address, host name or URL.

    >>> registrable_domain("ada@mail.analytical.co.uk")
    'analytical.co.uk'
    """
    host = text.strip().lower().rpartition("@")[2]
    return _registrable(host) if len(host) <= _MAX_EMAIL else None


@lru_cache(maxsize=_CACHE)
def _registrable(host: str) -> str | None:
    found = _suffixes(host).top_domain_under_public_suffix
    return _ascii_domain(found) if not found.isascii() else found or None
