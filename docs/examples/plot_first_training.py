"""
A first training
================

Load digits, train a network on them, and look at what it does: the whole way in a dozen lines.
"""

# %%
# The sample is 5,000 real digits of MNIST that need no download; ``load_mnist()`` loads all 70,000.
import matplotlib.pyplot as plt
import numpy as np

from mnist_zoo import dense_relu_dropout, fit_and_evaluate, load_mnist, plots

data = load_mnist(source="sample")
model = dense_relu_dropout(seed=0)
result = fit_and_evaluate(model, data, epochs=15, seed=0, verbose=0)
print(result)

# %%
# How the training went
# ---------------------
# Validation digits are a tenth of the training digits. Dropout makes the training digits harder,
# so that the validation curve may lie above the training curve.
fig, axes = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
plots.training_curves(result.history, metric="loss", ax=axes[0])
plots.training_curves(result.history, metric="accuracy", ax=axes[1])

# %%
# What is taken for what
# ----------------------
fig, ax = plt.subplots(figsize=(6.4, 5.6), layout="constrained")
plots.confusion_matrix(result.confusion_matrix, ax=ax)

# %%
# Which classes are hard
# ----------------------
# The bars show recall, with the interval that 100 digits of each class allow.
fig, ax = plt.subplots(layout="constrained")
plots.class_bars(result.report, ax=ax)

# %%
# Whether its confidence can be believed
# --------------------------------------
fig, ax = plt.subplots(figsize=(5, 5), layout="constrained")
plots.reliability_diagram(result.calibration, ax=ax)

# %%
# Digits, right and wrong
# -----------------------
wrong = np.flatnonzero(result.predictions != result.labels)[:10]
shown = np.concatenate([np.arange(20), wrong])
fig, ax = plt.subplots(figsize=(11, 4.4), layout="constrained")
plots.predictions(
    data.test.x[shown],
    result.labels[shown],
    result.predictions[shown],
    probabilities=result.probabilities[shown],
    ax=ax,
)
