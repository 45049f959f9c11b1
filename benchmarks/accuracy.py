"""Whether fast training is as accurate as plain training: ``python -m benchmarks.accuracy``.

Both train with the same seeds. The same runs show how many plain epochs 97.73 % takes.
"""

from __future__ import annotations

import statistics

from scipy import stats

from tools import docs

SEEDS = range(1, 11)
PLAIN_EPOCHS = 14
OUR_EPOCHS = 5


def main() -> None:
    """Train the 128-64 network with ten seeds both ways, and write the mean test accuracies."""
    from mnist_zoo import dense_relu, fit_and_evaluate, load_mnist

    data = load_mnist()
    curves, ours = [], []
    for seed in SEEDS:
        # Only the first weights are seeded: with `keras.utils.set_random_seed`, `fit` on TensorFlow
        # has the same batches in every epoch.
        model = dense_relu(seed=seed)
        # 100 batches a call save half the time, and do not change the result.
        options = {"metrics": ["accuracy"], "steps_per_execution": 100}
        model.compile("adam", "sparse_categorical_crossentropy", **options)
        history = model.fit(
            *data.train,
            batch_size=32,
            epochs=PLAIN_EPOCHS,
            validation_data=tuple(data.test),
            validation_batch_size=1000,
            verbose=0,
        ).history
        curves.append(history["val_accuracy"])
        evaluation = fit_and_evaluate(
            dense_relu(seed=seed),
            data,
            epochs=OUR_EPOCHS,
            validation_fraction=0.0,
            verbose=0,
        )
        ours.append(evaluation.accuracy)
        print(seed, [f"{value:.4f}" for value in curves[-1]], f"{ours[-1]:.4f}", flush=True)
    means = [100 * statistics.fmean(accuracies) for accuracies in zip(*curves, strict=True)]
    plain = [curve[OUR_EPOCHS - 1] for curve in curves]
    points = [100 * (one - other) for one, other in zip(ours, plain, strict=True)]
    low, high = stats.ttest_1samp(points, 0.0).confidence_interval()
    text = docs.table(
        ("plain epochs", *(str(1 + number) for number in range(PLAIN_EPOCHS))),
        [(f"mean of {len(curves)} seeds, %", *(f"{mean:.2f}" for mean in means))],
    )
    text += (
        f"\nAfter {OUR_EPOCHS} epochs of `fit_and_evaluate`, with the same first weights: "
        f"{100 * statistics.fmean(ours):.2f} %. Our accuracy minus that of plain `fit`, seed by "
        f"seed: {statistics.fmean(points):+.2f} points on average, 95 % interval {low:+.2f} to "
        f"{high:+.2f}.\n"
    )
    print(text, end="")
    docs.write("accuracy.md", text)


if __name__ == "__main__":
    main()
