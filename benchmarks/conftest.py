"""How a time becomes a ratio: each benchmark is set against a reference measured in the same run."""

import os
import platform
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from timeit import repeat

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

torch.set_num_threads(1)  # two threads wait for each other when another program takes a core: tens of times slower
SIDE = 1024
"""Rows and columns of the reference matrices: large enough to keep the processor's arithmetic busy."""
Work = Callable[[], object]


class Ratio:
    """Times some work beside a reference, the fastest round of each: other programs only ever add time."""

    def __init__(self, benchmark) -> None:
        self.benchmark = benchmark
        torch.manual_seed(0)

    def to(self, name: str, reference: Work, work: Work, scale: float = 1.0) -> None:
        """Ratio of the time of `work` to `scale` times that of `reference`, which runs before and after it."""
        work(), reference()  # what happens only once is not measured
        before = fastest(reference)
        self.benchmark(work)
        if self.benchmark.stats is None:  # --benchmark-disable
            return
        expected = scale * min(before, fastest(reference))
        measured = self.benchmark.stats.stats.min
        self.benchmark.extra_info.update(reference=name, ratio=measured / expected)

    def to_matrix_products(self, work: Work) -> None:
        """Ratio to large matrix products of as many floating-point operations, backward passes included."""
        a, b, out = torch.randn(3, SIDE, SIDE)
        flops = count_flops(work)
        self.to(f"{flops / 1e9:.3g} GFLOP", lambda: torch.mm(a, b, out=out), work, scale=flops / (2 * SIDE**3))

    def to_peer(self, name: str, peer: Work, work: Work) -> None:
        """Ratio to another library's way of doing the same; how many operations each takes is kept beside it."""
        ours, theirs = count_flops(work) / 1e9, count_flops(peer) / 1e9
        self.benchmark.extra_info.update(gflop=ours, reference_gflop=theirs)
        self.to(f"{name}, {theirs:.3g} GFLOP to our {ours:.3g}", peer, work)


class NoModules(nullcontext):
    """For a `FlopCounterMode`, which otherwise looks up each module; torchrl's parameters do not allow that."""

    parents = frozenset({"Global"})


def count_flops(work: Work) -> int:
    """Floating-point operations of the products in `work`, backward passes included; an LSTM's, too, without oneDNN."""
    work()
    counter = FlopCounterMode(display=False)
    counter.mod_tracker = NoModules()
    with torch.backends.mkldnn.flags(enabled=False), counter:
        work()
    return counter.get_total_flops()


def fastest(work: Work) -> float:
    """Seconds of the fastest of five runs."""
    return min(repeat(work, number=1, repeat=5))


@pytest.fixture
def ratio(benchmark) -> Ratio:
    return Ratio(benchmark)


def pytest_terminal_summary(terminalreporter, config) -> None:
    rows = [bench for bench in config._benchmarksession.benchmarks if "ratio" in bench.extra_info]
    if not rows:
        return
    width = max(len(bench.name) for bench in rows) + 2
    terminalreporter.section(f"{processor()}; torch {torch.__version__}, one thread")
    terminalreporter.line(f"| {'benchmark':{width}s} | {'ms':>9s} | {'ratio':>6s} | to the time of |")
    terminalreporter.line("| --- | ---: | ---: | --- |")
    for bench in rows:
        name, info = f"`{bench.name}`", bench.extra_info
        cells = f"{name:{width}s} | {bench.stats.min * 1e3:9.3f} | {info['ratio']:6.3g} | {info['reference']}"
        terminalreporter.line(f"| {cells} |")


def processor() -> str:
    """The processor's model and its number of cores."""
    about = Path("/proc/cpuinfo")
    lines = about.read_text().splitlines() if about.exists() else []
    models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return f"{models[0] if models else platform.processor() or platform.machine()}, {os.cpu_count()} cores"
