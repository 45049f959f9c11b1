"""
A training loop of one's own
============================

Nothing about the models is special to :func:`~mnist_zoo.fit_and_evaluate`. Here ``tf.GradientTape``
trains one, step by step, and :func:`~mnist_zoo.evaluate` measures it the same way.
"""

# %%
# Two hidden layers of sigmoids, and plain gradient descent on the *sum* of the loss over a batch:
# with the mean, this learning rate would hardly move anything (see :doc:`/results`).
import tempfile
from pathlib import Path

import keras
import matplotlib.pyplot as plt
import tensorflow as tf

from mnist_zoo import dense_sigmoid, evaluate, load_mnist, plots
from mnist_zoo.export import export_saved_model

keras.utils.set_random_seed(0)
data = load_mnist(source="sample")
model = dense_sigmoid(seed=0)
optimizer = keras.optimizers.SGD(learning_rate=0.001)
loss = keras.losses.SparseCategoricalCrossentropy(reduction="sum")
digits = tf.data.Dataset.from_tensor_slices(tuple(data.train))
batches = digits.shuffle(4000, seed=0).repeat().batch(256)


@tf.function
def step(x, y):
    with tf.GradientTape() as tape:
        value = loss(y, model(x, training=True))
    gradients = tape.gradient(value, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
    return value


losses = [float(step(x, y)) / 256 for x, y in batches.take(3000)]

# %%
# The result is the same kind of :class:`~mnist_zoo.Evaluation`.
result = evaluate(model, data)
print(result)

# %%
# The loss begins near ln(10) = 2.3, that of a model which knows nothing.
fig, ax = plt.subplots(layout="constrained")
ax.plot(losses, linewidth=0.6)
ax.set(xlabel="step", ylabel="loss of the batch", title="SGD on sigmoids")
ax.grid(alpha=0.3)

# %%
# Where it is wrong:
fig, ax = plt.subplots(figsize=(6.4, 5.6), layout="constrained")
plots.confusion_matrix(result.confusion_matrix, ax=ax)

# %%
# The model as a SavedModel, loaded again, computes the same:
with tempfile.TemporaryDirectory() as folder:
    difference = export_saved_model(model, Path(folder) / "sigmoid")
print(f"largest difference: {difference:g}")
