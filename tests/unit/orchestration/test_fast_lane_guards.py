"""What keeps the fast lane quick and small: pace, memory, slow models, people with too much."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import chain

import duckdb
import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from orchestration.fast_lane.ceiling import Ceiling, for_duckdb, give_back, resident_mb
from orchestration.fast_lane.groups import groups, too_large
from orchestration.fast_lane.pace import Pace
from orchestration.fast_lane.seldom import Seldom
from orchestration.fast_lane.slow import SlowModels, slowest

PAIRS = st.lists(st.tuples(st.integers(1, 12), st.integers(101, 112)), max_size=14)
LINKS = st.lists(st.tuples(st.integers(1, 14), st.integers(1, 14)), max_size=10)


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Process:
    """A process whose engines take so many megabytes each."""

    clock: Clock
    resident: int
    engines: list[int] = field(default_factory=list)

    def ceiling(self, megabytes: int) -> Ceiling:
        return Ceiling(megabytes, resident=lambda: self.resident, clock=self.clock)

    def discard_one(self) -> bool:
        if not self.engines:
            return False
        self.resident -= self.engines.pop(0)
        return True


def test_the_pace_follows_what_waits() -> None:
    """Batches double while they are full, up to what a slice may hold, and are as small as usual
    as soon as one is not."""
    pace = Pace.starting(500, 3_000)
    sizes = []
    for _ in range(4):
        sizes.append(pace.events)
        pace = pace.after(pace.events, 0, 0.1)
    assert [500, 1_000, 2_000, 3_000] == sizes
    assert 500 == pace.after(2_999, 0, 0.1).events
    assert 500 == pace.anew().events


def test_the_pace_spares_leads_the_wait_for_a_long_batch() -> None:
    """A batch that took long is followed by a smaller one, down to a quarter of what is usual."""
    pace = Pace(500, 20_000, 4_000, 4_000)
    assert 2_000 == pace.after(4_000, 4_000, 1.5).events
    assert 250 == pace.after(500, 500, 60.0).events
    assert 125 == pace.after(200, 200, 60.0).events
    assert 100 == Pace.starting(500, 100).after(500, 10, 0.1).events  # odd settings


def test_the_pace_learns_how_much_the_people_have_done() -> None:
    """As many events are built as have people whose own just fit into a slice, also when nothing
    waits; where they do not fit, a quarter of them, and never none."""
    pace = Pace(500, 20_000, 4_000, 4_000)
    assert 4_266 == pace.after(4_000, 15_000, 0.5).events
    assert 160 == pace.after(100, 10_000, 0.1).events
    assert 1 == pace.after(1, 20_000, 0.1).events
    assert 1_000 == pace.too_fast(4_000).events
    assert 1 == pace.too_fast(2).events


def test_haste_reads_more_and_builds_as_before() -> None:
    """What is only noted comes in ever larger shares, until there is less; how many events can be
    built in time does not change by that."""
    pace = Pace(500, 20_000, 125, 125)
    hasty = pace.after_haste(125).after_haste(250).after_haste(500)
    assert (125, 1_000) == (hasty.builds, hasty.events)
    assert pace == hasty.after_haste(999)
    assert 20_000 == Pace(500, 20_000, 125, 16_000).after_haste(16_000).events


def test_a_small_process_goes_on() -> None:
    """Under the ceiling nothing is given up, and nothing said."""
    process = Process(Clock(), 700, [50, 50])
    with capture_logs() as said:
        assert process.ceiling(768).keeps(process)
    assert ([50, 50], []) == (process.engines, said)


def test_engines_go_first() -> None:
    """As few as it takes, from the one that was used longest ago."""
    process = Process(Clock(), 900, [100, 50, 20])
    with capture_logs() as said:
        assert process.ceiling(768).keeps(process)
    [line] = said
    assert [20] == process.engines
    assert ("LANE_MEMORY", 900, 750, 2, False) == tuple(
        line[name] for name in ("code", "megabytes", "megabytes_left", "engines_discarded", "ends")
    )


def test_an_outgrown_process_ends() -> None:
    """Where it grew beyond its first minute, and there is no engine left to do without."""
    process = Process(Clock(), 700)
    ceiling = process.ceiling(768)
    assert ceiling.keeps(process)
    process.clock.now, process.resident = 61.0, 900
    with capture_logs() as said:
        assert not ceiling.keeps(process)
    assert [(900, 900, True)] == [
        (line["megabytes"], line["megabytes_left"], line["ends"]) for line in said
    ]


def test_a_ceiling_that_is_too_low_is_told_of() -> None:
    """What a process needs from its start another would need too: it goes on, and says so once a
    minute. Once it was under the ceiling that counts again."""
    process = Process(Clock(), 900)
    ceiling = process.ceiling(768)
    with capture_logs() as said:
        for process.clock.now in (1.0, 2.0, 59.0, 61.5, 62.0):
            assert ceiling.keeps(process)
    assert [False, False] == [line["ends"] for line in said]
    process.resident, process.clock.now = 700, 200.0
    assert ceiling.keeps(process)
    process.resident = 800
    assert not ceiling.keeps(process)


def test_the_memory_of_this_process_is_known() -> None:
    """In the order of what Python takes, and more after a large list."""
    code = (
        "from orchestration.fast_lane.ceiling import resident_mb as mb;"
        "before = mb(); held = bytearray(b'x' * 200_000_000); print(before, mb())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    before, after = map(int, done.stdout.split())
    if sys.platform == "linux":
        assert before > 10
        assert after - before in range(185, 210)
    give_back()
    assert resident_mb() >= 0


def test_duckdb_fails_rather_than_write_people_to_a_file() -> None:
    """It gets what Python leaves, and no folder for what does not fit."""
    with duckdb.connect(":memory:", config=for_duckdb(384)) as connection:
        told = "select current_setting('memory_limit'), current_setting('temp_directory')"
        assert [("128.0 MiB", "")] == connection.execute(told).fetchall()
        with pytest.raises(duckdb.OutOfMemoryException):
            connection.execute(
                "create table t as select repeat('x', 1000) || i from range(500000) r(i)"
            )


def test_slow_models_are_named_once_a_minute() -> None:
    """Each by itself; quick ones never."""
    clock = Clock()
    slow = SlowModels(1.0, clock=clock)
    with capture_logs() as said:
        slow.look({"quick": 0.9, "slow": 1.2345}, 7)
        slow.look({"slow": 9.0, "other": 2.0}, 8)
        clock.now = 60.0
        slow.look({"slow": 3.0}, 9)
    assert [("slow", 1.234, 7), ("other", 2.0, 8), ("slow", 3.0, 9)] == [
        (line["model"], line["seconds"], line["slice_events"]) for line in said
    ]
    assert {"LANE_MODEL_SLOW"} == {line["code"] for line in said}


def test_the_slowest_model_is_named() -> None:
    """For the log line of a batch; a batch without a slice has none."""
    assert {"slowest": "b", "slowest_ms": 20.5} == slowest({"a": 0.01, "b": 0.0205, "c": 0.0})
    assert {} == slowest({})


def test_seldom_is_due_at_first() -> None:
    """Whatever the clock shows."""
    assert Seldom(Clock(-1e9)).is_due("a")


@given(PAIRS, LINKS)
def test_groups_are_connected_components(
    about: list[tuple[int, int]], links: list[tuple[int, int]]
) -> None:
    """Nodes hang together by links and by events that are about both."""
    graph = nx.Graph([*about, *links])
    expected = {frozenset(part) for part in nx.connected_components(graph)}
    assert expected == {frozenset(each.nodes | each.positions) for each in groups(about, links)}


@given(st.lists(st.integers(1, 30), max_size=40), st.integers(5, 60))
def test_those_who_are_too_large_are_found(sizes: list[int], most: int) -> None:
    """All of them and nobody else, however many others there are."""
    among = groups([(number, 1_000 + number) for number in range(len(sizes))], [])
    found = too_large(among, lambda nodes: sum(sizes[node] for node in nodes) > most)
    assert {number for number, size in enumerate(sizes) if size > most} == set(
        chain.from_iterable(group.nodes for group in found)
    )


def test_one_too_large_among_many_is_found_in_few_questions() -> None:
    """Twice as many as it takes to halve five hundred down to one."""
    asked = []

    def overflows(nodes: Iterable[int]) -> bool:
        asked.append(nodes)
        return 77 in nodes

    [found] = too_large(groups([(number, 1_000 + number) for number in range(500)], []), overflows)
    assert {77} == found.nodes
    assert len(asked) <= 20
