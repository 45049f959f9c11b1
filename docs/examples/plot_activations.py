"""
ReLU, sigmoid and softmax
=========================

The activations of the models, as plots. :doc:`/concepts` has their formulas.
"""

# %%
# ReLU and sigmoid, and their slopes. In training, gradients are multiplied by these slopes.
import matplotlib.pyplot as plt
import numpy as np
from scipy.special import expit, softmax

z = np.linspace(-6, 6, 601)
fig, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
left.plot(z, np.maximum(z, 0), label="ReLU(z) = max(0, z)")
left.plot(z, expit(z), label="sigmoid(z) = 1 / (1 + exp(-z))")
left.set(title="Activation", xlabel="z", ylim=(-0.2, 3))
right.plot(z, (z > 0).astype(float), label="ReLU")
right.plot(z, expit(z) * (1 - expit(z)), label="sigmoid: at most 1/4")
right.set(title="Slope", xlabel="z", ylim=(-0.05, 1.1))
for ax in (left, right):
    ax.grid(alpha=0.3)
    ax.legend()

# %%
# Softmax turns logits into probabilities. Applied twice, it makes them nearly equal: of ten
# classes, none can get more than 23.2 %, however certain the model is.
logits = np.array([1.0, -1.0, 0.5, 2.0, -0.5, 0.0, -2.0, 9.0, 1.5, 3.0])
once = softmax(logits)
twice = softmax(once)
print(f"most probable class: {once.max():.1%} after one softmax, {twice.max():.1%} after two")

fig, axes = plt.subplots(1, 3, figsize=(11, 3.4), layout="constrained")
panels = {"logits": logits, "softmax": once, "softmax of softmax: a mistake": twice}
for ax, (title, values) in zip(axes, panels.items(), strict=True):
    ax.bar(range(10), values)
    ax.set(title=title, xlabel="class", xticks=range(10))
    if title != "logits":
        ax.set_ylim(0, 1)
