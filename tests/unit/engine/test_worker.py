from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotator.engine.jobs import Job, Priority, Shared
from annotator.engine.worker import Worker
from annotator.errors import Busy, Superseded

PATIENCE = 10.0


class Held:
    """A worker whose device is busy until `let_go`, so that what comes then has to queue."""

    def __init__(self, *, limit: int = 64) -> None:
        self.worker = Worker(limit=limit)
        self.order: list[str] = []
        self.asked: list[Future[None]] = []
        self.busy()

    def busy(self) -> None:
        self._go, started = threading.Event(), threading.Event()
        self.job: Job[None] = Job(lambda job: self._hold(started), Priority.CLICK, "held", client="ann", seq=0)
        self.holding = self.worker.submit(self.job)
        assert started.wait(PATIENCE)

    def _hold(self, started: threading.Event) -> None:
        started.set()
        assert self._go.wait(PATIENCE)

    def ask(self, name: str, priority: Priority = Priority.CLICK, **details: Any) -> Future[None]:
        self.asked.append(self.worker.submit(Job(lambda job: self.order.append(name), priority, **details)))
        return self.asked[-1]

    def let_go(self) -> None:
        self._go.set()

    def finish(self) -> list[str]:
        """Let everything that waits run, in the order it then ran."""
        self.let_go()
        self.holding.result(PATIENCE)
        for future in self.asked:
            wait([future], PATIENCE)
        return self.order


@pytest.fixture
def hold() -> Iterator[Callable[..., Held]]:
    made: list[Held] = []

    def make(**details: Any) -> Held:
        made.append(Held(**details))
        return made[-1]

    yield make
    for held in made:
        held.let_go()
        held.worker.close()


def test_clicks_before_hovers_before_opening_before_prefetching(hold: Callable[..., Held]) -> None:
    held = hold()
    for name in ("prefetch", "open", "hover", "click"):
        held.ask(name, Priority[name.upper()])
    held.ask("second click")
    held.ask("second prefetch", Priority.PREFETCH)
    assert held.finish() == ["click", "second click", "hover", "open", "prefetch", "second prefetch"]


def test_a_newer_click_takes_the_place_of_an_older_one_that_waits(hold: Callable[..., Held]) -> None:
    held = hold()
    old = held.ask("old", client="ann", seq=1)
    new = held.ask("new", client="ann", seq=2)
    with pytest.raises(Superseded):
        old.result(PATIENCE)
    assert held.finish() == ["new"]
    assert new.done()


def test_an_older_request_that_arrives_late_is_stale_on_arrival(hold: Callable[..., Held]) -> None:
    held = hold()
    held.ask("new", client="ann", seq=2)
    with pytest.raises(Superseded):
        held.ask("old", client="ann", seq=1)
    assert held.finish() == ["new"]


def test_numbers_start_again_after_a_reload(hold: Callable[..., Held]) -> None:
    held = hold()
    held.ask("before", client="ann", seq=500)
    assert held.finish() == ["before"]
    held.ask("after", client="ann", seq=1).result(PATIENCE)
    assert held.order == ["before", "after"]


def test_people_do_not_take_each_others_place(hold: Callable[..., Held]) -> None:
    held = hold()
    held.ask("ann", client="ann", seq=1)
    held.ask("ben", client="ben", seq=2)
    held.ask("nobody")
    held.ask("nobody either", seq=9)
    assert held.finish() == ["ann", "ben", "nobody", "nobody either"]


def test_a_hover_never_costs_a_click_its_answer(hold: Callable[..., Held]) -> None:
    held = hold()
    held.ask("click", client="ann", seq=1)
    first = held.ask("hover", Priority.HOVER, client="ann", seq=2)
    held.ask("newer hover", Priority.HOVER, client="ann", seq=3)
    with pytest.raises(Superseded):
        first.result(PATIENCE)
    assert held.finish() == ["click", "newer hover"]


def test_a_running_request_learns_that_nobody_waits_for_it(hold: Callable[..., Held]) -> None:
    held = hold()
    held.job.require_fresh()
    held.ask("new", client="ann", seq=1)
    with pytest.raises(Superseded):
        held.job.require_fresh()


def test_a_full_queue_refuses_what_is_not_more_urgent(hold: Callable[..., Held]) -> None:
    held = hold(limit=2)
    held.ask("first")
    held.ask("second")
    with pytest.raises(Busy) as refused:
        held.ask("third")
    assert refused.value.retry_after > 0
    assert held.finish() == ["first", "second"]


def test_a_full_queue_lets_a_click_in_at_the_cost_of_a_prefetch(hold: Callable[..., Held]) -> None:
    held = hold(limit=2)
    held.ask("prefetch", Priority.PREFETCH)
    last = held.ask("last prefetch", Priority.PREFETCH)
    held.ask("click")
    with pytest.raises(Busy):
        last.result(PATIENCE)
    assert held.finish() == ["click", "prefetch"]


def test_whoever_asks_one_thing_at_a_time_does_not_wait_for_a_script_that_asks_for_many(
    hold: Callable[..., Held],
) -> None:
    held = hold()
    for number in range(4):
        held.ask(f"script {number}", person="script")
    held.ask("ann", person="ann")
    held.ask("ben", person="ben")
    assert held.finish() == ["script 0", "ann", "ben", "script 1", "script 2", "script 3"]


def test_what_somebody_prefetches_does_not_cost_them_their_turn_to_click(hold: Callable[..., Held]) -> None:
    held = hold()
    for number in range(3):
        held.ask(f"prefetch {number}", Priority.PREFETCH, person="ann")
    held.ask("ann", person="ann")
    held.ask("ben", person="ben")
    assert held.finish()[:2] == ["ann", "ben"]


def test_clicking_again_keeps_the_turn(hold: Callable[..., Held]) -> None:
    held = hold()
    held.ask("ann 1", client="tab", seq=1, person="ann")
    held.ask("ben 1", person="ben")
    held.ask("ben 2", person="ben")
    held.ask("ann 2", client="tab", seq=2, person="ann")
    assert held.finish() == ["ben 1", "ann 2", "ben 2"]


def test_however_much_somebody_had_the_past_costs_them_one_turn(hold: Callable[..., Held]) -> None:
    held = hold()
    for number in range(5):
        held.ask(f"ann {number}", person="ann")
    held.finish()
    held.busy()
    held.ask("ann", person="ann")
    for number in range(2):
        held.ask(f"ben {number}", person="ben")
    assert held.finish()[5:] == ["ben 0", "ann", "ben 1"]


def test_a_full_queue_takes_from_whoever_asked_for_most(hold: Callable[..., Held]) -> None:
    held = hold(limit=3)
    for number in range(2):
        held.ask(f"script {number}", person="script")
    last = held.ask("script 2", person="script")
    held.ask("ann", person="ann")
    with pytest.raises(Busy):
        last.result(PATIENCE)
    with pytest.raises(Busy):
        held.ask("script 3", person="script")
    assert held.finish() == ["script 0", "ann", "script 1"]


@given(asked=st.lists(st.sampled_from("abcd"), max_size=40), last=st.sampled_from("abcde"))
def test_nobody_waits_for_more_of_another_person_than_they_ask_for_themselves(asked: list[str], last: str) -> None:
    held = Held()
    for person in [*asked, last]:
        held.ask(person, person=person)
    order = held.finish()
    held.worker.close()
    served = Counter[str]()
    mine = Counter([*asked, last])
    for person in order:
        waiting = [other for other in mine if served[other] < mine[other]]
        assert served[person] == min(served[other] for other in waiting)
        served[person] += 1
    assert served == mine


def test_an_error_reaches_whoever_asked_and_the_next_job_runs(hold: Callable[..., Held]) -> None:
    held = hold()

    def fail(job: Job[None]) -> None:
        raise ZeroDivisionError("this one")

    failing: Future[None] = held.worker.submit(Job(fail, Priority.CLICK))
    assert held.finish() == []
    with pytest.raises(ZeroDivisionError, match="this one"):
        failing.result(PATIENCE)
    held.ask("next").result(PATIENCE)
    assert held.order == ["next"]


def test_waiting_too_long_ends_with_busy_and_the_job_never_runs(hold: Callable[..., Held]) -> None:
    held = hold()
    with pytest.raises(Busy, match="within"):
        held.worker.wait(Job(lambda job: held.order.append("late"), Priority.CLICK), timeout=0.01)
    assert held.worker.waiting() == []
    assert held.finish() == []


def test_closing_fails_what_waits_and_ends_the_thread(hold: Callable[..., Held]) -> None:
    held = hold()
    waiting = held.ask("never")
    closing = threading.Thread(target=held.worker.close)
    closing.start()
    with pytest.raises(Busy, match="shutting down"):
        waiting.result(PATIENCE)
    held.let_go()
    closing.join(PATIENCE)
    assert held.holding.done()
    with pytest.raises(Busy):
        held.ask("after")
    assert held.order == []


def test_many_threads_at_once_each_get_their_own_answer() -> None:
    worker = Worker(limit=1000)
    answers: dict[int, int] = {}

    def ask(number: int) -> None:
        answers[number] = worker.wait(Job(lambda job: number * number, Priority(number % 4)), timeout=PATIENCE)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    worker.close()
    assert answers == {number: number * number for number in range(100)}


class Kitchen:
    """Shared work that writes down what was done together."""

    def __init__(self, size: int = 3) -> None:
        self.size = size
        self.rounds: list[list[str]] = []

    def job(self, item: str, priority: Priority = Priority.CLICK, kind: str = "soup") -> Job[str]:
        return Job(Shared(kind, self.size, self._do, item), priority)

    def _do(self, items: list[str]) -> list[str | Exception]:
        self.rounds.append(items)
        return [ValueError(item) if item == "stone" else item.upper() for item in items]


def test_what_waits_is_done_together_up_to_its_size(hold: Callable[..., Held]) -> None:
    held, kitchen = hold(), Kitchen()
    futures = [held.worker.submit(kitchen.job(item)) for item in ("a", "b", "c", "d")]
    held.let_go()
    assert [future.result(PATIENCE) for future in futures] == ["A", "B", "C", "D"]
    assert kitchen.rounds == [["a", "b", "c"], ["d"]]


def test_only_alike_and_equally_urgent_work_is_done_together(hold: Callable[..., Held]) -> None:
    held, kitchen = hold(), Kitchen()
    jobs = [
        kitchen.job("hover", Priority.HOVER),
        kitchen.job("click"),
        kitchen.job("other", kind="bread"),
        kitchen.job("click too"),
    ]
    futures = [held.worker.submit(job) for job in jobs]
    held.let_go()
    wait(futures, PATIENCE)
    assert kitchen.rounds == [["click", "click too"], ["other"], ["hover"]]


def test_an_error_of_one_is_not_the_others(hold: Callable[..., Held]) -> None:
    held, kitchen = hold(), Kitchen()
    good, bad = held.worker.submit(kitchen.job("carrot")), held.worker.submit(kitchen.job("stone"))
    held.let_go()
    assert good.result(PATIENCE) == "CARROT"
    with pytest.raises(ValueError, match="stone"):
        bad.result(PATIENCE)
    assert held.worker.running == []
