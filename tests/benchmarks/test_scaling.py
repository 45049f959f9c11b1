"""What large jobs take, by arithmetic."""

from __future__ import annotations

import pytest

from benchmarks import scaling
from benchmarks.scaling import Cost


def test_few_cores_compute_and_many_wait_for_tasks():
    cost = Cost(seconds=1.0, read=2e6, written=0.0)
    rows = scaling.arithmetic("job", 10_000, cost, start=0.0, rate=100.0)
    assert [row[1] for row in rows] == ["2", "64", "1,000", "10,000"]
    # 10,000 s on one core; 100 s to hand out.
    assert [row[2] for row in rows] == ["83.3 minutes", "2.6 minutes", "100 s", "100 s"]
    assert [row[3] for row in rows] == ["100%", "100%", "10%", "1%"]
    assert [row[4] for row in rows] == ["computing", "computing", "handing out", "handing out"]
    assert rows[0][5] == "4.0 MB/s"


def test_the_start_of_a_worker_is_time_in_which_nothing_is_computed():
    rows = scaling.arithmetic("job", 1_000, Cost(1.0, 0.0, 0.0), start=9.0, rate=1e9)
    assert rows[2][2:5] == ["10 s", "10%", "computing"]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(5, "5 s"), (119, "119 s"), (120, "2.0 minutes"), (7_200, "2.0 hours"), (2e5, "2.3 days")],
)
def test_a_time_has_the_unit_that_suits_it(seconds, text):
    assert scaling.duration(seconds) == text
