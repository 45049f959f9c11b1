"""writing: files are written whole or not at all, on a full disk and in a killed process too."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from mnist_zoo.writing import check_writable, replacing


@contextlib.contextmanager
def full_disk(size=2_000):
    """Let no file become larger, as on a file system with so many bytes left."""
    resource = pytest.importorskip("resource", reason="the system has no limit of sizes of files")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def write(path, text, overwrite=True):
    with replacing(path, overwrite) as part:
        part.write_text(text)


def test_a_file_is_replaced_whole_and_keeps_its_mode(tmp_path):
    path = tmp_path / "file"
    write(path, "old")
    assert path.stat().st_mode & 0o777 == 0o666 & ~umask()
    path.chmod(0o640)
    write(path, "new")
    assert path.read_text() == "new"
    assert path.stat().st_mode & 0o777 == 0o640
    assert names(tmp_path) == ["file"]


def umask():
    value = os.umask(0)
    os.umask(value)
    return value


def test_nothing_changes_when_the_writer_fails(tmp_path):
    path = tmp_path / "file"
    write(path, "old")

    def fail():
        with replacing(path, True) as part:
            part.write_text("half of the n")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert path.read_text() == "old"
    assert names(tmp_path) == ["file"]


def test_nothing_changes_on_a_full_disk(tmp_path):
    path = tmp_path / "file"
    write(path, "old")
    with full_disk(), pytest.raises(OSError, match="File too large"):
        write(path, "new" * 1000)
    assert path.read_text() == "old"
    assert names(tmp_path) == ["file"]


def saving_a_model(path, folder):
    from mnist_zoo import dense_relu
    from mnist_zoo.export import save_model

    save_model(dense_relu(seed=0), path, overwrite=True)


def saving_an_evaluation(path, folder):
    from mnist_zoo import linear
    from mnist_zoo.evaluation.result import Evaluation

    probabilities = np.full((1000, 10), 0.1, np.float32)
    Evaluation(linear(), np.arange(1000) % 10, probabilities).save(path, overwrite=True)


def saving_a_plot(path, folder):
    from mnist_zoo import plots
    from mnist_zoo.cli.options import save_plot

    save_plot(lambda: plots.confusion_matrix(np.eye(10, dtype=int)).figure, path)


@pytest.mark.parametrize(
    ("save", "ending"),
    [(saving_a_model, ".keras"), (saving_an_evaluation, ".json"), (saving_a_plot, ".png")],
)
def test_on_a_full_disk_everything_that_is_saved_leaves_the_old_file(save, ending, tmp_path):
    path = tmp_path / f"file{ending}"
    path.write_text("old")
    with full_disk(), pytest.raises(OSError, match=r"\S"):
        save(path, tmp_path)
    assert path.read_text() == "old"
    assert names(tmp_path) == [path.name]
    save(path, tmp_path)
    assert path.stat().st_size > 2_000


def test_a_file_that_is_read_only_is_replaced_and_stays_read_only(tmp_path, monkeypatch):
    path = tmp_path / "file"
    write(path, "old")
    path.chmod(0o444)
    opened = Path.open

    def as_an_ordinary_user(self, mode="r", *arguments, **options):
        if self.exists() and "+" in mode and not self.stat().st_mode & 0o200:
            raise PermissionError(13, "Permission denied", str(self))
        return opened(self, mode, *arguments, **options)

    monkeypatch.setattr(Path, "open", as_an_ordinary_user)
    write(path, "new")
    assert path.read_text() == "new"
    assert path.stat().st_mode & 0o777 == 0o444


def test_a_check_looks_where_a_symbolic_link_points(tmp_path):
    (tmp_path / "file").write_text("mine")
    (tmp_path / "link").symlink_to(tmp_path / "file" / "below")
    with pytest.raises(OSError, match="so it cannot be written"):
        check_writable(tmp_path / "link", True)


def test_a_symbolic_link_is_followed_and_stays(tmp_path):
    (tmp_path / "folder").mkdir()
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "folder" / "file")
    write(link, "first")
    write(link, "second")
    assert link.is_symlink()
    assert (tmp_path / "folder" / "file").read_text() == "second"
    assert names(tmp_path / "folder") == ["file"]


WRITER = """
import sys
from pathlib import Path
from mnist_zoo.writing import replacing
path, letter = Path(sys.argv[1]), sys.argv[2]
print("ready", flush=True)
while True:
    with replacing(path, overwrite=True) as part:
        part.write_text(letter * 200_000)
"""


def test_a_killed_process_leaves_the_old_or_the_new_file(tmp_path):
    path, letters = tmp_path / "file", "abcdefgh"
    path.write_text("-" * 200_000)
    rng = np.random.default_rng(0)
    for letter in letters:
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), letter], stdout=subprocess.PIPE
        ) as process:
            process.stdout.readline()
            time.sleep(rng.uniform(0.0, 0.05))  # Any moment will do.
            process.kill()
        content = path.read_text()
        assert len(content) == 200_000
        assert len(set(content)) == 1


@pytest.mark.parametrize("check", [check_writable, lambda path, overwrite: write(path, "", False)])
def test_what_may_not_be_replaced_is_refused_before_and_after(check, tmp_path):
    (tmp_path / "file").write_text("mine")
    (tmp_path / "folder").mkdir()
    for name, message in [
        ("file", "file: exists already; overwrite=True, or --force"),
        ("folder", "folder: exists already"),
        ("file/below", "below: .*directory.* so it cannot be written|so it cannot be written"),
        ("n" * 300, "File name too long, so it cannot be written|File name too long"),
    ]:
        with pytest.raises(OSError, match=message):
            check(tmp_path / name, False)
    assert (tmp_path / "file").read_text() == "mine"
    assert names(tmp_path) == ["file", "folder"]


def test_a_folder_or_a_device_is_not_replaced_even_if_files_may_be(tmp_path):
    with pytest.raises(FileExistsError, match="is a folder, and a file is to be written"):
        check_writable(tmp_path, True)
    with pytest.raises(FileExistsError, match="is a device or a pipe"):
        check_writable(Path(os.devnull), True)


def test_a_check_makes_the_folders_above_and_leaves_nothing_else(tmp_path):
    check_writable(tmp_path / "a" / "b" / "file", False)
    assert names(tmp_path / "a" / "b") == []
