"""What visitors of a demo may use up together: one export at a time, and nobody twice in a row."""

from __future__ import annotations

import pytest

from annotator.errors import Busy, NotAllowed
from annotator.sessions.allowance import EXPORTED_OBJECTS, PAUSE_SECONDS, Allowance, Turns
from tests.unit.api.visiting import Clock


def allowance(who: str, turns: Turns, *, most: int = 500) -> Allowance:
    return Allowance(who, minutes=30, objects=500, most=most, turns=turns)


def test_one_exports_at_a_time_and_the_others_are_asked_to_wait() -> None:
    clock = Clock()
    turns = Turns(clock)
    one, other = allowance("one", turns), allowance("other", turns)
    with one.exporting("coco"), pytest.raises(Busy, match="Another visitor is exporting"), other.exporting("coco"):
        pass
    with pytest.raises(Busy, match="You have exported just now"), one.exporting("coco"):
        pass
    with other.exporting("coco"):
        pass
    clock.now += PAUSE_SECONDS
    with other.exporting("coco"):
        pass


def test_an_export_that_fails_gives_its_turn_back() -> None:
    turns = Turns(Clock())
    with pytest.raises(OSError, match="full"), allowance("one", turns).exporting("coco"):
        raise OSError("full")
    with allowance("other", turns).exporting("coco"):
        pass


def test_exports_that_could_be_large_are_refused() -> None:
    turns = Turns(Clock())
    with pytest.raises(NotAllowed, match="exports COCO"), allowance("one", turns).exporting("cutouts"):
        pass
    large = allowance("one", turns, most=EXPORTED_OBJECTS + 501)
    with pytest.raises(NotAllowed, match="began with more"), large.exporting("coco"):
        pass


def test_there_is_room_up_to_the_limit() -> None:
    allowance("one", Turns(Clock())).require_room(500)
    with pytest.raises(NotAllowed, match="keeps 500 objects of yours"):
        allowance("one", Turns(Clock())).require_room(501)
