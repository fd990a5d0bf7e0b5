"""From a PyTorch function to a short list of operations: `torch.export` to core ATen, then the page's own table."""

from __future__ import annotations

import operator
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.utils import _pytree as pytree

from wmcourse.errors import CourseError
from wmcourse.interactive.graph import Graph, Operation, Value, Weights


class CannotExport(CourseError, ValueError):
    """The page's interpreter lacks an operation that the model needs."""


def lower(function: Callable[..., Any], examples: Mapping[str, Tensor], weights: Weights, *, where: str) -> Graph:
    """Trace `function`, which takes the named examples and returns named tensors, and rewrite it for the page.

    What the function draws at random becomes an input; its constants go to `weights`.

    Raises:
        CannotExport: an operation has no counterpart in the page; the message names it, and `where`.
    """
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        program = torch.export.export(_Module(function), (), dict(examples), strict=False).run_decompositions()
        return _Lowering(program, list(examples), weights, where).graph()


class _Module(nn.Module):
    """A function as the module that `torch.export` asks for."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__()
        self.function = function

    def forward(self, **inputs: Tensor) -> Any:
        return self.function(**inputs)


UNARY = {"abs", "cos", "exp", "log", "log1p", "neg", "reciprocal", "relu", "sigmoid", "sin", "sqrt", "tanh"}
BINARY = {"add", "sub", "mul", "div", "eq", "ne", "ge", "gt", "le", "lt", "maximum", "minimum"}
SAME = {"view", "_unsafe_view", "reshape", "squeeze", "unsqueeze", "clone", "detach", "alias", "contiguous"}
"""The same numbers in the same order."""
NOISE = {"randn": "normal", "randn_like": "normal", "rand": "uniform", "rand_like": "uniform"}
Known = Value | Tensor
"""Of a node: where the page will find it, or the constant that it is."""


class _Lowering:
    def __init__(self, program: Any, inputs: list[str], weights: Weights, where: str) -> None:
        self.program, self.weights, self.where = program, weights, where
        self.nodes: list[Any] = list(program.graph.nodes)
        self.known: dict[Any, Any] = {}
        self.operations: list[Operation] = []
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
        told = [node for node in self.nodes[-1].args[0] if node.name in self.program.graph_signature.user_outputs]
        needed = _needed(told)
        for node in self.nodes:
            if node.op == "call_function" and node in needed and node not in self.known:
                self.known[node] = self._lower(node)
        outputs = pytree.tree_unflatten([self._value(node) for node in told], self.program.call_spec.out_spec)
        return Graph(self.inputs, self.operations, outputs)

    def _lower(self, node: Any) -> Any:
        arguments: Any = fx.node.map_arg(node.args, self.known.get)
        options: Any = fx.node.map_arg(node.kwargs, self.known.get)
        if not any(isinstance(each, Value) for each in pytree.tree_leaves([arguments, options])):
            return node.target(*arguments, **options)
        name, shape = _name(node), _shape(node)
        if node.target is operator.getitem:
            return arguments[0][arguments[1]]
        if name in SAME or name == "_to_copy":
            value = Value(arguments[0].place, shape)
            whole = name == "_to_copy" and not node.meta["val"].dtype.is_floating_point
            return self._do("trunc", [value], shape) if whole and _is_float(node.args[0]) else value
        if name in UNARY or (name == "elu" and arguments[1:] in ((), (1.0,))):
            return self._do(name, [arguments[0]], shape)
        if name in BINARY and not options:
            return self._do(name, [self._spread(each, shape) for each in arguments], shape)
        if name == "where":
            return self._do("where", [self._spread(each, shape) for each in arguments], shape)
        special = getattr(self, f"_{name.lstrip('_')}", None)
        if special is None:
            raise CannotExport(f"{self.where} needs {node.target}, which no page can run: {self._hint()}")
        return special(shape, *arguments, **options)

    def _hint(self) -> str:
        return "add it to wmcourse/interactive/lowering.py and assets/model.js, or do without it"

    # One method for each operation that is more than a formula for one number; the name is ATen's.

    def _addmm(self, shape: Any, bias: Known, rows: Known, matrix: Known) -> Value:
        if not isinstance(matrix, Tensor) or not isinstance(bias, Tensor):
            raise CannotExport(f"{self.where} multiplies by a matrix that is no constant, which no page can do")
        return self._do("linear", [rows, matrix.T, bias], shape)

    def _mm(self, shape: Any, rows: Known, matrix: Known) -> Value:
        return self._addmm(shape, torch.zeros(shape[-1]), rows, matrix)

    def _convolution(
        self, shape: Any, image: Value, kernel: Tensor, bias: Tensor | None, stride: Any, padding: Any,
        dilation: Any, transposed: bool, output_padding: Any, groups: int,
    ) -> Value:  # fmt: skip
        plain = {*dilation, groups} == {1} and {*output_padding} == {0}
        if not plain or len({*stride}) > 1 or len({*padding}) > 1:
            raise CannotExport(f"{self.where} has a convolution with groups, dilation or output padding")
        options = {"images": list(image.shape), "kernel": kernel.shape[-1], "stride": stride[0], "pad": padding[0]}
        bias = torch.zeros(shape[1]) if bias is None else bias
        return self._do("deconvolve" if transposed else "convolve", [image, kernel, bias], shape, **options)

    def _cat(self, shape: Any, parts: Sequence[Known], dim: int = 0) -> Value:
        parts = [part for part in parts if _size(part.shape)]
        dim %= len(shape)
        blocks = [_size(part.shape[dim:]) for part in parts]
        return parts[0] if len(parts) == 1 and isinstance(parts[0], Value) else self._do(
            "cat", list(parts), shape, blocks=blocks)  # fmt: skip

    def _split_with_sizes(self, shape: Any, whole: Value, sizes: Sequence[int], dim: int = 0) -> list[Value]:
        starts = [sum(sizes[:index]) for index in range(len(sizes))]
        return [self._slice(None, whole, dim, start, start + size) for start, size in zip(starts, sizes, strict=True)]

    def _slice(self, shape: Any, whole: Value, dim: int = 0, start: int | None = None, end: int | None = None,
               step: int = 1) -> Value:  # fmt: skip
        return self._seen(
            whole, lambda indices: indices[(slice(None),) * (dim % indices.dim()) + (slice(start, end, step),)]
        )

    def _select(self, shape: Any, whole: Value, dim: int, index: int) -> Value:
        return self._seen(whole, lambda indices: indices.select(dim, index))

    def _permute(self, shape: Any, whole: Value, dims: Sequence[int]) -> Value:
        return self._seen(whole, lambda indices: indices.permute(*dims))

    def _expand(self, shape: Any, whole: Value, sizes: Sequence[int]) -> Value:
        return self._seen(whole, lambda indices: indices.expand(shape))

    def _index(self, shape: Any, whole: Value, indices: Sequence[Known | None]) -> Value:
        """A row whose number is computed: `table[arange(1), number]`."""
        ones = all(isinstance(index, Tensor) and index.numel() == 1 for index in indices[:-1])
        number = indices[-1]
        if not ones or not isinstance(number, Value) or _size(number.shape) != 1:
            raise CannotExport(f"{self.where} picks more than one row by computed numbers, which no page can do")
        return self._do("row", [whole, number], shape)

    def _softmax(self, shape: Any, value: Value, dim: int, half: bool) -> Value:
        return self._along("softmax", value, dim)

    def _log_softmax(self, shape: Any, value: Value, dim: int, half: bool) -> Value:
        return self._along("log_softmax", value, dim)

    def _argmax(self, shape: Any, value: Value, dim: int, keepdim: bool = False) -> Value:
        return self._along("argmax", value, dim, shape)

    def _sum(self, shape: Any, value: Value, dim: Sequence[int], keepdim: bool = False) -> Value:
        return self._reduce("sum", shape, value, dim)

    def _mean(self, shape: Any, value: Value, dim: Sequence[int], keepdim: bool = False) -> Value:
        return self._reduce("mean", shape, value, dim)

    def _any(self, shape: Any, value: Value, dim: int, keepdim: bool = False) -> Value:
        return self._reduce("any", shape, value, [dim])

    def _clamp(
        self, shape: Any, value: Value, low: float | int | None = None, high: float | int | None = None
    ) -> Value:
        return self._do("clamp", [value, -3e38 if low is None else low, 3e38 if high is None else high], shape)

    def _pow(self, shape: Any, value: Value, exponent: float | int) -> Value:
        return self._do("pow", [value, exponent], shape)

    def _full_like(self, shape: Any, value: Value, fill: float | int, **options: Any) -> Tensor:
        return torch.full(shape, float(fill))

    def _reduce(self, name: str, shape: Any, value: Value, dims: Sequence[int]) -> Value:
        last = [dim % len(value.shape) for dim in dims]
        order = [dim for dim in range(len(value.shape)) if dim not in last] + last
        moved = self._permute(None, value, order)
        return self._do(name, [moved], shape, length=_size([value.shape[dim] for dim in last]))

    def _along(self, name: str, value: Value, dim: int, shape: tuple[int, ...] | None = None) -> Value:
        if dim % len(value.shape) != len(value.shape) - 1:
            raise CannotExport(f"{self.where} takes {name} along an axis that is not the last, which no page can do")
        return self._do(name, [value], value.shape if shape is None else shape, length=value.shape[-1])

    def _seen(self, value: Value, view: Callable[[Tensor], Tensor]) -> Value:
        """Some of the numbers of a value, in another order or repeated: `view` says which."""
        indices = view(torch.arange(_size(value.shape)).view(value.shape))
        steps = [list(pair) for pair in zip(indices.shape, indices.stride(), strict=True)]
        return self._do("take", [value], tuple(indices.shape), start=indices.storage_offset(), steps=steps)

    def _spread(self, part: Any, shape: tuple[int, ...]) -> Any:
        """Broadcast to `shape`, unless it is one number."""
        if not isinstance(part, Value | Tensor):
            return float(part)
        if _size(part.shape) == 1 or tuple(part.shape) == shape:
            return part
        return part.expand(shape) if isinstance(part, Tensor) else self._expand(shape, part, shape)

    def _do(self, name: str, takes: Sequence[Any], shape: tuple[int, ...], **options: Any) -> Value:
        made = Value(len(self.inputs) + len(self.operations), tuple(shape))
        taken = tuple(each if isinstance(each, float) else self._value(each) for each in takes)
        self.operations.append(Operation(name, taken, made, options))
        return made

    def _value(self, known: Any) -> Any:
        known = self.known[known] if isinstance(known, fx.Node) else known
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


def _is_float(node: Any) -> bool:
    return bool(node.meta["val"].dtype.is_floating_point)


def _size(shape: Sequence[int]) -> int:
    product = 1
    for each in shape:
        product *= each
    return product
