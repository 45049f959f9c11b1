"""parallel: many pictures, in order, on several cores, and what may go wrong on the way."""

from __future__ import annotations

import itertools
import os
import time
from pathlib import Path

import joblib
import numpy as np
import pytest
from joblib.parallel import ThreadingBackend
from PIL import Image

from mnist_zoo import PictureError, dense_sigmoid, read_digits, read_pictures
from mnist_zoo.pictures import parallel

JOBS = [1, 2]


class ListBackend(ThreadingBackend):
    """As the backends of Ray and multiprocessing: results come as a list, when all are there."""

    supports_return_generator = False


joblib.register_parallel_backend("lists", ListBackend)


def ones(count):
    """A picture of so many ones in a row."""
    paper = np.full((60, 30 + 30 * count), 230, np.uint8)
    for number in range(count):
        paper[10:50, 20 + 30 * number : 26 + 30 * number] = 20
    return paper


def endless(taken):
    """Pictures without end; notes how many were taken."""
    for number in itertools.count():
        taken.append(number)
        yield ones(1 + number % 3)


def settled(taken):
    """Wait until no more are taken; return how many were."""
    while True:
        before = len(taken)
        time.sleep(0.5)
        if len(taken) == before:
            return before


@pytest.fixture
def threads():
    """Jobs that are threads of this process, so that what they do can be replaced."""
    with joblib.parallel_config(backend="threading"):
        yield


@pytest.mark.parametrize("jobs", JOBS)
def test_each_picture_comes_with_its_reading_in_order(jobs):
    pictures = [ones(count) for count in (3, 1, 2, 1, 2, 3)]
    results = list(read_pictures(iter(pictures), n_jobs=jobs))
    assert all(got.picture is picture for got, picture in zip(results, pictures, strict=True))
    for result in results:
        alone = read_digits(result.picture)
        assert result.error is None
        assert result.reading.to_dict() == alone.to_dict()
        np.testing.assert_array_equal(result.reading.images, alone.images)


@pytest.mark.parametrize("jobs", JOBS)
def test_a_picture_that_cannot_be_read_does_not_stop_the_others(jobs, tmp_path):
    (tmp_path / "damaged.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(99))
    missing, damaged = tmp_path / "missing.png", tmp_path / "damaged.png"
    bad = [missing, damaged, b"", np.zeros(5), np.ma.ones((3, 3))]
    pictures = [each for one_bad in bad for each in (one_bad, ones(2))]
    results = list(read_pictures(pictures, n_jobs=jobs))
    assert [str(result.reading) for result in results[1::2]] == ["11"] * len(bad)
    errors = [result.error for result in results[::2]]
    kinds = [FileNotFoundError, PictureError, PictureError, ValueError, TypeError]
    assert [type(error) for error in errors] == kinds
    assert str(errors[0].filename) == str(missing)
    assert errors[1].args[0].startswith(str(damaged))
    assert all(result.reading is None for result in results[::2])


@pytest.mark.parametrize("jobs", JOBS)
def test_an_error_does_not_hold_on_to_the_pixels(jobs):
    (result,) = read_pictures([b"\xff\xd8\xff\xe0" + bytes(99)], n_jobs=jobs)
    error = result.error
    assert (error.__traceback__, error.__cause__, error.__context__) == (None, None, None)


def test_one_job_takes_each_picture_when_it_is_asked_for():
    taken = []
    results = read_pictures(endless(taken), n_jobs=1)
    assert len(taken) == 0
    for count in (1, 2, 3):
        next(results)
        assert len(taken) == count


@pytest.mark.parametrize("backend", ["loky", "threading", "lists"])
def test_pictures_are_not_taken_far_ahead_however_slowly_the_results_are_used(backend):
    taken = []
    with joblib.parallel_config(backend=backend, n_jobs=2):
        results = read_pictures(endless(taken))
        for used in range(1, 2 * parallel.AHEAD + 4):  # So that the limit is met more than once.
            result = next(results)
            assert str(result.reading) == "1" * (1 + (used - 1) % 3)
            if used in (1, parallel.AHEAD, 2 * parallel.AHEAD):
                assert used <= settled(taken) <= used + 2 * parallel.AHEAD
        results.close()


def test_jobs_are_never_short_of_pictures_while_results_are_used_at_once(threads, monkeypatch):
    calls = []
    monkeypatch.setattr(joblib.Parallel, "__call__", counted(joblib.Parallel.__call__, calls))
    assert len(list(read_pictures([ones(1)] * (10 * parallel.AHEAD), n_jobs=2))) == 80
    # Each call waits for all pictures of the one before. There is a second one only where the
    # machine is so busy that the results of one call are not used at once.
    assert len(calls) <= 2


def counted(function, calls):
    def call(*arguments):
        calls.append(arguments)
        return function(*arguments)

    return call


@pytest.mark.parametrize("jobs", JOBS)
def test_results_that_are_not_wanted_are_dropped_without_a_word(jobs, capfd):
    taken = []
    results = read_pictures(endless(taken), n_jobs=jobs)
    assert str(next(results).reading) == "1"
    results.close()
    stopped = settled(taken)
    assert next(results, None) is None
    assert [str(each.reading) for each in read_pictures([ones(2)] * 3, n_jobs=jobs)] == ["11"] * 3
    assert len(taken) == stopped
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("jobs", JOBS)
def test_an_iterator_that_fails_does_so_after_the_pictures_before(jobs):
    def failing():
        yield from [ones(1)] * 3
        raise RuntimeError("the scanner is off")

    results = read_pictures(failing(), n_jobs=jobs)
    assert [str(next(results).reading) for _ in range(3)] == ["1"] * 3
    with pytest.raises(RuntimeError, match="the scanner is off"):
        next(results)


@pytest.mark.parametrize("jobs", JOBS)
def test_a_fault_of_the_program_itself_is_raised(threads, monkeypatch, jobs):
    monkeypatch.setattr(parallel, "find_candidates", lambda picture: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        list(read_pictures([ones(1)] * 5, n_jobs=jobs))


class Deadly:
    """A picture that kills the process to which it is sent."""

    def __reduce__(self):
        return os._exit, (1,)


@pytest.mark.parametrize("jobs", JOBS)
def test_a_path_is_where_the_program_is_and_not_where_the_workers_began(
    jobs, tmp_path, monkeypatch
):
    for count in (1, 2):
        folder = tmp_path / str(count)
        folder.mkdir()
        Image.fromarray(ones(count)).save(folder / "a.png")
        (folder / "b.png").write_bytes(b"damaged")
        monkeypatch.chdir(folder)
        good, bad = read_pictures(["a.png", Path("b.png")], n_jobs=jobs)
        assert (good.picture, str(good.reading)) == ("a.png", "1" * count)
        assert bad.picture == Path("b.png")
        assert str(bad.error).startswith(f"{folder / 'b.png'}: not a picture")


@pytest.mark.parametrize("jobs", JOBS)
def test_the_entries_of_a_folder_are_pictures(jobs, tmp_path):
    Image.fromarray(ones(3)).save(tmp_path / "a.png")
    with os.scandir(tmp_path) as entries:  # These cannot be sent to other processes.
        (result,) = read_pictures(entries, n_jobs=jobs)
    assert str(result.reading) == "111"


def test_a_worker_that_dies_is_an_error_and_the_next_pictures_have_a_new_one():
    with pytest.raises(joblib.externals.loky.BrokenProcessPool):
        list(read_pictures([Deadly(), *[ones(1)] * 5], n_jobs=2))
    assert [str(each.reading) for each in read_pictures([ones(2)] * 3, n_jobs=2)] == ["11"] * 3


def test_a_model_that_is_no_name_is_not_sent_to_the_workers(monkeypatch):
    model = dense_sigmoid(weights="mnist")
    monkeypatch.setattr(type(model), "__reduce__", lambda self: 1 // 0)
    by_model = list(read_pictures([ones(2), b"", ones(1)], model, n_jobs=2))
    by_name = list(read_pictures([ones(2), b"", ones(1)], "dense_sigmoid", n_jobs=2))
    for got, wanted in ((by_model[0], by_name[0]), (by_model[2], by_name[2])):
        probabilities = got.reading.probabilities, wanted.reading.probabilities
        np.testing.assert_allclose(*probabilities, rtol=1e-4, atol=1e-6)
    assert isinstance(by_model[1].error, PictureError)


@pytest.mark.parametrize("backend", ["loky", "threading", "lists"])
def test_joblib_says_where_and_on_how_many_cores(backend, monkeypatch):
    used = []
    monkeypatch.setattr(
        joblib.Parallel,
        "__enter__",
        lambda self, enter=joblib.Parallel.__enter__: used.append(self) or enter(self),
    )
    with joblib.parallel_config(backend=backend, n_jobs=2):
        results = list(read_pictures([ones(1)] * 40))
    assert len(results) == 40
    assert used[0].n_jobs == 2
    assert used[0]._backend.__class__.__name__.lower().startswith(backend[:4])


@pytest.mark.parametrize("jobs", JOBS)
def test_digits_of_which_the_model_is_not_sure_are_left_out_of_each(jobs):
    rng = np.random.default_rng(0)
    scribble = np.full((100, 100), 230, np.uint8)
    scribble[20:80, 20:80] = np.where(rng.random((10, 10)) < 0.5, 20, 230).repeat(6, 0).repeat(6, 1)
    (every,) = read_pictures([scribble], n_jobs=jobs)
    (sure,) = read_pictures([scribble], min_confidence=0.9999, n_jobs=jobs)
    assert len(every.reading.digits) > len(sure.reading.digits)
    assert sure.reading.to_dict() == read_digits(scribble, min_confidence=0.9999).to_dict()


@pytest.mark.parametrize(
    ("pictures", "settings", "message"),
    [
        ("scans", {}, "pictures must be an iterable"),
        (b"\x89PNG", {}, "pictures must be an iterable"),
        (Path("scans"), {}, r"Path\('scans'\).glob"),
        (None, {}, "pictures must be an iterable"),
        ([], {"model": "resnet"}, "resnet"),
        ([], {"n_jobs": 0}, "n_jobs must be an integer of at least 1, or -1 for all cores; got 0"),
        ([], {"n_jobs": True}, "n_jobs"),
        ([], {"n_jobs": 1.5}, "n_jobs"),
        ([], {"min_confidence": 1.01}, "min_confidence must be a number of at least 0"),
        ([], {"min_confidence": "0.5"}, "min_confidence"),
    ],
)
def test_arguments_are_checked_before_the_first_picture(pictures, settings, message):
    with pytest.raises((TypeError, ValueError), match=message):
        read_pictures(pictures, **settings)


@pytest.mark.parametrize("jobs", [1, 2, -1, None, np.int64(2)])
def test_no_pictures_are_no_results(jobs):
    assert list(read_pictures([], n_jobs=jobs)) == []
