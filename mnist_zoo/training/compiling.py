"""What a model was compiled with, and compiling it without losing that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import keras

# The attribute by which a model that was compiled here is told from one that its user compiled.
COMPILED_HERE = "mnist_zoo_compiled"


def compiled_loss(model: keras.Model) -> Any:
    """Return the loss that its user compiled a model with, or None."""
    return getattr(model, "loss", None) if model.compiled and not compiled_here(model) else None


def compiled_here(model: keras.Model) -> bool:
    """Say whether a model was compiled by this package, and not by its user since."""
    return model.compiled and getattr(model, COMPILED_HERE, None) is model._compile_config


def compile_settings(model: keras.Model) -> dict[str, Any]:
    """Return the arguments that a model was compiled with; empty if it was not."""
    if not model.compiled:
        return {}
    # Keras's own `get_compile_config` has them in text, which a metric of the user's may not
    # survive. Keras 3.14.1 and 3.15 were looked at; tests/training/test_fit.py would notice others.
    settings = dict(model._compile_config.config)
    if compiled_here(model):
        settings["jit_compile"] = "auto"  # Keras keeps what it made of that.
    return settings


def compile_model(model: keras.Model, **changes: Any) -> None:
    """Compile a model with other settings; those that its user compiled it with are kept."""
    ours = not model.compiled or compiled_here(model)
    model.compile(**{"metrics": ["accuracy"], **compile_settings(model), **changes})
    if ours:
        setattr(model, COMPILED_HERE, model._compile_config)
