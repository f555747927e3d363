"""Law 3: an incremental build leaves the same rows as a full one, and a slice of people the same
rows as everybody's build holds of them."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from dbt_builders import RawEvent, contact_synced, mql_reached
from dbt_histories import history
from dbt_lab import Lab, altered, broken, compiled_plan, differences, laboratory
from dbt_story import every_event
from dbt_warehouse import Warehouse
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.errors import BuildFailedError
from orchestration.fast_lane.plan import Plan, Scope
from orchestration.incremental import state

Ready = tuple[Plan, dict[str, object]]


@pytest.fixture(scope="module")
def ready(warehouse: Warehouse) -> Ready:
    """What a laboratory needs: the compiled project and its seeds."""
    return compiled_plan(warehouse), dict(warehouse.seeds())


@pytest.fixture
def lab(ready: Ready) -> Iterator[Lab]:
    with laboratory(*ready) as lab:
        yield lab


def answers(lab: Lab) -> list[RawEvent]:
    """What a batch appends: decisions on new MQLs, and the CRM's id of a person or two."""
    rows = lab.connection.execute("from marts.fct_mqls where not is_decided").fetchall()
    names = [column[0] for column in lab.connection.description or []]
    mqls = [dict(zip(names, row, strict=True)) for row in rows]
    people = lab.connection.execute(
        "select person_id, last_seen_at from marts.dim_people order by person_id limit 2"
    ).fetchall()
    synced = [contact_synced(person, str(700 + n), at) for n, (person, at) in enumerate(people)]
    return [*(mql_reached(mql, mql["reached_at"]) for mql in mqls), *synced]


def follow(lab: Lab, events: list[RawEvent], cuts: list[int]) -> int:
    """Build in full up to the first cut, then on and on; how many builds were incremental."""
    lab.add(events[: cuts[0]])
    lab.build()
    done = 0
    for start, end in zip(cuts, [*cuts[1:], len(events)], strict=True):
        lab.add([*answers(lab), *events[start:end]])
        done += lab.follow()
    return done


def check(ready: Ready, events: list[RawEvent], cuts: list[int]) -> int:
    with laboratory(*ready) as lab:
        done = follow(lab, events, cuts)
        found = lab.tables()
        lab.build()
        assert [] == differences(lab.tables(), found)
    return done


def test_the_story_in_parts_equals_the_story_at_once(ready: Ready) -> None:
    """Wherever the story is cut, incremental builds end at the tables of a full build."""
    events = [event for event in every_event() if len(event.body or "") < 100_000]
    random.Random(5).shuffle(events)  # noqa: S311  # reproducible, no secret
    assert check(ready, events, [20, 41]) > 0


@settings(max_examples=1)
@given(st.integers(0, 10_000))
def test_random_histories_in_parts_equal_them_at_once(ready: Ready, seed: int) -> None:
    """Late events, merges, unlinks, replays, variants, decisions and answers in any order."""
    check(ready, history(seed, 160), [80, 130])


@pytest.mark.slow
@settings(max_examples=25)
@given(st.integers(0, 10_000_000), st.integers(40, 400), st.data())
def test_many_random_histories(ready: Ready, seed: int, size: int, data: st.DataObject) -> None:
    """The same with histories of any size, cut anywhere."""
    cuts = data.draw(st.lists(st.integers(1, size - 1), min_size=1, max_size=4, unique=True))
    check(ready, history(seed, size), sorted(cuts))


def test_a_slice_holds_what_everybodys_build_holds_of_its_people(lab: Lab) -> None:
    """Person-locality of every model of people, for people chosen at random."""
    lab.add(history(3, 150))
    lab.build()
    people = lab.connection.execute(
        "select person_id from marts.dim_people order by hash(person_id) limit 3"
    ).fetchall()
    with lab.slice_of([person for (person,) in people]) as space:
        models = [m for m in lab.plan.of(Scope.PERSON) if not (m.is_view or m.carried_from)]
        pairs = {model.name: lab.sliced(space, model) for model in models}
    wrong = differences(
        {name: whole for name, (_, whole) in pairs.items()},
        {name: made for name, (made, _) in pairs.items()},
    )
    assert [] == wrong
    assert pairs["dim_people"][0]


@pytest.mark.parametrize(
    ("sql", "breach"),
    [
        ("select * replace (null as activity_id) from ({sql})", "activity_id is null"),
        ("select * from ({sql}) union all select * from ({sql})", "activity_id repeats"),
    ],
)
def test_a_breach_of_integrity_names_the_column(lab: Lab, sql: str, breach: str) -> None:
    """A key that is missing or there twice fails the build, which says which one and how often."""
    events = history(7, 60)
    lab.add(events[:40])
    lab.build()
    lab.add(events[40:])

    with pytest.raises(BuildFailedError, match=rf"integrity_fct_activities_.*: {breach} \([1-9]"):
        lab.rebuild(altered(lab.plan, "fct_activities", sql))


@pytest.mark.parametrize(
    "model", ["dim_people", pytest.param("rpt_lead_velocity", marks=pytest.mark.slow)]
)
def test_a_build_that_breaks_off_leaves_the_old_tables(lab: Lab, model: str) -> None:
    """Whether before the merge or in it: nothing is half done, and the next build goes on."""
    events = history(7, 60)
    lab.add(events[:40])
    lab.build()
    tables, held = lab.tables(views=False), state.read(lab.connection)
    lab.add(events[40:])

    with pytest.raises(BuildFailedError, match=model):
        lab.rebuild(broken(lab.plan, model))

    assert [] == differences(tables, lab.tables(views=False))
    assert held == state.read(lab.connection)

    lab.follow()
    followed = lab.tables()
    lab.build()
    assert [] == differences(lab.tables(), followed)
