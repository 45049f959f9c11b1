"""Commands about the digits, and how every command loads them."""

from __future__ import annotations

import mnist_zoo
from mnist_zoo.cli import terminal
from mnist_zoo.cli.options import DataChoice, data_option, json_option


@data_option
@json_option
def data(data: DataChoice, as_json: bool) -> None:
    """Find and verify the digits.

    They are downloaded if they are not on this machine.
    """
    digits = load(data)
    facts = {
        "source": digits.source,
        "origin": digits.origin,
        "train": len(digits.train.x),
        "test": len(digits.test.x),
        "verified": True,
    }
    rows = [
        ("source", digits.source),
        ("read from", digits.origin),
        ("training digits", f"{facts['train']:,}"),
        ("test digits", f"{facts['test']:,}"),
        ("verified", "yes, digit for digit (SHA-256 of every array)"),
    ]
    terminal.show(facts, as_json, terminal.table(("digits", ""), rows))


def load(choice: DataChoice) -> mnist_zoo.Mnist:
    """Load the digits; only ``auto`` may take the sample for MNIST, and says so loudly."""
    if choice != "auto":
        return mnist_zoo.load_mnist(source=choice)
    digits = mnist_zoo.data.load_mnist_or_sample()
    if digits.source != "mnist":
        terminal.notice(
            "NOT MNIST",
            "MNIST is not on this machine and could not be downloaded (`mnist-zoo data --data "
            f"mnist` says why).\nThese results are of the SAMPLE: {len(digits.train.x):,} digits "
            f"to train on and {len(digits.test.x):,} to test on, all from MNIST's training split."
            "\nThey are not results on MNIST.",
        )
    return digits
