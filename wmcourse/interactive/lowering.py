"""From a PyTorch function to a short list of operations: `torch.export`, then core ATen, then the page's own table."""

from __future__ import annotations

import math
import operator
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.utils import _pytree as pytree

from wmcourse.interactive.graph import CannotExport, Graph, Operation, Value, Weights
from wmcourse.interactive.operations import BINARY, NOISE, NUMBERS, SAME, UNARY, Operations


def lower(function: Callable[..., Any], examples: Mapping[str, Tensor], weights: Weights, *, where: str) -> Graph:
    """Trace `function`, which takes the named examples and returns named tensors, and rewrite it for the page.

    What the function draws with `randn` or `rand` becomes an input; its constants go to `weights`.

    Raises:
        CannotExport: it cannot be traced, or an operation has no counterpart in the page; the message names it and
            `where`.
    """
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        try:
            program = torch.export.export(_Module(function), (), dict(examples), strict=False).run_decompositions()
            return _Lowering(program, list(examples), weights, where).graph()
        except CannotExport:
            raise
        except Exception as error:  # torch.export has no error of its own for what it cannot trace
            reason = " ".join(str(error).split())[:300]
            raise CannotExport(f"{where} cannot be traced ({type(error).__name__}): {reason}") from error


class _Module(nn.Module):
    """A function as the module that `torch.export` asks for; what it uses are constants, not parameters."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__()
        self.function = [function]

    def forward(self, **inputs: Tensor) -> Any:
        return self.function[0](**inputs)


class _Lowering:
    def __init__(self, program: Any, inputs: list[str], weights: Weights, where: str) -> None:
        self.program, self.weights, self.where = program, weights, where
        self.nodes: list[Any] = list(program.graph.nodes)
        self.known: dict[Any, Any] = {}
        """Of a node: the value that the page will find, or the constant that it is."""
        self.operations: list[Operation] = []
        self.needed: set[Any] = set()
        signature = program.graph_signature
        constants = signature.inputs_to_lifted_tensor_constants
        named = dict(zip(signature.user_inputs, inputs, strict=True))
        self.inputs: dict[str, tuple[int, ...]] = {}
        for node in self.nodes:
            if node.name in constants:
                self.known[node] = program.constants[constants[node.name]]
            elif node.name in named:
                self._take(node, named[node.name])
        drawn: dict[str, int] = {}
        for node in self.nodes:
            if kind := NOISE.get(_name(node)):
                self._take(node, f"{kind}{drawn.setdefault(kind, 0)}")
                drawn[kind] += 1

    def _take(self, node: Any, name: str) -> None:
        self.known[node] = Value(len(self.inputs), _shape(node))
        self.inputs[name] = _shape(node)

    def graph(self) -> Graph:
        """The whole of it; what no output needs is left out."""
        told = list(self.nodes[-1].args[0])
        if strange := [each for each in told if not isinstance(each, fx.Node)]:
            raise CannotExport(f"{self.where} returns {strange[0]!r}, which is no tensor")
        told = [node for node in told if node.name in self.program.graph_signature.user_outputs]
        self.needed = _needed(told)
        for node in self.nodes:
            if node.op == "call_function" and node in self.needed and node not in self.known:
                self.known[node] = self._lower(node)
        outputs = pytree.tree_unflatten([self.value(node) for node in told], self.program.call_spec.out_spec)
        return Graph(self.inputs, self.operations, outputs)

    def _lower(self, node: Any) -> Any:
        arguments: Any = fx.node.map_arg(node.args, self.known.get)
        options: Any = fx.node.map_arg(node.kwargs, self.known.get)
        if torch.Tag.nondeterministic_seeded in getattr(node.target, "tags", ()):
            raise CannotExport(f"{self.where} draws with {node.target}; a page knows randn and rand")
        if not any(isinstance(each, Value) for each in pytree.tree_leaves([arguments, options])):
            return node.target(*arguments, **options)
        if node.target is operator.getitem:
            return arguments[0][arguments[1]]
        name, shape, made = _name(node), _shape(node), node.meta["val"]
        if isinstance(made, Tensor) and made.dtype not in NUMBERS:
            raise CannotExport(
                f"{self.where} needs {node.target} of {made.dtype}; a page has {', '.join(map(str, NUMBERS))}"
            )
        if name in SAME:
            return Value(arguments[0].place, shape)
        if name == "_to_copy":
            return self._converted(arguments[0], node.args[0].meta["val"].dtype, made.dtype)
        if name in UNARY:
            if len(arguments) == 1 and not options:
                return self.do(name, arguments, shape)
        elif name in BINARY and len(arguments) == 2 and not options:
            if made.dtype != torch.bool or name not in ("add", "sub", "maximum", "minimum"):
                return self.do(name, [self.spread(each, shape) for each in arguments], shape)
        elif special := getattr(Operations(self, node), name.lstrip("_"), None):
            try:
                return special(shape, *arguments, **options)
            except TypeError:
                pass  # arguments that the method does not take
        raise CannotExport(
            f"{self.where} needs {node.target}{_written(node)}, which no page can run: "
            "add it to wmcourse/interactive/operations.py and assets/model.js, or do without it"
        )

    def _converted(self, value: Value, before: torch.dtype, after: torch.dtype) -> Value:
        if after == torch.bool and before != torch.bool:
            return self.do("ne", [value, 0.0], value.shape)
        if before.is_floating_point and not after.is_floating_point:
            return self.do("trunc", [value], value.shape)
        return value

    def seen(self, value: Value, view: Callable[[Tensor], Tensor]) -> Value:
        """Some of the numbers of a value, in another order or repeated: `view` says which."""
        places = torch.arange(math.prod(value.shape))
        chosen = view(places.view(value.shape))
        if chosen.untyped_storage().data_ptr() == places.untyped_storage().data_ptr():
            steps = [list(pair) for pair in zip(chosen.shape, chosen.stride(), strict=True)]
            return self.do("take", [value], chosen.shape, start=chosen.storage_offset(), steps=steps)
        return self.do("take", [value], chosen.shape, table=chosen.flatten().tolist())

    def spread(self, part: Any, shape: Sequence[int]) -> Any:
        """Broadcast to `shape`, unless it is one number."""
        if not isinstance(part, Value | Tensor):
            return float(part)
        if math.prod(part.shape) == 1 or tuple(part.shape) == tuple(shape):
            return part
        if isinstance(part, Tensor) and part.numel() == math.prod(shape):
            return part.expand(*shape)
        return self.seen(self.value(part), lambda places: places.expand(*shape))  # a constant grows in the page

    def asked(self, node: Any) -> int:
        """How many numbers of a result's last axis are needed, from the first on: of a `chunk`, perhaps not all."""
        shape, users = _shape(node), [user for user in node.users if user in self.needed]
        split = [_name(user) for user in users] == ["split_with_sizes"]
        if not split or users[0].args[2:] not in ((-1,), (len(shape) - 1,)):
            return shape[-1]
        pieces = [piece.args[1] for piece in users[0].users if piece in self.needed]
        return int(sum(users[0].args[1][: max(pieces) + 1]))

    def biased(self, product: Any) -> tuple[Any, Tensor | None]:
        """Where a product of matrices ends: at the sum with a constant row for each, if there is one, and that row."""
        members, _, outputs = _shape(product)
        users = [user for user in product.users if user in self.needed]
        if [_name(user) for user in users] == ["add"] and not users[0].kwargs:
            for row in map(self.known.get, users[0].args):
                if isinstance(row, Tensor) and tuple(row.shape) == (members, 1, outputs):
                    return users[0], row
        return product, None

    def do(self, name: str, takes: Sequence[Any], shape: Sequence[int], **options: Any) -> Value:
        """Add an operation to the graph; what it makes."""
        made = Value(len(self.inputs) + len(self.operations), tuple(shape))
        self.operations.append(Operation(name, tuple(map(self.value, takes)), made, options))
        return made

    def value(self, known: Any) -> Any:
        """A node, a constant or a number, as an operation takes it."""
        known = self.known[known] if isinstance(known, fx.Node) else known
        if isinstance(known, float | int) and not math.isfinite(known):
            known = torch.tensor(float(known))  # JSON has no word for it
        if isinstance(known, Tensor):
            return Value(-1 - self.weights.add(known), tuple(known.shape))
        return float(known) if isinstance(known, int) else known


def _needed(outputs: list[Any]) -> set[Any]:
    needed: set[Any] = set()
    waiting = list(outputs)
    while waiting:
        node = waiting.pop()
        if node not in needed:
            needed.add(node)
            waiting += node.all_input_nodes
    return needed


def _name(node: Any) -> str:
    """`aten.add.Tensor` is `add`."""
    return str(node.target).removeprefix("aten.").split(".")[0] if node.op == "call_function" else ""


def _shape(node: Any) -> tuple[int, ...]:
    value = node.meta.get("val")
    return tuple(int(size) for size in value.shape) if isinstance(value, Tensor) else ()


def _written(node: Any) -> str:
    """Its arguments, tensors as shapes."""
    shown = (str(_shape(each)) if isinstance(each, fx.Node) else str(each) for each in node.args)
    return f"({', '.join(shown)})"
