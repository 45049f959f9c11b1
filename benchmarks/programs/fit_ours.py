"""The same training with mnist-zoo, on the backend that the environment names."""

from _ours import SEED, train

from mnist_zoo import dense_relu

train(dense_relu(seed=SEED), epochs=5, batch_size=32)
