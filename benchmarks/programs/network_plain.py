"""The network of six convolutions, trained by Keras's ``fit``."""

from _emit import emit
from _network import BATCH, EPOCHS, network
from _training import Clock, epochs

model, ((x, y), _) = network()
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
clock = Clock()
history = model.fit(
    x[..., None],
    y,
    epochs=epochs(EPOCHS),
    batch_size=BATCH,
    callbacks=[clock.callback()],
    verbose=0,
).history
emit(work={"accuracy": history["accuracy"][-1]}, seconds={"epoch": clock.fastest()})
