"""torch_graph: a shorter list of operations computes the same, as often as it is run."""

from __future__ import annotations

import keras
import pytest

if keras.backend.backend() != "torch":
    pytest.skip("torch is not the backend", allow_module_level=True)

import torch
from torch.fx.experimental.proxy_tensor import make_fx

from mnist_zoo.training import torch_graph


def shortened(function, *arguments):
    """Return a recorded function and the names of the operations that were left of it."""
    recorded = make_fx(function, tracing_mode="fake")(*arguments)
    torch_graph.take_copies_out(recorded.graph)
    torch_graph.fold_constants(recorded)
    names = [str(node.target) for node in recorded.graph.nodes if node.op == "call_function"]
    torch_graph.call_directly(recorded.graph)
    recorded.recompile()
    return recorded, names


def test_what_depends_on_no_argument_is_computed_once():
    def scaled(x):
        size = torch.tensor([2.0, 3.0]).prod()
        return x / torch.where(size == 0, torch.ones_like(size), size) * torch.ones_like(x).sum()

    x = torch.arange(4.0)
    recorded, names = shortened(scaled, x)
    assert names == ["aten.div.Tensor", "aten.mul.Tensor"]
    torch.testing.assert_close(recorded(x), scaled(x), rtol=0, atol=0)


def test_a_tensor_that_is_changed_in_place_is_made_anew_in_every_run():
    def summed(x):
        total = torch.zeros(2)
        total.view(2).add_(x)
        return total * torch.tensor(2.0)

    x = torch.tensor([1.0, 2.0])
    recorded, _ = shortened(summed, x)
    for _ in range(2):
        torch.testing.assert_close(recorded(x), summed(x), rtol=0, atol=0)


def test_random_numbers_are_drawn_anew_in_every_run():
    recorded, _ = shortened(
        lambda x: x + torch.rand(50) + torch.empty(50).bernoulli_(), 0 * torch.rand(50)
    )
    x = torch.zeros(50)
    assert not torch.equal(recorded(x), recorded(x))


def test_what_an_argument_shares_its_memory_with_is_not_a_constant():
    def counted(x):
        steps = torch.ones(1)
        seen = steps.view(1)
        steps.add_(x)
        return seen.clone() * 2

    recorded, _ = shortened(counted, torch.tensor([1.0]))
    for value in (1.0, 5.0):
        assert recorded(torch.tensor([value])).item() == 2 * (1 + value)
