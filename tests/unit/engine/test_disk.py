"""The disk tier: what was put is what comes back, whatever happens to the folder; and it keeps within its budget."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from annotator.engine import disk as disk_module
from annotator.engine.disk import DiskCache
from annotator.engine.overlay import Overlay
from annotator.engine.predictor import Embedding
from tests.paths import ROOT

LARGE = 1 << 30


def embedding(seed: int = 0, *, numbers: int = 512, model: str = "fake") -> Embedding:
    values = np.random.default_rng(seed).standard_normal(numbers).astype(np.float16)
    return Embedding(model, 480, 640, {"low": values.reshape(1, 2, -1), "high": values[:5]}, (192.0, 256.0), 1024)


def same(one: Embedding | None, other: Embedding | None) -> bool:
    if one is None or other is None:
        return one is other
    fields = ("model", "height", "width", "frame", "via")
    return (
        all(getattr(one, name) == getattr(other, name) for name in fields)
        and one.arrays.keys() == other.arrays.keys()
        and all(
            one.arrays[name].dtype == other.arrays[name].dtype
            and one.arrays[name].shape == other.arrays[name].shape
            and one.arrays[name].tobytes() == other.arrays[name].tobytes()
            for name in one.arrays
        )
    )


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder for one example; pytest's is one for all examples of a test."""
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


embeddings = st.builds(
    Embedding,
    model=st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    height=st.integers(1, 100_000),
    width=st.integers(1, 100_000),
    arrays=st.dictionaries(
        st.text("abc_0123.é", min_size=1, max_size=8),
        npst.arrays(np.float16, npst.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5)),
        max_size=4,
    ),
    frame=st.tuples(st.floats(0.1, 256), st.floats(0.1, 256)),
    via=st.none() | st.integers(1, 4096),
)


@given(key=st.text(st.characters(exclude_categories=["Cs"]), max_size=60), value=embeddings)
@settings(max_examples=60)
def test_what_was_put_comes_back_bit_by_bit_after_a_restart(key: str, value: Embedding) -> None:
    with scratch() as folder:
        DiskCache(folder, LARGE).put(key, value)
        restarted = DiskCache(folder, LARGE)
        assert restarted.has(key)
        found = restarted.get(key)
        assert same(found, value)
        assert found is not None
        assert all(array.flags.c_contiguous and array.flags.writeable for array in found.arrays.values())


def test_keys_do_not_meet(tmp_path: Path) -> None:
    cache = DiskCache(tmp_path / "not" / "there yet", LARGE)
    assert cache.get("a") is None
    assert not cache.has("a")
    cache.put("a", embedding(1))
    cache.put("b", embedding(2))
    cache.put("a", embedding(3))
    assert same(cache.get("a"), embedding(3))
    assert same(cache.get("b"), embedding(2))
    assert cache.get("c") is None
    assert cache.nbytes == sum(cache.path(key).stat().st_size for key in "ab")


@given(data=st.data())
@settings(max_examples=150)
def test_a_damaged_file_is_a_miss_and_goes_or_did_no_harm(data: st.DataObject) -> None:
    with scratch() as folder:
        cache = DiskCache(folder, LARGE)
        cache.put("key", embedding())
        path = cache.path("key")
        content = bytearray(path.read_bytes())
        how = data.draw(st.sampled_from(["flip", "cut", "zeros", "longer", "other"]))
        at = data.draw(st.integers(0, len(content) - 1) | st.integers(0, 400))
        if how == "flip":
            content[at] ^= 1 << data.draw(st.integers(0, 7))
        elif how == "cut":
            del content[at:]
        elif how == "zeros":
            content[at:] = bytes(len(content) - at)
        elif how == "longer":
            content += b"\x00" * (at + 1)
        else:
            content = bytearray(data.draw(st.binary(max_size=300)))
        path.write_bytes(content)
        found = cache.get("key")
        assert found is None or same(found, embedding())
        assert path.exists() == (found is not None)
        cache.put("key", embedding(1))
        assert same(cache.get("key"), embedding(1))


def test_an_embedding_under_another_name_is_not_taken_for_the_right_one(tmp_path: Path) -> None:
    cache = DiskCache(tmp_path, LARGE)
    cache.put("mine", embedding(1))
    place = cache.path("yours")
    place.parent.mkdir(exist_ok=True)
    place.write_bytes(cache.path("mine").read_bytes())
    assert cache.get("yours") is None
    assert not place.exists()
    assert same(cache.get("mine"), embedding(1))


@given(
    acts=st.lists(
        st.tuples(st.sampled_from(["put", "get"]), st.integers(0, 9), st.integers(1, 4)), min_size=1, max_size=40
    ),
    capacity=st.integers(3, 12),
)
@settings(max_examples=60)
def test_the_budget_holds_and_what_was_used_last_stays(acts: list[tuple[str, int, int]], capacity: int) -> None:
    with scratch() as folder:
        unit = len(disk_module._bytes_of("0", embedding(numbers=2000))) + 64
        budget = capacity * unit
        cache = DiskCache(folder, budget)
        for act, name, size in acts:
            if act == "put":
                numbers = 2000 * size
                cache.put(str(name), embedding(name, numbers=numbers))
                assert cache.nbytes <= budget
                fits = cache.path(str(name)).exists()
                assert fits == (len(disk_module._bytes_of(str(name), embedding(name, numbers=numbers))) <= budget)
            else:
                cache.get(str(name))
            kept = [cache.path(str(other)) for other in range(10) if cache.has(str(other))]
            if cache.has(str(name)):
                assert max(kept, key=lambda path: path.stat().st_mtime_ns) == cache.path(str(name))


def test_the_least_recently_used_go_first(tmp_path: Path) -> None:
    size = len(disk_module._bytes_of("0", embedding()))
    cache = DiskCache(tmp_path, size * 4 + 100)
    for name in "0123":
        cache.put(name, embedding())
    assert cache.get("0") is not None
    cache.put("4", embedding())
    assert [name for name in "01234" if cache.has(name)] == ["0", "3", "4"]  # a twentieth of the budget is left free


def test_the_folder_is_not_looked_through_for_each_embedding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = []
    look = disk_module._entries
    monkeypatch.setattr(disk_module, "_entries", lambda folder: looks.append(folder) or look(folder))
    cache = DiskCache(tmp_path, LARGE)
    for number in range(100):
        cache.put(str(number), embedding(number))
        cache.get(str(number))
        cache.has(str(number))
    assert looks.count(tmp_path) == 1


def test_the_writing_of_other_processes_is_noticed(tmp_path: Path) -> None:
    size = len(disk_module._bytes_of("0", embedding()))
    mine, theirs = DiskCache(tmp_path, size * 32), DiskCache(tmp_path, size * 32)
    for number in range(31):
        mine.put(f"mine {number}", embedding())
        theirs.put(f"theirs {number}", embedding())
    assert mine.nbytes <= size * 36  # each looks after a sixteenth of the budget
    assert mine.has("mine 30")
    assert theirs.has("theirs 30")


def test_no_budget_keeps_nothing(tmp_path: Path) -> None:
    cache = DiskCache(tmp_path / "cache", 0)
    cache.put("key", embedding())
    assert not cache.has("key")
    assert cache.get("key") is None
    assert cache.problem is None
    assert not (tmp_path / "cache").exists()


def test_a_reserved_budget_counts_for_everybody_and_is_never_lowered(tmp_path: Path) -> None:
    size = len(disk_module._bytes_of("0", embedding()))
    cache = DiskCache(tmp_path, size * 2)
    cache.reserve(size * 10)
    server = DiskCache(tmp_path, size * 2)
    for number in range(9):
        server.put(str(number), embedding())
    assert all(cache.has(str(number)) for number in range(9))
    cache.reserve(size)
    assert (server.budget, DiskCache(tmp_path, size * 20).budget) == (size * 10, size * 20)
    (tmp_path / "budget").write_text("many")
    assert server.budget == size * 2
    assert DiskCache(tmp_path, 0).budget == 0


def test_a_folder_of_somebody_else_is_read_and_left_as_it_is(tmp_path: Path) -> None:
    theirs, own = tmp_path / "theirs", tmp_path / "own"
    made = DiskCache(theirs, LARGE)
    made.put("there", embedding(1))
    made.put("damaged", embedding(2))
    made.path("damaged").write_bytes(b"x")
    before = [(path, path.stat().st_mtime_ns) for path in sorted(theirs.rglob("*"))]
    both = Overlay(DiskCache(own, LARGE), DiskCache(theirs, LARGE, untouched=True))
    assert same(both.get("there"), embedding(1))
    assert both.has("there")
    assert both.get("damaged") is None
    both.put("new", embedding(3))
    assert same(both.get("new"), embedding(3))
    both.below.put("new", embedding(3))
    assert [(path, path.stat().st_mtime_ns) for path in sorted(theirs.rglob("*"))] == before
    assert DiskCache(own, LARGE).has("new")


def test_clearing_leaves_nothing(tmp_path: Path) -> None:
    cache = DiskCache(tmp_path, LARGE)
    cache.reserve(LARGE * 2)
    cache.put("key", embedding())
    cache.clear()
    assert not cache.has("key")
    assert cache.budget == LARGE
    assert cache.nbytes == 0
    cache.put("key", embedding())
    assert same(cache.get("key"), embedding())


def test_what_a_killed_process_left_is_tidied_up(tmp_path: Path) -> None:
    cache = DiskCache(tmp_path, LARGE)
    cache.put("key", embedding())
    old, new = cache.path("key").with_name(".old"), cache.path("key").with_name(".new")
    for path in (old, new):
        path.write_bytes(b"half")
    long_ago = time.time() - 2 * disk_module.ABANDONED_SECONDS
    os.utime(old, (long_ago, long_ago))
    (tmp_path / "note.txt").write_text("a stranger's file is left alone")
    assert DiskCache(tmp_path, LARGE).nbytes == cache.path("key").stat().st_size
    assert (old.exists(), new.exists(), (tmp_path / "note.txt").exists()) == (False, True, True)


def test_a_folder_that_can_t_be_written_is_passed_by(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "cache"
    place.write_text("a file where the folder is to be")
    cache = DiskCache(place, LARGE)
    cache.put("key", embedding())
    assert cache.problem is not None
    assert str(place) in cache.problem
    assert cache.get("key") is None
    place.unlink()
    cache.put("key", embedding())
    assert not cache.has("key")  # a full disk is not tried again for each image
    monkeypatch.setattr(cache, "_pause", 0.0)
    cache.put("key", embedding())
    assert cache.has("key")
    assert cache.problem is None


def test_a_full_disk_leaves_nothing_half_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = DiskCache(tmp_path, LARGE)
    cache.put("key", embedding(1))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(disk_module.os, "replace", full)
    cache.put("other", embedding(2))
    assert cache.problem is not None
    assert "No space left" in cache.problem
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == [cache.path("key").name]
    assert same(cache.get("key"), embedding(1))


def test_threads_may_use_it_at_once(tmp_path: Path) -> None:
    size = len(disk_module._bytes_of("0", embedding()))
    cache = DiskCache(tmp_path, size * 8)
    wrong: list[int] = []

    def work(start: int) -> None:
        for step in range(60):
            number = (start * 7 + step) % 12
            found = cache.get(str(number))
            if found is None:
                cache.put(str(number), embedding(number))
            elif not same(found, embedding(number)):
                wrong.append(number)

    threads = [threading.Thread(target=work, args=(start,)) for start in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert cache.problem is None
    assert cache.nbytes <= size * 9


PROCESS = """
import sys
from pathlib import Path
from annotator.engine.disk import DiskCache
from tests.unit.engine.test_disk import embedding, same
cache = DiskCache(Path(sys.argv[1]), int(sys.argv[2]))
for step in range(80):
    number = step * int(sys.argv[3]) % 13
    found = cache.get(str(number))
    assert found is None or same(found, embedding(number)), number
    cache.put(str(number), embedding(number))
assert cache.problem is None, cache.problem
"""


def test_processes_may_use_it_at_once(tmp_path: Path) -> None:
    size = len(disk_module._bytes_of("0", embedding()))
    arguments = [sys.executable, "-c", PROCESS, str(tmp_path), str(size * 8)]
    running = [
        subprocess.Popen([*arguments, stride], cwd=ROOT, stderr=subprocess.PIPE, text=True) for stride in ("3", "5")
    ]
    for process in running:
        _, said = process.communicate(timeout=120)
        assert process.returncode == 0, said
    assert DiskCache(tmp_path, LARGE).nbytes <= size * 10
