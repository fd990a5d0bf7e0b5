"""Chapter 09: Dreamer, which learns to act inside its own model."""

from wmcourse.chapter import Chapter

CHAPTER = Chapter(
    number=9,
    topic="dreamer",
    title="Dreamer",
    part="III Believe",
    summary="An agent practices in its own dream, then balances the real pole.",
    recipes=("cartpole-dreamer",),
    studies=(
        "cartpole-dreamer-confirmation",
        "cartpole-dreamer-seeds",
    ),
    exercises=(
        "continue_target",
        "lambda_return",
        "imagine_ahead",
        "update_slow",
        "straight_through_sample",
    ),
)
