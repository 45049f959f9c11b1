"""
Digits in a photo
=================

Find and read the digits in a photo of a page. The photo is made by the program, so that the right
answer is known. For a photo of your own, call ``read_digits("photo.jpg")``, or run
``mnist-zoo predict photo.jpg --plot readings.png``.
"""

# %%
# The page has twelve digits in three lines, in dark ink on light paper. The light falls off towards
# one corner, and there is noise, as in the photo of a camera.
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
# Printing the reading prints the digits, line by line.
reading = read_digits(photo)
print(reading)
print("written:", *digits.y[:12])

# %%
# The boxes show where the digits were found. A probability is shown if it is below 99 %.
plots.reading(photo, reading)

# %%
# The model saw each digit in the form of MNIST.
plots.predictions(reading.images, reading.digits, reading.digits, columns=6)
