"""Each species of the package, trained by mnist-zoo: two epochs, batch 32."""

from _emit import emit
from _species import species
from _training import SEED, Clock, epochs, load

from mnist_zoo import fit_and_evaluate

data = load(20_000)
work, seconds = {}, {}
for model in species():
    clock = Clock()
    result = fit_and_evaluate(
        model,
        data,
        epochs=epochs(2),
        batch_size=32,
        validation_fraction=0.0,
        callbacks=[clock.callback()],
        verbose=0,
        seed=SEED,
    )
    seconds[model.name] = clock.last()
    work[model.name] = result.accuracy
emit(work=work, seconds=seconds)
