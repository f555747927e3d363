"""Parts of JSON texts come out as they were written, or not at all."""

from __future__ import annotations

import pytest

from ingestion.json_slices import array_items, at_pointer, object_members

BROKEN = ["", "5", "[1", "[1,]", "[,1]", "[1 2]", "[1] x", "{", '{"a"}', '{"a":}', '{"a":1,}']
BROKEN += ['{"a":1 "b":2}', '{"a":1}}', "{1:2}", "nul", "[1]]", "{,}", "\ufeff[1]"]


@pytest.mark.parametrize("text", BROKEN)
def test_broken(text: str) -> None:
    """What is not exactly one array, or one object, is refused as such."""
    with pytest.raises(ValueError, match=r"\S"):
        list(array_items(text))
    with pytest.raises(ValueError, match=r"\S"):
        object_members(text)


def test_items() -> None:
    """Items keep their own spelling; what stands between them is left out."""
    assert ["1.0", '"\\u00e9"', "[ 2 ]", '{ "a":1}'] == [
        item.text for item in array_items(' [1.0,\n"\\u00e9" , [ 2 ],{ "a":1}\t]\r\n')
    ]
    assert list(array_items("[]")) == list(array_items(" [ ] ")) == []


def test_members() -> None:
    """Members keep their spelling, the last of equal names counts, names are read as text."""
    members = object_members(' { "a" : 1.0 , "\\u0062":[ 2 ],"a":{} } ')
    assert {name: member.text for name, member in members.items()} == {"a": "{}", "b": "[ 2 ]"}
    assert object_members("{}") == object_members(" { } ") == {}


def test_most_members() -> None:
    """An object of strangers is read up to a number of members, and no further."""
    assert len(object_members('{"a":1,"b":2}', most=2)) == 2
    with pytest.raises(ValueError, match="more than 2"):
        object_members('{"a":1,"a":2,"a":3}', most=2)


def test_pointer() -> None:
    """A pointer goes through objects and arrays; the empty one is the whole."""
    text = '{"a":[{"b/c":1.0,"~":2}, null], "":3}'
    assert at_pointer(text, "") == text
    assert at_pointer(text, "/a/0/b~1c") == "1.0"
    assert at_pointer(text, "/a/0/~0") == "2"
    assert at_pointer(text, "/a/1") == "null"
    assert at_pointer(text, "/") == "3"


@pytest.mark.parametrize("pointer", ["/x", "/a/2", "/a/-1", "/a/x", "/a/²", "/a/"])
def test_pointer_to_nothing(pointer: str) -> None:
    """A pointer to what is not there finds nothing, rather than something else."""
    with pytest.raises(LookupError):
        at_pointer('{"a":[1]}', pointer)
