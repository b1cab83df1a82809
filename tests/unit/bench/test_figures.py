"""Percentiles, ratios, and turns."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotator.bench.figures import Figure, alternate, percentile

times = st.floats(0, 1e6, allow_nan=False)


@given(values=st.lists(times, min_size=1, max_size=50), percent=st.floats(0, 100))
def test_percentiles_are_numpys(values: list[float], percent: float) -> None:
    assert percentile(values, percent) == pytest.approx(float(np.percentile(values, percent)), rel=1e-9, abs=1e-9)


def test_there_is_no_percentile_of_nothing() -> None:
    with pytest.raises(ValueError, match="no values"):
        percentile([], 50)


def test_a_row_compares_medians_by_name_and_leaves_out_what_was_not_measured() -> None:
    raw = Figure("raw", "raw", values=[10.0, 20.0, 90.0])
    nothing = Figure("nothing", "nothing")
    ours = Figure("ours", "ours", against=("raw", "nothing", "absent"), values=[5.0, 4.0, 6.0, 100.0])
    row = ours.to_json({"raw": raw, "nothing": nothing, "ours": ours})
    assert row["ratio_to"] == {"raw": 0.275}  # 5.5 of 20
    assert (row["n"], row["p50"], row["unit"]) == (4, 5.5, "ms")
    assert row["p95"] == pytest.approx(85.9)
    assert raw.to_json({})["ratio_to"] == {}


def test_rivals_take_turns_and_each_does_everything_once() -> None:
    done: list[str] = []
    first, second = Figure("first", ""), Figure("second", "")
    alternate(
        [(first, lambda number: done.append(f"a{number}")), (second, lambda number: done.append(f"b{number}"))],
        5,
        block=2,
        pause=0,
    )
    assert done == ["a0", "a1", "b0", "b1", "a2", "a3", "b2", "b3", "a4", "b4"]
    assert len(first.values) == len(second.values) == 5


def test_a_failure_is_not_a_measurement() -> None:
    figure = Figure("figure", "")
    with pytest.raises(ZeroDivisionError), figure.timed():
        1 / 0  # noqa: B018
    assert figure.values == []
