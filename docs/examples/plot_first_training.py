"""
A first training
================

Load digits, train a model on them, and plot the results.
"""

# %%
# The sample is 5,000 digits of MNIST, which need no download. ``load_mnist()`` loads all 70,000.
import matplotlib.pyplot as plt
import numpy as np

from mnist_zoo import dense_relu_dropout, fit_and_evaluate, load_mnist, plots

data = load_mnist(source="sample")
model = dense_relu_dropout(seed=0)
result = fit_and_evaluate(model, data, epochs=15, seed=0, verbose=0)
print(result)

# %%
# Loss and accuracy by epoch
# --------------------------
# A tenth of the training digits is used for validation. Dropout acts on the training digits only,
# and makes them harder. So the validation accuracy may be higher than the training accuracy.
fig, axes = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
plots.training_curves(result.history, metric="loss", ax=axes[0])
plots.training_curves(result.history, metric="accuracy", ax=axes[1])

# %%
# Confusion matrix
# ----------------
# Each row is a true class, and each column a predicted class.
plots.confusion_matrix(result.confusion_matrix)

# %%
# Recall by class
# ---------------
# There are 100 test digits of each class. The error bars are 95 % intervals.
plots.class_bars(result.report)

# %%
# Calibration
# -----------
# The model is well calibrated if the bars end on the diagonal: see :doc:`/concepts`.
plots.reliability_diagram(result.calibration)

# %%
# Digits with their predictions
# -----------------------------
# The last row has digits that the model gets wrong.
wrong = np.flatnonzero(result.predictions != result.labels)[:10]
shown = np.concatenate([np.arange(20), wrong])
plots.predictions(
    data.test.x[shown],
    result.labels[shown],
    result.predictions[shown],
    probabilities=result.probabilities[shown],
)
