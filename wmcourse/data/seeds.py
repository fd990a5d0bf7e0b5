"""Environment seeds that never meet: training, validation, evaluation."""


class TrainingSeeds:
    """Environment seeds of one training, from 1,000,000 on: smaller ones are left to evaluation, and stay unseen."""

    def __init__(self, seed: int) -> None:
        self.validation = 1_000_000 * (seed + 1)
        """Starts used only to choose the best moment of a training."""
        self._last = self.validation

    def next(self) -> int:
        """A seed not used before."""
        self._last += 1
        return self._last
