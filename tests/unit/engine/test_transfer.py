"""A file over a network that behaves, and over ones that do not."""

from __future__ import annotations

import errno
import hashlib
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from annotator.engine import transfer
from annotator.engine.partial import Transfer
from annotator.engine.transfer import fetch
from annotator.errors import ModelProblem, StorageProblem
from tests.unit.engine.file_server import Files, serving

CONTENT = random.Random(0).randbytes(300_000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture(autouse=True)
def _no_proxies_and_no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setattr(transfer, "PAUSE", 0.001)


@pytest.fixture
def server() -> Iterator[Files]:
    with serving(Files(content={"/w.pt": CONTENT})) as files:
        yield files


def job(server: Files, folder: Path, **changes: object) -> Transfer:
    values = {"bytes": len(CONTENT), "sha256": SHA256, "help": "By hand: put it there.", **changes}
    return Transfer(f"{server.url}/w.pt", folder / "sub" / "w.pt", **values)  # type: ignore[arg-type]


def assert_nothing_left(wanted: Transfer) -> None:
    assert [path.name for path in wanted.target.parent.iterdir()] == []


def test_a_file_arrives_whole_with_its_progress(server: Files, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    wanted = job(server, tmp_path)
    assert fetch(wanted, progress=lambda done, total: seen.append((done, total))) == wanted.target
    assert wanted.target.read_bytes() == CONTENT
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert seen == sorted(seen)
    assert [path.name for path in wanted.target.parent.iterdir()] == ["w.pt"]


def test_a_cut_connection_goes_on_where_it_stopped(server: Files, tmp_path: Path) -> None:
    server.cuts = [100_000, 50_000]
    wanted = job(server, tmp_path)
    fetch(wanted)
    assert wanted.target.read_bytes() == CONTENT
    assert server.wanted() == [None, "bytes=100000-", "bytes=150000-"]
    assert server.asked[1][1]["if-range"] == '"one"'


def test_a_later_start_goes_on_where_an_earlier_one_was_stopped(server: Files, tmp_path: Path) -> None:
    wanted = job(server, tmp_path)

    server.cuts = [120_000]
    with pytest.raises(KeyboardInterrupt):
        fetch(wanted, progress=_interrupt)
    here = wanted.size()
    assert 0 < here <= 120_000
    assert not wanted.target.exists()
    fetch(wanted)
    assert wanted.target.read_bytes() == CONTENT
    assert server.wanted() == [None, f"bytes={here}-"]


def test_a_server_that_knows_no_ranges_starts_anew(server: Files, tmp_path: Path) -> None:
    server.cuts, server.ranges = [100_000], False
    wanted = job(server, tmp_path)
    fetch(wanted)
    assert wanted.target.read_bytes() == CONTENT
    assert len(server.asked) == 2


def test_a_file_that_changed_meanwhile_is_not_patched_together(server: Files, tmp_path: Path) -> None:
    wanted = job(server, tmp_path, bytes=None, sha256=None)
    server.cuts = [100_000]
    with pytest.raises(KeyboardInterrupt):
        fetch(wanted, progress=_interrupt)
    newer = bytes(reversed(CONTENT))
    server.content["/w.pt"], server.tag = newer, '"two"'
    fetch(wanted)
    assert wanted.target.read_bytes() == newer


@pytest.mark.parametrize("tag", [None, 'W/"weak"'])
def test_without_a_version_and_without_a_hash_nothing_is_continued(
    server: Files, tmp_path: Path, tag: str | None
) -> None:
    server.cuts, server.tag = [100_000], tag
    fetch(job(server, tmp_path, bytes=None, sha256=None))
    assert server.wanted() == [None, None]


def test_with_a_hash_a_missing_version_is_no_reason_to_start_anew(server: Files, tmp_path: Path) -> None:
    server.cuts, server.tag = [100_000], None
    fetch(job(server, tmp_path))
    assert server.wanted() == [None, "bytes=100000-"]
    assert "if-range" not in server.asked[1][1]


def test_wrong_bytes_are_removed_and_named(server: Files, tmp_path: Path) -> None:
    server.content["/w.pt"] = bytes(len(CONTENT))
    wanted = job(server, tmp_path)
    with pytest.raises(ModelProblem, match=r"not the file that was expected.*By hand"):
        fetch(wanted)
    assert_nothing_left(wanted)
    assert len(server.asked) == 1


def test_a_part_with_wrong_bytes_is_replaced(server: Files, tmp_path: Path) -> None:
    wanted = job(server, tmp_path)
    wanted.part.parent.mkdir()
    wanted.part.write_bytes(b"x" * 1000)
    fetch(wanted)
    assert wanted.target.read_bytes() == CONTENT


@pytest.mark.parametrize("extra", [0, 10])
def test_a_part_as_long_as_the_file_or_longer_is_replaced_if_it_is_wrong(
    server: Files, tmp_path: Path, extra: int
) -> None:
    wanted = job(server, tmp_path)
    wanted.part.parent.mkdir()
    wanted.part.write_bytes(b"x" * (len(CONTENT) + extra))
    fetch(wanted)
    assert wanted.target.read_bytes() == CONTENT
    assert server.wanted() == [None]


def test_a_part_that_is_whole_needs_no_network(tmp_path: Path) -> None:
    wanted = job(Files(url="http://127.0.0.1:9"), tmp_path)
    wanted.part.parent.mkdir()
    wanted.part.write_bytes(CONTENT)
    fetch(wanted)
    assert wanted.target.read_bytes() == CONTENT


def test_a_range_that_can_not_be_had_starts_anew(server: Files, tmp_path: Path) -> None:
    wanted = job(server, tmp_path, bytes=None)
    wanted.part.parent.mkdir()
    wanted.part.write_bytes(b"x" * (len(CONTENT) + 10))
    fetch(wanted)
    assert wanted.target.read_bytes() == CONTENT
    assert server.wanted() == [f"bytes={len(CONTENT) + 10}-", None]


@pytest.mark.parametrize("lie", ["bytes 5-9/10", "nonsense"])
def test_another_range_than_asked_for_is_not_written(server: Files, tmp_path: Path, lie: str) -> None:
    server.cuts, server.lie = [100_000], lie
    wanted = job(server, tmp_path)
    fetch(wanted)
    assert wanted.target.read_bytes() == CONTENT


def test_a_file_of_another_size_is_refused_before_it_is_fetched(server: Files, tmp_path: Path) -> None:
    wanted = job(server, tmp_path, bytes=1234)
    with pytest.raises(ModelProblem, match=r"300,000 bytes instead of 1,234"):
        fetch(wanted)
    assert_nothing_left(wanted)


def test_a_server_that_sends_more_than_it_should_is_stopped(server: Files, tmp_path: Path) -> None:
    server.sizes = False
    wanted = job(server, tmp_path, bytes=1000, sha256=None)
    with pytest.raises(ModelProblem, match="contradicts itself"):
        fetch(wanted)
    assert_nothing_left(wanted)


@pytest.mark.parametrize(
    ("status", "hint"), [(404, "404 Not Found"), (403, "HF_TOKEN"), (401, "HF_TOKEN"), (407, "HTTPS_PROXY")]
)
def test_a_refusal_is_a_sentence_at_once(server: Files, tmp_path: Path, status: int, hint: str) -> None:
    server.refusals = [status]
    wanted = job(server, tmp_path)
    with pytest.raises(ModelProblem, match=hint) as caught:
        fetch(wanted)
    assert wanted.url in caught.value.message
    assert "By hand" in caught.value.message
    assert len(server.asked) == 1
    assert_nothing_left(wanted)


def test_a_busy_server_is_asked_again(server: Files, tmp_path: Path) -> None:
    server.refusals = [503, 429, 500]
    fetch(job(server, tmp_path))
    assert len(server.asked) == 4


def test_a_server_that_stays_busy_is_given_up(server: Files, tmp_path: Path) -> None:
    server.refusals = [503] * 20
    wanted = job(server, tmp_path)
    with pytest.raises(ModelProblem, match=r"503 Service Unavailable.*By hand"):
        fetch(wanted)
    assert len(server.asked) == transfer.ATTEMPTS


def test_bytes_that_trickle_in_are_no_failure_however_often_it_breaks(server: Files, tmp_path: Path) -> None:
    server.cuts = [20_000] * 14
    wanted = job(server, tmp_path)
    fetch(wanted)
    assert wanted.target.read_bytes() == CONTENT
    assert len(server.asked) == 15 > transfer.ATTEMPTS


def test_breaking_off_at_the_same_place_again_and_again_is_given_up(server: Files, tmp_path: Path) -> None:
    server.cuts, server.ranges = [100_000, 50_000] * 20, False
    wanted = job(server, tmp_path)
    with pytest.raises(ModelProblem, match="goes on from there"):
        fetch(wanted)
    assert len(server.asked) <= 2 * transfer.ATTEMPTS


def test_nobody_there_is_a_sentence_with_what_to_do_by_hand(tmp_path: Path) -> None:
    wanted = job(Files(url="http://127.0.0.1:9"), tmp_path)
    with pytest.raises(ModelProblem, match=r"127\.0\.0\.1:9/w\.pt can't be downloaded.*By hand") as caught:
        fetch(wanted)
    assert "kept" not in caught.value.message
    assert_nothing_left(wanted)


def test_silence_counts_as_a_failure(server: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    monkeypatch.setattr(transfer, "PATIENCE", (1.0, 0.05))
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        wanted = job(Files(url=f"http://127.0.0.1:{silent.getsockname()[1]}"), tmp_path)
        with pytest.raises(ModelProblem, match="timed out"):
            fetch(wanted)


def test_proxies_of_the_environment_are_used(server: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", server.url)
    server.content["http://weights.invalid/w.pt"] = CONTENT
    wanted = Transfer("http://weights.invalid/w.pt", tmp_path / "w.pt", len(CONTENT), SHA256)
    fetch(wanted)
    assert wanted.target.read_bytes() == CONTENT
    assert server.paths() == ["http://weights.invalid/w.pt"]


def test_a_proxy_that_makes_no_sense_is_a_sentence(
    server: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALL_PROXY", "carrier-pigeon://loft:1")
    with pytest.raises(ModelProblem, match=r"proxy of the environment.*By hand"):
        fetch(job(server, tmp_path))


def test_a_redirect_is_followed_without_the_token(server: Files, tmp_path: Path) -> None:
    with serving(Files(content={"/cdn": CONTENT})) as cdn:
        server.moved["/w.pt"] = f"{cdn.url}/cdn"
        fetch(job(server, tmp_path, headers={"Authorization": "Bearer secret"}))
        assert server.asked[0][1]["authorization"] == "Bearer secret"
        assert "authorization" not in cdn.asked[0][1]


def test_a_disk_that_is_too_small_is_noticed_before_anything_is_written(
    server: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import shutil

    usage = type(shutil.disk_usage(tmp_path))(10**9, 10**9, transfer.SPARE + 1000)
    monkeypatch.setattr(transfer.shutil, "disk_usage", lambda path: usage)
    wanted = job(server, tmp_path)
    with pytest.raises(StorageProblem, match=r"w\.pt needs 0 MB.*67 MB free.*ANNOTATOR_CHECKPOINTS_DIR"):
        fetch(wanted)
    assert_nothing_left(wanted)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_disk_that_fills_up_leaves_nothing_half_written(server: Files, tmp_path: Path) -> None:
    wanted = job(server, tmp_path)
    wanted.part.parent.mkdir()
    wanted.part.symlink_to("/dev/full")
    with pytest.raises(StorageProblem, match="disk is full"):
        fetch(wanted)
    assert_nothing_left(wanted)


def test_a_disk_that_is_full_only_when_the_bytes_are_forced_out(
    server: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(transfer.os, "fsync", full)
    wanted = job(server, tmp_path)
    with pytest.raises(StorageProblem, match="disk is full"):
        fetch(wanted)
    assert_nothing_left(wanted)


def test_a_folder_that_can_not_be_made_is_a_sentence(server: Files, tmp_path: Path) -> None:
    (tmp_path / "sub").write_text("a file where a folder should be")
    with pytest.raises(StorageProblem, match="can't be written"):
        fetch(job(server, tmp_path))


def test_two_programs_do_not_write_the_same_file(server: Files, tmp_path: Path) -> None:
    wanted = job(server, tmp_path)
    wanted.target.parent.mkdir()
    with wanted.alone(), pytest.raises(ModelProblem, match="another program"):
        fetch(wanted)
    fetch(wanted)


def _interrupt(done: int, total: int) -> None:
    raise KeyboardInterrupt
