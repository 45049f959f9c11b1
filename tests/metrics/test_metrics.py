"""metrics: each measure against scikit-learn, scipy or its definition written out."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats
from sklearn import metrics as sk

from mnist_zoo import metrics

# (digits, classes, classes that occur): one digit, two classes, missing classes, many digits.
GRID = [
    (1, 10, 10),
    (2, 2, 2),
    (50, 10, 10),
    (50, 10, 9),
    (30, 10, 1),
    (1000, 10, 10),
    (500, 26, 20),
]


@pytest.fixture(params=GRID, ids=lambda grid: "n={} classes={} present={}".format(*grid))
def case(request):
    """Labels, predictions and probabilities, seeded; the last classes may be missing."""
    count, classes, present = request.param
    rng = np.random.default_rng(count + classes)
    labels = rng.integers(0, present, count)
    probabilities = rng.dirichlet(np.full(classes, 0.3), count)
    return labels, probabilities.argmax(axis=1), probabilities, classes


def test_accuracy_is_that_of_scikit_learn(case):
    labels, predictions, _, _ = case
    assert metrics.accuracy(labels, predictions) == sk.accuracy_score(labels, predictions)


@pytest.mark.parametrize("k", [1, 2])
def test_top_k_accuracy_is_that_of_scikit_learn(case, k):
    labels, _, probabilities, classes = case
    if classes > 2:
        expected = sk.top_k_accuracy_score(labels, probabilities, k=k, labels=range(classes))
        assert metrics.top_k_accuracy(labels, probabilities, k) == pytest.approx(
            expected, abs=1e-12
        )


def test_top_1_accuracy_is_accuracy(case):
    labels, predictions, probabilities, _ = case
    expected = metrics.accuracy(labels, predictions)
    assert metrics.top_k_accuracy(labels, probabilities, 1) == expected


def test_of_tied_classes_the_lower_one_counts_as_more_probable():
    tied = np.full((4, 4), 0.25)
    assert [metrics.top_k_accuracy(range(4), tied, k) for k in (1, 2, 3, 4)] == [0.25, 0.5, 0.75, 1]
    assert metrics.accuracy(range(4), tied.argmax(axis=1)) == 0.25


def test_confusion_matrix_is_that_of_scikit_learn(case):
    labels, predictions, _, classes = case
    counts = metrics.confusion_matrix(labels, predictions, classes)
    expected = sk.confusion_matrix(labels, predictions, labels=range(classes))
    np.testing.assert_array_equal(counts, expected)
    assert counts.dtype == np.int64


def test_class_report_is_that_of_scikit_learn(case):
    labels, predictions, _, classes = case
    report = metrics.class_report(labels, predictions, classes)
    expected = sk.precision_recall_fscore_support(
        labels, predictions, labels=range(classes), zero_division=0
    )
    for ours, theirs in zip(report, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12)


def test_log_loss_is_that_of_scikit_learn(case):
    labels, _, probabilities, classes = case
    expected = sk.log_loss(labels, probabilities, labels=range(classes))
    assert metrics.log_loss(labels, probabilities) == pytest.approx(expected, rel=1e-9)


def test_log_loss_of_ignorance_is_the_logarithm_of_the_classes():
    assert metrics.log_loss([3, 7], np.full((2, 10), 0.1)) == pytest.approx(math.log(10))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_log_loss_of_a_probability_of_zero_is_finite(dtype):
    loss = metrics.log_loss([1], np.array([[1, 0]], dtype))
    assert loss == pytest.approx(-math.log(np.finfo(dtype).tiny))


def test_brier_score_is_its_definition_written_out(case):
    labels, _, probabilities, _ = case
    total = 0.0
    for label, row in zip(labels, probabilities, strict=True):
        for number, probability in enumerate(row):
            total += (probability - (number == label)) ** 2
    assert metrics.brier_score(labels, probabilities) == pytest.approx(total / len(labels))


def test_brier_score_of_two_classes_is_twice_that_of_scikit_learn():
    rng = np.random.default_rng(0)
    labels, positive = rng.integers(0, 2, 100), rng.random(100)
    expected = 2 * sk.brier_score_loss(labels, positive)
    ours = metrics.brier_score(labels, np.column_stack([1 - positive, positive]))
    assert ours == pytest.approx(expected)


@pytest.mark.parametrize("bins", [1, 10, 15])
def test_calibration_error_is_its_definition_written_out(case, bins):
    labels, predictions, probabilities, _ = case
    confidence, right = probabilities.max(axis=1), predictions == labels
    error, counts = 0.0, []
    for m in range(bins):
        inside = [i for i, c in enumerate(confidence) if m / bins < c <= (m + 1) / bins]
        counts.append(len(inside))
        if inside:
            gap = np.mean(right[inside]) - np.mean(confidence[inside])
            error += len(inside) / len(labels) * abs(gap)
    ours = metrics.expected_calibration_error(labels, probabilities, bins)
    assert ours.error == pytest.approx(error, abs=1e-12)
    np.testing.assert_array_equal(ours.counts, counts)
    np.testing.assert_array_equal(np.isnan(ours.accuracy), ours.counts == 0)


def test_full_confidence_is_in_the_last_bin():
    ours = metrics.expected_calibration_error([0, 1], [[1.0, 0.0], [1.0, 0.0]], bins=4)
    np.testing.assert_array_equal(ours.counts, [0, 0, 0, 2])
    assert ours.error == 0.5


@pytest.mark.parametrize("trials", [1, 2, 10, 1000, 10000])
@pytest.mark.parametrize("share", [0.0, 0.3, 0.5, 0.9773, 1.0])
@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.99])
def test_wilson_interval_is_its_closed_form(trials, share, confidence):
    successes = round(share * trials)
    z = stats.norm.ppf(0.5 + confidence / 2)
    p = successes / trials
    centre = (p + z**2 / (2 * trials)) / (1 + z**2 / trials)
    reach = z / (1 + z**2 / trials) * math.sqrt(p * (1 - p) / trials + z**2 / (4 * trials**2))
    ours = metrics.wilson_interval(successes, trials, confidence)
    assert ours == pytest.approx((max(0, centre - reach), min(1, centre + reach)), abs=1e-12)


@pytest.mark.parametrize(("only_a", "only_b"), [(0, 0), (1, 0), (0, 5), (3, 3), (7, 2), (40, 60)])
def test_mcnemar_p_value_is_the_binomial_sum(only_a, only_b):
    both = 4
    labels = np.ones(only_a + only_b + both, np.int64)
    a, b = labels.copy(), labels.copy()
    b[:only_a] = 0
    a[only_a : only_a + only_b] = 0
    total, least = only_a + only_b, min(only_a, only_b)
    tail = sum(math.comb(total, k) for k in range(least + 1)) / 2**total
    result = metrics.mcnemar_test(labels, a, b)
    assert (result.only_a, result.only_b) == (only_a, only_b)
    assert result.p_value == pytest.approx(min(1.0, 2 * tail))


def test_the_paired_interval_is_that_of_propcis():
    """diffpropci.mp(b = 40, c = 20, n = 160) of the R package PropCIs gives these ends."""
    labels = np.ones(160, np.int64)
    a, b = labels.copy(), labels.copy()
    a[:40], b[40:60] = 0, 0
    interval = metrics.paired_difference_interval(labels, a, b)
    assert interval == pytest.approx((-0.21601726, -0.03089632), abs=1e-8)


@pytest.mark.parametrize("confidence", [0.5, 0.95, 0.999])
def test_the_paired_interval_mirrors_and_holds_the_difference(case, confidence):
    labels, a, _, classes = case
    b = (a + (np.arange(len(a)) % 3 == 0)) % classes
    low, high = metrics.paired_difference_interval(labels, a, b, confidence)
    back = metrics.paired_difference_interval(labels, b, a, confidence)
    assert (-back.high, -back.low) == pytest.approx((low, high))
    assert -1 <= low <= high <= 1
    if len(labels) >= 30:
        difference = metrics.accuracy(labels, a) - metrics.accuracy(labels, b)
        assert low <= difference <= high


EMPTY = np.zeros(0, np.int64)
TWO = [[0.5, 0.5]]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: metrics.accuracy(EMPTY, EMPTY), "labels must hold at least one digit"),
        (lambda: metrics.accuracy([1, 2], [1]), "one length; got 2 and 1"),
        (lambda: metrics.accuracy([1.0], [1]), "labels must be integers"),
        (lambda: metrics.accuracy([1], [[1]]), "predictions must be integers of shape"),
        (lambda: metrics.confusion_matrix([0, 3], [0, 1], 3), r"labels must be in 0\.\.2; got"),
        (lambda: metrics.confusion_matrix([0], [-1], 3), r"predictions must be in 0\.\.2"),
        (lambda: metrics.confusion_matrix([0], [0], 0), "classes must be an integer of at least 1"),
        (lambda: metrics.log_loss(EMPTY, np.zeros((0, 10))), "at least one digit"),
        (lambda: metrics.log_loss([0, 1], TWO), "a row for each label"),
        (lambda: metrics.log_loss([2], TWO), r"labels must be in 0\.\.1"),
        (lambda: metrics.log_loss([0], [[3.0, -2.0]]), "Logits\\? Take their softmax first"),
        (lambda: metrics.log_loss([0], [[0.5, 0.6]]), "sum to 1"),
        (lambda: metrics.brier_score([0], [[math.nan, 0.5]]), "at least 0 and sum to 1"),
        (lambda: metrics.top_k_accuracy([0], TWO, 3), "k must be at most the number of classes"),
        (lambda: metrics.top_k_accuracy([0], TWO, 0), "k must be an integer of at least 1"),
        (lambda: metrics.expected_calibration_error([0], TWO, 0), "bins must be an integer"),
        (lambda: metrics.wilson_interval(1, 0), "trials must be an integer of at least 1"),
        (lambda: metrics.wilson_interval(3, 2), "successes must be at most trials, 2; got 3"),
        (lambda: metrics.wilson_interval(1, 2, 1.0), r"confidence must be in \(0, 1\)"),
        (lambda: metrics.mcnemar_test([1], [1], [1, 1]), "labels and predictions_b"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


labels_and_predictions = st.integers(1, 60).flatmap(
    lambda count: st.tuples(*[hnp.arrays(np.int64, count, elements=st.integers(0, 9))] * 2)
)


@given(labels_and_predictions)
def test_the_confusion_matrix_adds_up(pair):
    labels, predictions = pair
    counts = metrics.confusion_matrix(labels, predictions)
    assert counts.sum() == len(labels)
    assert np.trace(counts) == round(metrics.accuracy(labels, predictions) * len(labels))
    np.testing.assert_array_equal(counts.T, metrics.confusion_matrix(predictions, labels))


@given(labels_and_predictions, st.randoms(use_true_random=False))
def test_measures_do_not_depend_on_the_order_of_the_digits(pair, random):
    labels, predictions = pair
    order = list(range(len(labels)))
    random.shuffle(order)
    before = metrics.class_report(labels, predictions)
    after = metrics.class_report(labels[order], predictions[order])
    for one, other in zip(before, after, strict=True):
        np.testing.assert_array_equal(one, other)


@given(st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_interval_holds_the_proportion_and_mirrors(pair):
    successes, trials = pair
    low, high = metrics.wilson_interval(successes, trials)
    assert 0 <= low <= successes / trials <= high <= 1
    mirrored = metrics.wilson_interval(trials - successes, trials)
    assert (1 - mirrored.high, 1 - mirrored.low) == pytest.approx((low, high), abs=1e-12)


@given(labels_and_predictions, st.integers(1, 20))
def test_scores_stay_in_their_ranges(pair, bins):
    labels, seeds = pair
    probabilities = np.random.default_rng(seeds).dirichlet(np.ones(10), len(labels))
    assert metrics.log_loss(labels, probabilities) >= 0
    assert 0 <= metrics.brier_score(labels, probabilities) <= 2
    calibration = metrics.expected_calibration_error(labels, probabilities, bins)
    assert 0 <= calibration.error <= 1
    assert calibration.counts.sum() == len(labels)
    by_k = [metrics.top_k_accuracy(labels, probabilities, k) for k in range(1, 11)]
    assert by_k == sorted(by_k)
    assert by_k[-1] == 1.0


@given(labels_and_predictions)
def test_mcnemar_does_not_depend_on_which_model_is_first(pair):
    predictions_a, predictions_b = pair
    labels = np.zeros(len(predictions_a), np.int64)
    forth = metrics.mcnemar_test(labels, predictions_a, predictions_b)
    back = metrics.mcnemar_test(labels, predictions_b, predictions_a)
    assert (forth.only_a, forth.only_b) == (back.only_b, back.only_a)
    assert forth.p_value == pytest.approx(back.p_value)
    assert 0 < forth.p_value <= 1
