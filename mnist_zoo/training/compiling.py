"""What a model was compiled with, and compiling it without losing that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import keras

# The attribute by which a model that was compiled here is told from one that its user compiled.
COMPILED_HERE = "mnist_zoo_compiled"


def compiled_loss(model: keras.Model) -> Any:
    """Return the loss that a model was compiled with, or None."""
    return getattr(model, "loss", None) if model.compiled else None


def compile_settings(model: keras.Model) -> dict[str, Any]:
    """Return the arguments that a model was compiled with; empty if it was not."""
    if not model.compiled:
        return {}
    # Keras's own `get_compile_config` has them in text, which a metric of the user's may not
    # survive. Keras 3.10 and 3.15 were looked at; tests/training/test_fit.py would notice others.
    config = model._compile_config
    settings = dict(config.config)
    if getattr(model, COMPILED_HERE, None) is config:
        settings["jit_compile"] = "auto"  # Keras keeps what it made of that.
    return settings


def compile_model(model: keras.Model, **changes: Any) -> None:
    """Compile a model with other settings; those that its user compiled it with are kept."""
    kept = compile_settings(model)
    ours = not kept or kept["jit_compile"] == "auto"
    model.compile(**{"metrics": ["accuracy"], **kept, **changes})
    if ours:
        setattr(model, COMPILED_HERE, model._compile_config)
