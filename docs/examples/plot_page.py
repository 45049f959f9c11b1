"""
Digits in a photo
=================

A page of handwritten digits as a camera might take it, found and read. The page is drawn here, so
that its digits are known: a photo of your own goes straight to
:func:`~mnist_zoo.read_digits`, or to ``mnist-zoo predict PHOTO --plot readings.png``.
"""

# %%
# Twelve digits in three lines, in blue-black ink on grey paper, in light that falls to a half from
# one corner to the other, with a camera's noise.
import matplotlib.pyplot as plt
import numpy as np

from mnist_zoo import load_mnist, plots, read_digits

digits = load_mnist(source="sample").test
rng = np.random.default_rng(3)
ink = np.zeros((480, 640))
for number in range(12):
    large = np.kron(digits.x[number], np.ones((4, 4)))
    line, column = divmod(number, 4)
    top, left = 30 + 145 * line + rng.integers(-8, 9), 50 + 140 * column + rng.integers(-15, 16)
    ink[top : top + 112, left : left + 112] = large
light = np.linspace(1.0, 0.4, 640) * np.linspace(1.0, 0.8, 480)[:, None]
photo = np.clip(light * (0.9 - 0.75 * ink) + rng.normal(0.0, 0.03, ink.shape), 0.0, 1.0)

# %%
# The reading prints as the digits, line by line.
reading = read_digits(photo)
print(reading)
print("written:", *digits.y[:12])

# %%
# Where they are, and what was read. How probable a reading is is shown where it is not sure.
plots.reading(photo, reading, ax=plt.subplots(figsize=(8, 6), layout="constrained")[1])

# %%
# What the model saw: each digit in the form of MNIST.
plots.predictions(reading.images, reading.digits, reading.digits, columns=6, ax=plt.subplots()[1])
