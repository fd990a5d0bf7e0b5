"""Environment seeds of training and of evaluation, which never meet."""


class TrainingSeeds:
    """Environment seeds of one training, from 1,000,000 on: smaller ones are left to evaluation, and stay unseen.

    An environment with a vectorized form of its own draws all starts of a call from the call's one seed, so that no two
    calls share any. Of others gymnasium makes N copies, seeded `seed`, `seed` + 1, ...: neighboring calls, validation
    among them, then repeat each other's dice, though not their actions.
    """

    def __init__(self, seed: int) -> None:
        self.validation = 1_000_000 * (seed + 1)
        """For the episodes that choose the best moment of a training."""
        self._last = self.validation

    def next(self) -> int:
        """A seed that no earlier call was given."""
        self._last += 1
        return self._last
