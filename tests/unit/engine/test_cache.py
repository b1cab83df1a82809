from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from annotator.engine.cache import ByteCache


def test_what_was_used_least_recently_goes_first() -> None:
    cache: ByteCache[str, int] = ByteCache(30)
    for number, key in enumerate("abc"):
        cache.put(key, number, nbytes=10)
    assert cache.get("a") == 0
    cache.put("d", 3, nbytes=10)
    assert cache.get("b") is None
    assert cache.order() == ["c", "a", "d"]


def test_the_newest_stays_even_when_it_is_larger_than_the_budget() -> None:
    cache: ByteCache[str, int] = ByteCache(5)
    cache.put("a", 1, nbytes=100)
    assert cache.get("a") == 1
    cache.put("b", 2, nbytes=3)
    assert (cache.get("a"), cache.get("b"), cache.nbytes) == (None, 2, 3)


def test_replacing_a_value_counts_its_bytes_once() -> None:
    cache: ByteCache[str, int] = ByteCache(100)
    cache.put("a", 1, nbytes=60)
    cache.put("a", 2, nbytes=70)
    assert (cache.get("a"), cache.nbytes, len(cache)) == (2, 70, 1)


def test_looking_whether_it_is_there_is_no_use() -> None:
    cache: ByteCache[str, int] = ByteCache(20)
    cache.put("a", 1, nbytes=10)
    cache.put("b", 2, nbytes=10)
    assert "a" in cache
    cache.put("c", 3, nbytes=10)
    assert "a" not in cache


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 50))), st.integers(0, 100))
def test_the_budget_holds_and_the_sum_is_right(puts: list[tuple[int, int]], budget: int) -> None:
    cache: ByteCache[int, int] = ByteCache(budget)
    sizes: dict[int, int] = {}
    for key, nbytes in puts:
        cache.put(key, nbytes, nbytes=nbytes)
        sizes[key] = nbytes
        assert cache.nbytes <= budget or len(cache) == 1
        assert cache.nbytes == sum(sizes[held] for held in cache.order())
        assert cache.order()[-1] == key
