"""An exercise: an independent oracle, the cases on which an answer has to agree with it, and named mistakes."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import torch

from wmcourse.exercises.difference import Difference, difference
from wmcourse.exercises.draw import Case, Cases, Draw
from wmcourse.exercises.failure import CheckFailed, advice_on, describe, in_short, raised
from wmcourse.exercises.outcome import Outcome, observe

Function = Callable[..., Any]
SEED = 9_000


class Exercise:
    """The checker of one exercise; calling it examines an answer and prints one line when it is right.

    The answer is called on every case, with a graph and without one, and compared with `oracle`, which must not be the
    solution's own code: results, dtypes, gradients for every tensor and parameter, arguments left as they were. When
    it differs, the mistake that agrees with it on *all* cases is named; if there is none, no mistake is.

    Args:
        number: Such as "9.2".
        oracle: A right answer; called with keywords, as the mistakes are.
        cases: Draws the cases: arguments named as the stub names them, in its order.
        returns: Names of the parts of a tuple that is returned.
        view: `view(answer, *arguments)`, a dict of named results to compare in place of the answer's own: for what
            draws, or has many right answers.
        changes: Arguments that the answer changes in place.
        learns: Arguments whose gradients are compared; None: all.
        unseen: Whether the answer is called once more where nothing has a gradient.
        tolerance: Relative to each number; a tenth of it relative to the largest of its tensor.
        advice: A part of an error's message to the likely mistake.
    """

    def __init__(
        self,
        number: str,
        oracle: Function,
        cases: Cases,
        *,
        returns: Sequence[str] = (),
        view: Function | None = None,
        changes: Sequence[str] = (),
        learns: Sequence[str] | None = None,
        unseen: bool = True,
        tolerance: float = 1e-4,
        advice: Mapping[str, str] | None = None,
    ) -> None:
        self.number, self.oracle, self._cases = number, oracle, cases
        self.returns, self.view, self.changes, self.learns = returns, view, changes, learns
        self.unseen, self.tolerance, self.advice = unseen, tolerance, advice or {}
        self.mistakes: dict[str, Function] = {}

    def mistake(self, words: str) -> Callable[[Function], Function]:
        """Register a wrong answer under the words that a learner reads who gives it."""

        def register(wrong: Function) -> Function:
            if words in self.mistakes:
                raise ValueError(f"two mistakes of exercise {self.number} have the words {words!r}")
            self.mistakes[words] = wrong
            return wrong

        return register

    def __call__(self, answer: Any) -> None:
        """Examine an answer.

        Raises:
            CheckFailed: it is not right yet.
            NotImplementedError: it is still the stub.
        """
        name = getattr(answer, "__name__", "the function")
        if not callable(answer):
            raise CheckFailed("the function itself", describe(answer), "hand over the function, without calling it")
        with torch.random.fork_rng(devices=[]), torch.enable_grad():
            failure = self._examine(answer, name)
        if failure is not None:
            raise failure
        print(solved(self.number, name))

    def cases(self) -> list[Case]:
        """All cases, the same ones at each call."""
        return list(self._cases(Draw(seed=int(float(self.number) * 10))))

    @cached_property
    def _expected(self) -> tuple[list[Case], list[Outcome]]:
        """All cases, and what the oracle does on them; worked out at the first check."""
        cases = self.cases()
        expected = list(self.outcomes(self.oracle, cases))
        for outcome in expected:
            if outcome.error is not None:
                raise outcome.error
        return cases, expected

    def _examine(self, answer: Function, name: str) -> CheckFailed | None:
        cases, expected = self._expected
        try:
            got = list(self.outcomes(answer, cases, by_keyword=False))
        except CheckFailed as failure:  # a model among the arguments refused what it was handed
            return failure.with_traceback(None)
        found = [self._difference(*pair) for pair in zip(expected, got, strict=False)]
        first = next((i for i, each in enumerate(found) if each is not None), None)
        if first is None:
            return None
        apart, case, error = found[first], cases[first % len(cases)], got[first].error
        assert apart is not None
        likely = self._likely(cases, got, apart)
        if error is not None:
            wanted = f"{name} to return without an error"
            return CheckFailed(wanted, raised(error), likely or advice_on(error, self.advice), in_short(case))
        wrong = {i % len(cases) for i, each in enumerate(found) if each is not None}
        right = "" if got[-1].error or not case else f" ({len(cases) - len(wrong)} of {len(cases)} cases are right)"
        return CheckFailed(apart.expected, apart.got, likely or apart.likely, in_short(case) + right)

    def outcomes(self, function: Function, cases: list[Case], *, by_keyword: bool = True) -> Iterator[Outcome]:
        """What a function does on all cases, with a graph and then without one, up to its first error.

        Raises:
            NotImplementedError: the function is a stub.
        """
        for graph in (True, False) if self.unseen else (True,):
            for number, case in enumerate(cases):
                call = _with_keywords(function, list(case)) if by_keyword else function
                if self.view is not None:
                    call = _through(self.view, call)
                outcome = observe(call, case, seed=SEED + number, learns=self.learns, changes=self.changes, graph=graph)
                if isinstance(outcome.error, NotImplementedError) and str(outcome.error).startswith("Exercise"):
                    raise outcome.error
                yield outcome
                if outcome.error is not None:
                    return

    def _difference(self, expected: Outcome, got: Outcome, gradients: bool = True) -> Difference | None:
        if got.error is None and expected.error is None:
            return difference(expected, got, tolerance=self.tolerance, names=self.returns, gradients=gradients)
        same = type(got.error) is type(expected.error) and str(got.error) == str(expected.error)
        return None if same else Difference("no error", str(got.error))

    def _likely(self, cases: list[Case], got: list[Outcome], apart: Difference) -> str:
        """The words of the mistake that does the same as the answer on every case; where numbers differ, of results."""
        for gradients in (True, False) if apart.kind == "result" else (True,):
            for words, wrong in self.mistakes.items():
                if self._same(self.outcomes(wrong, cases), got, gradients):
                    return words
        return ""

    def _same(self, outcomes: Iterator[Outcome], got: list[Outcome], gradients: bool) -> bool:
        try:
            for theirs, ours in zip(outcomes, got, strict=True):
                if self._difference(theirs, ours, gradients) or self._difference(ours, theirs, gradients):
                    return False
        except (CheckFailed, ValueError):  # refused by a model of the case, or one of them ended with an error
            return False
        return True


def solved(number: str, name: str) -> str:
    """The line a checker prints when the answer is right; `wmcourse check` looks for it."""
    return f"Exercise {number} is right: {name}"


def _with_keywords(function: Function, names: list[str]) -> Function:
    def call(*values: Any) -> Any:
        return function(**dict(zip(names, values, strict=False)))

    return call


def _through(view: Function, call: Function) -> Function:
    def look(*values: Any) -> Any:
        return view(call, *values)

    return look
