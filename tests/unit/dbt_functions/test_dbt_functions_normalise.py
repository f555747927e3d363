"""Normalisation of contact fields."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbt_project.functions.normalise import (
    display_email,
    normalise_email,
    normalise_phone,
    registrable_domain,
)


@pytest.mark.parametrize(
    ("address", "mailbox"),
    [
        (" Ada.Lovelace+news@GoogleMail.com ", "adalovelace@gmail.com"),
        ("ada.lovelace+news@outlook.com", "ada.lovelace@outlook.com"),
        ("ada-list@yahoo.com", "ada@yahoo.com"),
        ("ada.l+tag@analytical.example", "ada.l+tag@analytical.example"),
        ("ada@müller.example", "ada@xn--mller-kva.example"),
        ("ada@STRAßE.example", "ada@xn--strae-oqa.example"),
        ("ada@i❤.example", "ada@xn--i-7iq.example"),
        ("o'hara@x.example", "o'hara@x.example"),
    ],
)
def test_one_mailbox_has_one_form(address: str, mailbox: str) -> None:
    """Tags and dots go only where the provider ignores them."""
    assert mailbox == normalise_email(address)


@pytest.mark.parametrize(
    "address",
    ["", "ada", "ada@", "@x.example", "a b@x.example", "a@localhost", "a@@x.example",
     ".a@x.example", "a..b@x.example", "a@-x.example", "a@x..example",
     "a@" + "x" * 300 + ".com", "a@" + "x" * 64 + ".com", "🎉@x.example",
     "x" * 1_000_000 + "@x.example", "a" * 65 + "@x.example", "+@"],
)  # fmt: skip
def test_an_invalid_address_has_none(address: str) -> None:
    """What no mail server would take is no identifier."""
    assert normalise_email(address) is None
    assert display_email(address) is None


@given(st.text(st.characters(codec="utf-8", exclude_characters="@"), max_size=20))
def test_a_domain_is_what_a_mail_server_can_look_up(name: str) -> None:
    """Whatever somebody writes as a domain becomes letters, digits and hyphens, or nothing; and
    its ASCII form is the same domain."""
    found = normalise_email(f"ada@{name}.example")
    assert found is None or (found.isascii() and found == normalise_email(found))


@given(st.text())
def test_normalising_twice_changes_nothing(text: str) -> None:
    """Normalisation is idempotent and never raises."""
    once = normalise_email(text)
    assert once is None or once == normalise_email(once)


@pytest.mark.parametrize(
    ("text", "country", "expected"),
    [
        ("(650) 555-1212", "US", "+16505551212"),
        ("+1 650 555 1212", "", "+16505551212"),
        ("030 901820", "de", "+4930901820"),
        ("030 901820", "", None),
        ("+1 650 555 1212", "Atlantis", "+16505551212"),
        ("call me", "US", None),
        ("12", "US", None),
        ("1" * 1_000_000, "US", None),
    ],
)
def test_phones_become_e164(text: str, country: str, expected: str | None) -> None:
    """National numbers are read by country; what is no number is none."""
    assert expected == normalise_phone(text, country)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ada@mail.analytical.co.uk", "analytical.co.uk"),
        ("https://www.analytical.com/about", "analytical.com"),
        ("https://www.bücher.com/about", "xn--bcher-kva.com"),
        ("ada@xn--bcher-kva.com", "xn--bcher-kva.com"),
        ("localhost", None),
        ("", None),
    ],
)
def test_the_registrable_domain(text: str, expected: str | None) -> None:
    """The bundled public suffix list decides, without the network."""
    assert expected == registrable_domain(text)
