"""Each species of the package, trained by Keras's ``fit``: two epochs, batch 32."""

from _emit import emit
from _species import species
from _training import Clock, epochs, load

(x, y), (x_test, y_test) = load(20_000)
work, seconds = {}, {}
for model in species():
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    clock = Clock()
    model.fit(x, y, epochs=epochs(2), batch_size=32, verbose=0, callbacks=[clock.callback()])
    seconds[model.name] = clock.last()
    work[model.name] = model.evaluate(x_test, y_test, batch_size=1000, verbose=0)[1]
emit(work=work, seconds=seconds)
