"""The page's table: which operations of core ATen it has, and how they are written with those of `assets/model.js`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from wmcourse.interactive.graph import CannotExport, Value

UNARY = {
    *("abs", "cos", "exp", "floor", "log", "log1p", "logical_not", "neg", "reciprocal", "relu", "rsqrt", "sigmoid"),
    *("sign", "sin", "sqrt", "tanh", "trunc"),
}
BINARY = {
    *("add", "sub", "mul", "div", "pow", "maximum", "minimum"),
    *("eq", "ne", "ge", "gt", "le", "lt", "logical_and", "logical_or"),
}
SAME = {"view", "_unsafe_view", "reshape", "squeeze", "unsqueeze", "clone", "detach", "alias", "contiguous"}
"""The same numbers in the same order."""
NOISE = {"randn": "normal", "randn_like": "normal", "rand": "uniform", "rand_like": "uniform"}
NUMBERS = (torch.float32, torch.float64, torch.int64, torch.int32, torch.bool)
"""Types that a 32-bit float can stand for here."""
Known = Value | Tensor


class Operations:
    """One method for each operation that is more than a formula for one number; its name and arguments are ATen's.

    Each takes the shape of its result first. A call with arguments that a method does not take cannot be exported.
    """

    def __init__(self, graph: Any, node: Any) -> None:
        self.graph, self.do, self.node = graph, graph.do, node

    def _refuse(self, why: str) -> CannotExport:
        return CannotExport(f"{self.graph.where} needs {self.node.target} {why}, which no page can run")

    def where(self, shape: Any, test: Known, yes: Any, no: Any) -> Value:
        """Elementwise choice."""
        return self.do("where", [self.graph.spread(each, shape) for each in (test, yes, no)], shape)

    def elu(self, shape: Any, value: Value, alpha: float | int = 1, scale: float | int = 1) -> Value:
        """Only alpha = scale = 1."""
        if (alpha, scale) != (1, 1):
            raise self._refuse("with another alpha than 1")
        return self.do("elu", [value], shape)

    def clamp(self, shape: Any, value: Value, low: Any = None, high: Any = None) -> Value:
        """Numbers or tensors as bounds."""
        for name, bound in (("maximum", low), ("minimum", high)):
            if bound is not None:
                value = self.do(name, [self.graph.spread(value, shape), self.graph.spread(bound, shape)], shape)
        return value

    def addmm(self, shape: Any, bias: Known, rows: Known, matrix: Known) -> Value:
        """A bias of any shape; a constant matrix."""
        if not isinstance(matrix, Tensor):
            raise self._refuse("with a matrix that is no constant")
        if isinstance(bias, Tensor) and bias.numel() == shape[-1] == bias.shape[-1]:
            asked = self.graph.asked(self.node)
            return self.do("linear", [rows, matrix.T[:asked], bias.flatten()[:asked]], (*shape[:-1], asked))
        product = self.do("linear", [rows, matrix.T, torch.zeros(shape[-1])], shape)
        return self.do("add", [product, self.graph.spread(bias, shape)], shape)

    def mm(self, shape: Any, rows: Known, matrix: Known) -> Value:
        """A constant matrix on the right."""
        return self.addmm(shape, torch.zeros(shape[-1]), rows, matrix)

    def bmm(self, shape: Any, rows: Known, matrices: Known) -> Value:
        """Constant matrices on the right, with the biases that are added to the products right after."""
        if not isinstance(matrices, Tensor):
            raise self._refuse("with matrices that are no constants")
        last, bias = self.graph.biased(self.node)
        asked, members = self.graph.asked(last), shape[0]
        bias = torch.zeros(members, 1, shape[-1]) if bias is None else bias
        takes = [rows, matrices.mT[:, :asked], bias[..., :asked]]
        made = self.do("linears", takes, (*shape[:-1], asked), members=members)
        self.graph.known[last] = made
        return made

    def convolution(
        self, shape: Any, image: Value, kernel: Known, bias: Known | None, stride: Any, padding: Any,
        dilation: Any, transposed: bool, output_padding: Any, groups: int,
    ) -> Value:  # fmt: skip
        """Of pictures, with one stride, one padding and a square, constant kernel."""
        if not isinstance(kernel, Tensor) or not isinstance(bias, Tensor | None):
            raise self._refuse("with a kernel that is no constant")
        if len(image.shape) != 4 or kernel.shape[2] != kernel.shape[3] or len({*stride}) > 1 or len({*padding}) > 1:
            raise self._refuse("of another kind than square, on pictures, with one stride and one padding")
        if {*dilation, groups} != {1} or {*output_padding} != {0}:
            raise self._refuse("with groups, dilation or output padding")
        options = {"images": list(image.shape), "kernel": kernel.shape[-1], "stride": stride[0], "pad": padding[0]}
        bias = torch.zeros(shape[1]) if bias is None else bias
        return self.do("deconvolve" if transposed else "convolve", [image, kernel, bias], shape, **options)

    def cat(self, shape: Any, parts: Sequence[Known], dim: int = 0) -> Value:
        """Along any axis; parts without numbers are left out."""
        full = [part for part in parts if math.prod(part.shape)]
        if len(full) == 1 and isinstance(full[0], Value):
            return full[0]
        blocks = [math.prod(part.shape[dim % len(shape) :]) for part in full]
        return self.do("cat", full, shape, blocks=blocks)

    def split_with_sizes(self, shape: Any, whole: Value, sizes: Sequence[int], dim: int = 0) -> list[Value]:
        """Several pieces side by side, up to where the whole was cut for want of anybody who asks for the rest."""
        starts = [sum(sizes[:index]) for index in range(len(sizes)) if sum(sizes[:index]) < whole.shape[dim]]
        return [self.slice(None, whole, dim, start, start + size) for start, size in zip(starts, sizes, strict=False)]

    def slice(
        self, shape: Any, whole: Value, dim: int = 0, start: int | None = None, end: int | None = None, step: int = 1
    ) -> Value:
        """Along any axis."""
        return self.graph.seen(
            whole, lambda places: places[(slice(None),) * (dim % places.dim()) + (slice(start, end, step),)]
        )

    def select(self, shape: Any, whole: Value, dim: int, index: int) -> Value:
        """One place of an axis."""
        return self.graph.seen(whole, lambda places: places.select(dim, index))

    def permute(self, shape: Any, whole: Value, dims: Sequence[int]) -> Value:
        """Another order of axes."""
        return self.graph.seen(whole, lambda places: places.permute(*dims))

    def expand(self, shape: Any, whole: Value, sizes: Sequence[int]) -> Value:
        """Repeated along axes of length 1."""
        return self.graph.spread(whole, shape) if math.prod(whole.shape) > 1 else self.graph.seen(
            whole, lambda places: places.expand(*shape))  # fmt: skip

    def flip(self, shape: Any, whole: Value, dims: Sequence[int]) -> Value:
        """Backwards."""
        return self.graph.seen(whole, lambda places: places.flip(*dims))

    def index(self, shape: Any, whole: Known, indices: Sequence[Known | None]) -> Value:
        """Constant places; or one row, `table[arange(1), number]`, whose number is computed."""
        if isinstance(whole, Value) and all(each is None or isinstance(each, Tensor) for each in indices):
            chosen: Any = tuple(slice(None) if each is None else each for each in indices)
            return self.graph.seen(whole, lambda places: places[chosen])
        *before, number = indices
        first = all(isinstance(each, Tensor) and each.numel() == 1 and int(each) == 0 for each in before)
        single = list(whole.shape[: len(before)]) == [1] * len(before)
        if not first or not single or not isinstance(number, Value) or math.prod(number.shape) != 1:
            raise self._refuse("with more than one computed number")
        return self.do("row", [whole, number], shape, rows=whole.shape[len(before)])

    def softmax(self, shape: Any, value: Value, dim: int, half: bool) -> Value:
        """Along the last axis."""
        return self._along("softmax", value, dim)

    def log_softmax(self, shape: Any, value: Value, dim: int, half: bool) -> Value:
        """Along the last axis."""
        return self._along("log_softmax", value, dim)

    def native_layer_norm(
        self, shape: Any, value: Value, sizes: Sequence[int], weight: Known | None, bias: Known | None, eps: float
    ) -> list[Any]:
        """The first of its three results."""
        made = self.do("standardize", [value], value.shape, length=math.prod(sizes), eps=eps)
        for name, part in (("mul", weight), ("add", bias)):
            if part is not None:
                made = self.do(name, [made, self.graph.spread(part, value.shape)], value.shape)
        return [made, None, None]

    def argmax(self, shape: Any, value: Value, dim: int | None = None, keepdim: bool = False) -> Value:
        """Of the last axis, or of all numbers."""
        if dim is None:
            value, dim = Value(value.place, (math.prod(value.shape),)), 0
        return self._along("argmax", value, dim, shape)

    def sum(self, shape: Any, value: Value, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Value:
        """Over any axes; all of them if none is named."""
        return self._reduce("sum", shape, value, dim)

    def mean(self, shape: Any, value: Value, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Value:
        """Over any axes; all of them if none is named."""
        return self._reduce("mean", shape, value, dim)

    def any(self, shape: Any, value: Value, dim: Any = None, keepdim: bool = False) -> Value:
        """Over any axes; all of them if none is named."""
        return self._reduce("any", shape, value, dim)

    def amax(self, shape: Any, value: Value, dim: Any = None, keepdim: bool = False) -> Value:
        """Over any axes; all of them if none is named."""
        return self._reduce("amax", shape, value, dim)

    def full_like(self, shape: Any, value: Value, fill: float | int, **options: Any) -> Tensor:
        """A constant."""
        return torch.full(shape, float(fill))

    def _reduce(self, name: str, shape: Any, value: Value, dim: Any) -> Value:
        count = len(value.shape)
        dims = [dim] if isinstance(dim, int) else list(dim or range(count))
        last = [each % count for each in dims] if count else []
        order = [each for each in range(count) if each not in last] + last
        moved = self.graph.seen(value, lambda places: places.permute(*order)) if count else value
        return self.do(name, [moved], shape, length=math.prod(value.shape[each] for each in last))

    def _along(self, name: str, value: Value, dim: int, shape: Any = None) -> Value:
        if dim % max(1, len(value.shape)) != max(1, len(value.shape)) - 1:
            raise self._refuse("along an axis that is not the last")
        length = value.shape[-1] if value.shape else 1
        return self.do(name, [value], value.shape if shape is None else shape, length=length)
