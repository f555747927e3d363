"""What the models know of a person who is to be erased."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from dbt_builders import RawEvent, at, contact_property, standard, typeform
from dbt_warehouse import Warehouse

from orchestration.erasure.subject import identify, of_others
from orchestration.settings import Settings

ADA: list[RawEvent] = [
    typeform("1", at(0), email="Ada@erased.example", phone="020 7946 0958", country="GB"),
    standard("2", "page_view", at(1), email="ada@erased.example", user_id="u-ada"),
    contact_property(77, "email", "ada@erased.example", at(2)),
    contact_property(77, "favourite_colour", "pink", at(3)),  # no model reads it
    typeform("1", at(5), email="Ada@old.example", phone="+44 20 7946 0111").as_variant(),
]
OTHERS = [
    typeform("6", at(4), email="bob@kept.example", phone="+4930123456", last_name="Bob"),
    typeform("7", at(4), email="eve@kept.example", phone="+4930123456", last_name="Eve"),
]


@pytest.fixture
def settings(warehouse: Warehouse, tmp_path: Path) -> Settings:
    warehouse.build([*ADA, *OTHERS])
    settings = Settings(home=tmp_path, _env_file=None)  # type: ignore[call-arg]
    settings.published.parent.mkdir()
    warehouse.query("checkpoint")
    shutil.copyfile(warehouse.path, settings.published)
    return settings


def test_everything_of_one_person_and_of_nobody_else(
    settings: Settings, warehouse: Warehouse
) -> None:
    """Her events (also those no model applied, and copies), spellings and identifiers; a number
    that two people share is nobody's own; events of others are told apart."""
    ada = identify(settings, "ADA@erased.example")
    assert {1, 2, 3, 4, 5} == ada.positions
    spellings = {"Ada@erased.example", "ada@erased.example", "020 7946 0958", "+44 20 7946 0111"}
    assert spellings | {"Ada@old.example"} <= {*ada.spellings}
    assert {
        ("email_normalised", "ada@erased.example"),
        ("hubspot_contact_id", "77"),
        ("user_id", "u-ada"),
    } <= {*ada.identifiers}
    (person,) = warehouse.query(
        "select person_id from marts.dim_people where email = 'ada@erased.example'"
    )
    assert ada == identify(settings, person["person_id"]) | ada
    assert person["person_id"] in ada.persons

    bob = identify(settings, "bob@kept.example")
    assert {6} == bob.positions
    assert not [text for text in bob.spellings if "30123456" in text]
    assert {7} == of_others(settings, bob.persons, [6, 7])
    assert frozenset() == identify(settings, "nobody@nowhere.example").positions
