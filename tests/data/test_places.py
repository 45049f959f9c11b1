"""places: where MNIST is looked for, and what can go wrong on the way."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
import textwrap
import threading
import time

import filelock
import numpy as np
import pytest

from mnist_zoo import ChecksumError, MnistUnavailableError
from mnist_zoo.data import MNIST, Mirror, download, files, places


def find(cache, tiny, *mirrors):
    dataset = dataclasses.replace(tiny.dataset, mirrors=mirrors)
    return places.find(dataset, cache, progress=False)


def assert_found(found, tiny):
    for key, array in tiny.arrays.items():
        np.testing.assert_array_equal(found.arrays[key], array)


def test_the_pointed_file_comes_first(tiny, homeless, tmp_path, monkeypatch):
    pointed = tiny.write(tmp_path / "pointed.npz")
    tiny.write(homeless / "mnist.npz")
    monkeypatch.setenv("MNIST_ZOO_DATA", str(pointed))
    found = find(homeless, tiny)
    assert_found(found, tiny)
    assert found.origin == str(pointed)


def test_the_cache_comes_before_keras(tiny, homeless):
    tiny.write(homeless / "mnist.npz")
    tiny.write(places.keras_cache_file(MNIST))
    assert find(homeless, tiny).origin == str(homeless)


def test_the_cache_of_keras_comes_before_the_mirrors(tiny, homeless, server):
    tiny.write(places.keras_cache_file(MNIST))
    assert find(homeless, tiny, server.mirror("good")).origin == str(places.keras_cache_file(MNIST))
    assert not server.hits


def test_a_pointed_path_that_is_missing_is_not_replaced_by_another(
    tiny, homeless, server, monkeypatch
):
    monkeypatch.setenv("MNIST_ZOO_DATA", "/nowhere/mnist.npz")
    tiny.write(homeless / "mnist.npz")
    with pytest.raises(MnistUnavailableError, match=r"/nowhere/mnist\.npz.*unset MNIST_ZOO_DATA"):
        find(homeless, tiny, server.mirror("good"))
    assert not server.hits


def test_a_pointed_file_that_is_broken_is_left_as_it_is(tiny, homeless, tmp_path, monkeypatch):
    pointed = tmp_path / "pointed.npz"
    pointed.write_bytes(b"half a fi")
    monkeypatch.setenv("MNIST_ZOO_DATA", str(pointed))
    with pytest.raises(ChecksumError, match=r"no complete npz.*unset MNIST_ZOO_DATA"):
        find(homeless, tiny)
    assert pointed.read_bytes() == b"half a fi"
    assert [path.name for path in tmp_path.iterdir()] == ["pointed.npz"]


def test_a_download_is_kept_for_the_next_time(tiny, homeless, server):
    mirror = server.mirror("good")
    assert_found(find(homeless, tiny, mirror), tiny)
    again = find(homeless, tiny, mirror)
    assert_found(again, tiny)
    assert again.origin == str(homeless)
    assert server.hits == {"/good/mnist.npz": 1}
    assert sorted(path.name for path in homeless.iterdir()) == [
        "CACHEDIR.TAG",
        "mnist.lock",
        "mnist.npz",
    ]


def test_a_mirror_of_idx_files_is_downloaded_file_by_file(tiny, homeless, server):
    import gzip

    names = [f"{spec.idx_name}.gz" for spec in tiny.dataset.arrays]
    server.files.update(
        {
            name: gzip.compress(tiny.idx(spec.key))
            for name, spec in zip(names, tiny.dataset.arrays, strict=True)
        }
    )
    assert_found(find(homeless, tiny, server.mirror("good", *names)), tiny)
    assert sum(server.hits.values()) == 4


@pytest.mark.parametrize(
    ("way", "reason"),
    [
        ("403", "403"),
        ("404", "404"),
        ("500", "500"),
        ("truncate", "IncompleteRead|no complete npz|ends after"),
        ("trickle", "too slow"),
        ("endless", "larger than the [0-9,]+ bytes"),
        ("huge", "larger than the [0-9,]+ bytes"),
        ("redirect-for-ever", "TooManyRedirects"),
        ("corrupt", "y_test is not that of MNIST"),
        ("page", "no complete npz"),
        ("stall", "timed out"),
        ("silent", "no answer within|ConnectTimeout"),
        ("downgrade", "refused http://.*only https"),
    ],
)
def test_a_mirror_that_fails_is_named_and_the_next_is_tried(
    tiny, homeless, server, monkeypatch, way, reason
):
    monkeypatch.setattr(download, "RATE_SECONDS", 1.0)
    if way == "silent":
        monkeypatch.setattr(download, "ANSWER_SECONDS", 0.5)
    else:
        monkeypatch.setattr(download, "READ_SECONDS", 0.5)
    bad = server.mirror(way)
    with pytest.raises(MnistUnavailableError, match=f"{bad.url}: .*({reason})"):
        find(homeless, tiny, bad)
    if way != "redirect-for-ever":
        assert server.hits[f"/{way}/mnist.npz"] == 1
    assert not list(homeless.glob("*.part"))
    assert_found(find(homeless, tiny, bad, server.mirror("good")), tiny)
    assert server.hits["/good/mnist.npz"] == 1


def test_a_redirection_to_https_is_followed(tiny, homeless, server):
    assert_found(find(homeless, tiny, server.mirror("redirect")), tiny)


def test_a_certificate_that_nobody_vouches_for_is_refused(tiny, homeless, server, monkeypatch):
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    with pytest.raises(MnistUnavailableError, match="certificate verify failed"):
        find(homeless, tiny, server.mirror("good"))
    assert not server.hits


def test_plain_http_is_never_used(tiny, homeless):
    with pytest.raises(MnistUnavailableError, match="only https is used"):
        find(homeless, tiny, Mirror("http://localhost/", ("mnist.npz",)))


@pytest.mark.parametrize(
    "content",
    [b"", b"<html>not a file</html>", "half", "other"],
    ids=["empty", "a page", "truncated", "other digits"],
)
def test_a_broken_cache_file_is_set_aside_and_fetched_again(tiny, homeless, server, content):
    cached = tiny.write(homeless / "mnist.npz")
    (homeless / "CACHEDIR.TAG").write_text("")
    if content == "half":
        content = cached.read_bytes()[: cached.stat().st_size // 2]
    if content == "other":
        np.savez(cached, **dict(tiny.arrays, y_test=np.zeros(20, np.uint8)))
        content = cached.read_bytes()
    cached.write_bytes(content)
    with pytest.warns(UserWarning, match="It was set aside as mnist.npz.broken-"):
        found = find(homeless, tiny, server.mirror("good"))
    assert_found(found, tiny)
    (aside,) = homeless.glob("mnist.npz.broken-*")
    assert aside.read_bytes() == content
    assert_found(find(homeless, tiny), tiny)


def test_a_broken_file_of_keras_is_not_touched(tiny, homeless, server):
    keras_file = places.keras_cache_file(MNIST)
    keras_file.parent.mkdir(parents=True)
    keras_file.write_bytes(b"broken")
    assert_found(find(homeless, tiny, server.mirror("good")), tiny)
    assert keras_file.read_bytes() == b"broken"


def test_without_a_folder_to_write_to_the_digits_still_come(tiny, homeless, server, tmp_path):
    (tmp_path / "a-file").write_text("in the way")
    with pytest.warns(UserWarning, match="no copy could be kept"):
        found = find(tmp_path / "a-file" / "cache", tiny, server.mirror("good"))
    assert_found(found, tiny)


def test_a_full_disk_leaves_no_half_written_file(tiny, homeless, server, monkeypatch):
    def full(file, arrays):
        file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files, "write_npz", full)
    with pytest.warns(UserWarning, match="No space left on device"):
        assert_found(find(homeless, tiny, server.mirror("good")), tiny)
    assert [path.name for path in homeless.iterdir()] == ["mnist.lock"]


def test_with_nothing_to_be_had_every_place_and_the_ways_out_are_named(homeless):
    with pytest.raises(MnistUnavailableError) as caught:
        places.find(MNIST, homeless, progress=False)
    message = str(caught.value)
    looked_at = [str(homeless), str(places.keras_cache_file(MNIST))]
    for place in looked_at + [mirror.url for mirror in MNIST.mirrors]:
        assert place in message
    assert message.count("tests do not look up") == len(MNIST.mirrors)
    for way_out in ("point MNIST_ZOO_DATA at", f"into {homeless}", 'source="sample"'):
        assert way_out in message
    assert isinstance(caught.value, OSError)


def test_three_silent_mirrors_are_given_up_within_15_seconds():
    assert len(MNIST.mirrors) * download.ANSWER_SECONDS < 15
    assert all(mirror.url.startswith("https://") for mirror in MNIST.mirrors)


def test_who_waited_for_a_download_that_failed_does_not_try_once_more(
    tiny, homeless, server, monkeypatch
):
    homeless.mkdir()
    held = filelock.FileLock(homeless / "mnist.lock")
    held.acquire()
    waits = threading.Event()
    acquire = filelock.FileLock.acquire

    def say_and_acquire(self, *args, **kwargs):
        waits.set()
        return acquire(self, *args, **kwargs)

    monkeypatch.setattr(filelock.FileLock, "acquire", say_and_acquire)
    errors = []

    def wait():
        try:
            find(homeless, tiny, server.mirror("good"))
        except MnistUnavailableError as error:
            errors.append(str(error))

    thread = threading.Thread(target=wait)
    thread.start()
    assert waits.wait(60)
    (homeless / "mnist.failure").write_text("every mirror was down")
    held.release()
    thread.join()
    assert errors == ["every mirror was down"]
    assert not server.hits


def test_an_old_failure_does_not_stop_a_new_try(tiny, homeless, server):
    with pytest.raises(MnistUnavailableError):
        find(homeless, tiny, server.mirror("500"))
    assert_found(find(homeless, tiny, server.mirror("good")), tiny)


RACER = """
    import pathlib, sys
    import numpy as np
    import dataclasses
    from mnist_zoo.data import MNIST, Mirror, files, places
    cache, reference, address = sys.argv[1:]
    with np.load(reference) as arrays:
        specs = tuple(
            spec._replace(shape=arrays[spec.key].shape, sha256=files.sha256(arrays[spec.key]))
            for spec in MNIST.arrays
        )
    print("ready", flush=True)
    sys.stdin.readline()
    mirror = Mirror(f"https://{address}/good/", ("mnist.npz",))
    tiny = dataclasses.replace(MNIST, arrays=specs, mirrors=(mirror,))
    found = places.find(tiny, pathlib.Path(cache), progress=False)
    print(*(files.sha256(found.arrays[spec.key]) for spec in specs))
"""


def test_eight_processes_that_start_at_once_make_one_download(tiny, homeless, server, tmp_path):
    reference = tiny.write(tmp_path / "reference.npz")
    command = [
        sys.executable,
        "-c",
        textwrap.dedent(RACER),
        str(homeless),
        str(reference),
        server.address,
    ]
    racers = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(8)
    ]
    assert [racer.stdout.readline() for racer in racers] == ["ready\n"] * 8
    for racer in racers:  # All are at the line: now let them go.
        racer.stdin.write("go\n")
        racer.stdin.flush()
    digests = [racer.communicate()[0].strip() for racer in racers]
    assert [racer.returncode for racer in racers] == [0] * 8
    assert digests == [" ".join(spec.sha256 for spec in tiny.dataset.arrays)] * 8
    assert server.hits == {"/good/mnist.npz": 1}


def test_all_mirrors_together_have_one_deadline(tiny, homeless, server, monkeypatch):
    monkeypatch.setattr(download, "TOTAL_SECONDS", 1.0)
    started = time.monotonic()
    with pytest.raises(MnistUnavailableError, match="not done within 1 seconds|no answer within"):
        find(homeless, tiny, *[server.mirror("trickle")] * 5)
    assert time.monotonic() - started < download.RATE_SECONDS


def test_a_process_that_was_stopped_does_not_hold_up_all_others(tiny, homeless, monkeypatch):
    homeless.mkdir()
    monkeypatch.setattr(download, "TOTAL_SECONDS", 0.3)
    with (
        filelock.FileLock(homeless / "mnist.lock"),
        pytest.raises(MnistUnavailableError, match="another process has held .*mnist.lock"),
    ):
        find(homeless, tiny)


@pytest.mark.parametrize("error", [MemoryError(), OSError(5, "Input/output error")], ids=repr)
def test_an_error_while_reading_does_not_condemn_the_cache(tiny, homeless, monkeypatch, error):
    cached = tiny.write(homeless / "mnist.npz")
    (homeless / "CACHEDIR.TAG").write_text("")
    content = cached.read_bytes()

    def fail(*_):
        raise error

    monkeypatch.setattr(files, "_read_member", fail)
    with pytest.raises((MemoryError, MnistUnavailableError)):
        find(homeless, tiny)
    monkeypatch.undo()
    assert cached.read_bytes() == content
    assert not list(homeless.glob("*.broken-*"))


def test_files_that_this_package_did_not_write_are_never_moved_or_replaced(tiny, homeless, server):
    homeless.mkdir()
    foreign = {f"{spec.idx_name}.gz": b"of another data set" for spec in tiny.dataset.arrays}
    foreign["mnist.npz"] = b"my own"
    for name, content in foreign.items():
        (homeless / name).write_bytes(content)
    with pytest.warns(UserWarning, match="was not written by mnist-zoo"):
        assert_found(find(homeless, tiny, server.mirror("good")), tiny)
    for name, content in foreign.items():
        assert (homeless / name).read_bytes() == content
    assert not list(homeless.glob("*.broken-*"))


def test_a_cache_folder_that_is_a_file_is_refused(tiny, homeless, tmp_path, server):
    (tmp_path / "thesis.txt").write_text("precious")
    with pytest.raises(NotADirectoryError, match=r"thesis\.txt is a file"):
        find(tmp_path / "thesis.txt", tiny, server.mirror("good"))
    assert (tmp_path / "thesis.txt").read_text() == "precious"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names here")
def test_a_pipe_is_not_waited_for(tiny, homeless, tmp_path, server, monkeypatch):
    homeless.mkdir()
    os.mkfifo(homeless / "mnist.npz")
    with pytest.warns(UserWarning, match="no copy could be kept"):
        assert_found(find(homeless, tiny, server.mirror("good")), tiny)
    os.mkfifo(tmp_path / "pipe")
    monkeypatch.setenv("MNIST_ZOO_DATA", str(tmp_path / "pipe"))
    with pytest.raises(MnistUnavailableError, match="is not a regular file"):
        find(homeless, tiny)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: os.utime(path, (2e9, 2e9)),
        lambda path: path.write_bytes(b"\xff\xfe\x00"),
        lambda path: path.unlink() or path.symlink_to(path.with_name("elsewhere")),
        lambda path: path.unlink() or path.mkdir(),
    ],
    ids=["of the future", "no text", "a link", "a folder"],
)
def test_a_note_of_failure_never_stops_a_later_try(tiny, homeless, server, spoil):
    homeless.mkdir()
    note = homeless / "mnist.failure"
    note.write_text("every mirror was down")
    (homeless / "elsewhere").write_text("precious")
    spoil(note)
    with pytest.raises(MnistUnavailableError, match="500"):
        find(homeless, tiny, server.mirror("500"))
    assert (homeless / "elsewhere").read_text() == "precious"
    assert_found(find(homeless, tiny, server.mirror("good")), tiny)


def test_what_a_killed_process_left_is_swept(tiny, homeless, server):
    left = homeless / "mnist.part" / "mirror"
    left.mkdir(parents=True)
    (left / "mnist.npz").write_bytes(b"half")
    assert_found(find(homeless, tiny, server.mirror("good")), tiny)
    assert sorted(path.name for path in homeless.iterdir()) == [
        "CACHEDIR.TAG",
        "mnist.lock",
        "mnist.npz",
    ]


@pytest.mark.skipif(os.name != "posix", reason="permissions are others here")
def test_other_users_may_read_the_cached_file(tiny, homeless, server):
    before = os.umask(0o022)
    try:
        find(homeless, tiny, server.mirror("good"))
    finally:
        os.umask(before)
    assert (homeless / "mnist.npz").stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("pointed", ["~nobody-here/mnist.npz", "/" + 300 * "x"], ids=["~", "long"])
def test_a_pointed_path_that_cannot_be_is_named(tiny, homeless, monkeypatch, pointed):
    monkeypatch.setenv("MNIST_ZOO_DATA", pointed)
    with pytest.raises(MnistUnavailableError, match="unset MNIST_ZOO_DATA") as caught:
        find(homeless, tiny)
    assert str(caught.value).count(pointed) == 1
    assert ".." not in str(caught.value)


def test_a_cache_path_that_is_too_long_is_no_reason_to_fail(tiny, homeless, server):
    homeless.mkdir(exist_ok=True)
    with pytest.warns(UserWarning, match="no copy could be kept"):
        assert_found(find(homeless / (300 * "x"), tiny, server.mirror("good")), tiny)


def test_a_home_folder_that_nobody_has_is_passed_over_for_keras(
    tiny, homeless, server, monkeypatch
):
    monkeypatch.setenv("KERAS_HOME", "~nobody-here/keras")
    assert_found(find(homeless, tiny, server.mirror("good")), tiny)


@pytest.mark.parametrize("target", ["elsewhere/mnist.npz", "mnist.npz"], ids=["away", "itself"])
def test_a_link_in_the_cache_that_leads_nowhere_is_left(tiny, homeless, server, target):
    homeless.mkdir(exist_ok=True)
    link = homeless / "mnist.npz"
    link.symlink_to(homeless / target)
    with pytest.warns(UserWarning, match="was not written by mnist-zoo"):
        assert_found(find(homeless, tiny, server.mirror("good")), tiny)
    assert link.is_symlink()
