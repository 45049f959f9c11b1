"""What the tests of plots share: they open no windows, and close their figures."""

from __future__ import annotations

from collections.abc import Iterator

import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest


@pytest.fixture(autouse=True)
def no_windows() -> Iterator[None]:
    mpl.use("agg")
    plt.close("all")
    yield
    plt.close("all")
