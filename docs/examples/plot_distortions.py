"""
Distortions and corruptions of a digit
======================================

To train on, a digit is distorted anew in every epoch. To test on, it is spoilt in fifteen ways.
"""

# %%
# ``RandomDistortion`` changes the shape of a digit: it turns, scales, shears, shifts and bends it.
# Here is one digit, and what an epoch might make of it.

import numpy as np

from mnist_zoo import RandomDistortion, RandomPhotometry, load_mnist, plots
from mnist_zoo.corruptions import CORRUPTIONS, corrupt

digit = load_mnist(source="sample").train.x[3]
copies = np.repeat(digit[None], 19, axis=0)
shapes = np.asarray(RandomDistortion(seed=0)(copies, training=True))
plots.images([digit, *shapes], ["as it is"] + [""] * 19)

# %%
# ``RandomPhotometry`` changes its look: strokes, sharpness, contrast, paper, noise, and dirt. Each
# effect happens to three pictures in ten.

looks = np.asarray(RandomPhotometry(seed=0)(copies, training=True))
plots.images([digit, *looks], ["as it is"] + [""] * 19)

# %%
# ``fit_and_evaluate(distortion=...)`` applies such layers to the training digits.
#
# The fifteen corruptions of MNIST-C are for testing. ``robustness`` measures a model on each.

spoilt = [corrupt(digit[None], name)[0] for name in CORRUPTIONS]
plots.images([digit, *spoilt], ["as it is", *CORRUPTIONS], columns=8)
