"""Every change can be taken back, whatever happened, and none is applied to what it was not made for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotator.domain.changes import Change, Content, Edit, Key, apply
from annotator.errors import Conflict

contents = st.dictionaries(
    st.tuples(st.sampled_from(["annotation", "draft"]), st.sampled_from("abcd")),
    st.fixed_dictionaries({"category": st.integers(1, 3)}),
)
targets = st.lists(
    st.tuples(
        st.sampled_from(["annotation", "draft"]),
        st.sampled_from("abcd"),
        st.none() | st.fixed_dictionaries({"category": st.integers(4, 6)}),
    ),
    max_size=5,
)


def change_to(now: dict[Key, Content], wanted: list[tuple[str, str, Content | None]]) -> Change:
    """A change that was made from what is there: each edit knows what the ones before it left."""
    state = dict(now)
    edits = []
    for kind, identity, after in wanted:
        edits.append(Edit(kind, identity, state.get((kind, identity)), after))
        if after is None:
            state.pop((kind, identity), None)
        else:
            state[(kind, identity)] = after
    return Change("edit", tuple(edits))


@given(contents, targets)
def test_the_inverse_takes_a_change_back(now: dict, wanted: list) -> None:
    change = change_to(now, wanted)
    assert apply(change.inverse(), apply(change, now)) == now


@given(contents, st.lists(targets, max_size=6))
def test_undoing_everything_gives_the_beginning_and_redoing_the_end(now: dict, steps: list) -> None:
    done, state = [], now
    for wanted in steps:
        change = change_to(state, wanted)
        state = apply(change, state)
        done.append(change)
    end = state
    for change in reversed(done):
        state = apply(change.inverse(), state)
    assert state == now
    for change in done:
        state = apply(change, state)
    assert state == end


@given(contents, targets)
def test_the_inverse_of_the_inverse_is_the_change(now: dict, wanted: list) -> None:
    change = change_to(now, wanted)
    assert change.inverse().inverse() == change


@given(targets)
def test_an_edit_survives_being_saved(wanted: list) -> None:
    for edit in change_to({}, wanted).edits:
        assert Edit(**edit.to_json()) == edit


def test_a_change_of_something_that_changed_since_is_refused_and_does_nothing() -> None:
    change = Change("relabel", (Edit("annotation", "a", {"category": 1}, {"category": 2}),))
    now = {("annotation", "a"): {"category": 3}}
    with pytest.raises(Conflict, match="relabel"):
        apply(change, now)
    assert now == {("annotation", "a"): {"category": 3}}
