"""
A training loop of your own
===========================

The models are plain Keras models, so any training loop can train them. Here a loop with
``tf.GradientTape`` trains a model step by step, and :func:`~mnist_zoo.evaluate` measures it.
"""

# %%
# The model has two hidden layers of sigmoids. The optimizer is plain gradient descent on the *sum*
# of the loss over a batch. With the mean, the model would hardly learn at this learning rate (see
# :doc:`/results`).
import tempfile
from pathlib import Path

import keras
import matplotlib.pyplot as plt
import tensorflow as tf

from mnist_zoo import dense_sigmoid, evaluate, load_mnist, plots
from mnist_zoo.export import export_model

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
# The result is an :class:`~mnist_zoo.Evaluation`, as from :func:`~mnist_zoo.fit_and_evaluate`.
result = evaluate(model, data)
print(result)

# %%
# The loss begins near ln(10) = 2.3, the loss of a model that gives all classes the same
# probability.
fig, ax = plt.subplots(layout="constrained")
ax.plot(losses, linewidth=0.6)
ax.set(xlabel="step", ylabel="loss of the batch", title="SGD on sigmoids")
ax.grid(alpha=0.3)

# %%
# The confusion matrix shows which classes are mistaken for which others.
plots.confusion_matrix(result.confusion_matrix)

# %%
# The model is exported as a SavedModel, loaded again, and compared with the original.
with tempfile.TemporaryDirectory() as folder:
    export = export_model(model, Path(folder) / "sigmoid", format="saved_model")
print(f"largest difference of an output: {export.largest_difference:g}")
