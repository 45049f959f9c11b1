"""Make a recorded list of torch's operations shorter; what it computes stays the same, bit for bit.

Each operation takes some microseconds to call from Python. For small networks that is most of the
time. The lists are graphs of ``torch.fx``, made by ``make_fx``: a node for each operation.
"""

from __future__ import annotations

import operator
import types
from collections.abc import Iterator
from typing import Any


def draw_from(recorded: Any, generator: Any) -> None:
    """Let random operations draw from a generator, those that can."""
    recorded.generator = generator
    for node in _operations(recorded.graph):
        if any(argument.name == "generator" for argument in node.target._schema.arguments):
            with recorded.graph.inserting_before(node):
                own = recorded.graph.create_node("get_attr", "generator")
            node.kwargs = {**node.kwargs, "generator": own}


def fold_constants(recorded: Any) -> None:
    """Compute once what depends on neither parameters nor digits, such as the size of the batch.

    Only values that the step itself made from numbers can be among a recorded step's constants:
    on tensors without values, a step that uses any other tensor of its own cannot be recorded.
    """
    import torch

    aten = torch.ops.aten
    # These look at the shape of a tensor alone.
    filled = {aten.ones_like.default, aten.zeros_like.default, aten.full_like.default}
    graph = recorded.graph
    owners, changed = _sharing(graph)
    constants: dict[Any, Any] = {}
    for node in graph.nodes:
        if owners.get(node, node) in changed:
            continue
        if node.op == "get_attr":
            constants[node] = getattr(recorded, node.target)
        elif _is_operation(node) and _is_pure(node.target):
            of_shape = node.target in filled
            if of_shape or all(before in constants for before in node.all_input_nodes):
                values = _empty if of_shape else constants.__getitem__
                args, kwargs = torch.fx.node.map_arg((node.args, node.kwargs), values)
                constants[node] = node.target(*args, **kwargs)
    for node, value in constants.items():
        if _is_operation(node):
            name = f"folded_{node.name}"
            setattr(recorded, name, value)
            with graph.inserting_before(node):
                node.replace_all_uses_with(graph.create_node("get_attr", name))
    graph.eliminate_dead_code()


def call_directly(graph: Any) -> None:
    """Call torch's own functions and methods of the same names, where there are such.

    They are bound to Python each by itself. What ``torch.ops`` has is called by one binding for
    all, which looks at an operation's description and takes about twice the time.
    """
    import torch

    for node in _operations(graph):
        name = node.target._schema.name.removeprefix("aten::")
        function = getattr(torch, name, None)
        method = getattr(torch.Tensor, name, None)
        if isinstance(function, types.BuiltinFunctionType):
            node.target = function
        elif isinstance(method, types.MethodDescriptorType):
            node.target = method


def _empty(node: Any) -> Any:
    """Return a tensor of the shape, type and device of a node's."""
    import torch

    recorded = node.meta["val"]
    return torch.empty_strided(
        recorded.shape, recorded.stride(), dtype=recorded.dtype, device=recorded.device
    )


def _is_pure(operation: Any) -> bool:
    """Say whether an operation gives the same for the same, and changes nothing."""
    import torch

    random = torch.Tag.nondeterministic_seeded in operation.tags
    return not random and not operation._schema.is_mutable


def take_copies_out(graph: Any) -> None:
    """Take operations out that copy a tensor, or do nothing, where neither copy is changed.

    Between any two layers of convolutions, Keras copies from one order of the axes in memory to
    another and back.
    """
    import torch

    aten = torch.ops.aten
    copies = _copies()
    owners, changed = _sharing(graph)
    for node in _operations(graph):
        if node.target in copies and owners.get(node) not in changed and _is_same(node):
            node.replace_all_uses_with(node.args[0])
            graph.erase_node(node)
        elif node.target in (aten.view.default, aten._unsafe_view.default):
            # Of another order in memory now, perhaps.
            node.target = aten.reshape.default
    graph.eliminate_dead_code()


def _copies() -> set[Any]:
    """Return the operations that copy a tensor, or do nothing."""
    import torch

    aten = torch.ops.aten
    copies = aten.clone, aten.detach, aten.lift_fresh_copy, aten._to_copy
    return {each.default for each in copies}


def _sharing(graph: Any) -> tuple[dict[Any, Any], set[Any]]:
    """Return whose memory a tensor has, if not its own, and the tensors whose memory is changed.

    A copy counts as having the memory of what it is a copy of.
    """
    copies = _copies()
    owners: dict[Any, Any] = {}
    changed = set()
    for node in graph.nodes:
        part = node.target is operator.getitem  # Of a list of tensors that an operation returns.
        if part or node.target in copies or (_is_operation(node) and _shares(node)):
            if node.args and isinstance(node.args[0], type(node)):
                owners[node] = owners.get(node.args[0], node.args[0])
            elif node.users:  # It returns the tensors of a list.
                changed.add(node)
    changed |= {
        owners.get(tensor, tensor) for node in _operations(graph) for tensor in _written(node)
    }
    return owners, changed


def _is_same(node: Any) -> bool:
    """Say whether the shape, the type and the device of a tensor stay as they are."""
    before, after = node.args[0].meta["val"], node.meta["val"]
    return all(getattr(before, of) == getattr(after, of) for of in ("shape", "dtype", "device"))


def _shares(node: Any) -> bool:
    """Say whether an operation may return the memory of a tensor that it gets."""
    return any(argument.alias_info is not None for argument in node.target._schema.arguments)


def _is_operation(node: Any) -> bool:
    import torch

    return isinstance(node.target, torch._ops.OpOverload)


def _operations(graph: Any) -> list[Any]:
    """Return the operations of torch in a graph."""
    return [node for node in graph.nodes if _is_operation(node)]


def _written(node: Any) -> Iterator[Any]:
    """Yield the tensors that an operation writes to."""
    arguments = node.target._schema.arguments
    given = dict(zip((argument.name for argument in arguments), node.args, strict=False))
    given |= node.kwargs
    for argument in arguments:
        if argument.alias_info is not None and argument.alias_info.is_write:
            value = given.get(argument.name)
            yield from value if isinstance(value, (list, tuple)) else [value]
