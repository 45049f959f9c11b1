"""The same training with mnist-zoo."""

from _ours import SEED, train

from mnist_zoo import dense_relu_dropout

train(dense_relu_dropout(dropout=0.2, seed=SEED), epochs=5, batch_size=128)
