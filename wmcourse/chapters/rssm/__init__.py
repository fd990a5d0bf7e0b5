"""Chapter 08: the RSSM, a belief that remembers and draws."""

from wmcourse.chapter import Chapter

CHAPTER = Chapter(
    number=8,
    topic="rssm",
    title="RSSM",
    part="III Believe",
    summary="A memory and a guess: what to believe when you cannot see it all.",
    recipes=(
        "linear-gaussian-rssm",
        "galton-dreamer",
        "cartpole-dreamer-categorical",
        "cartpole-dreamer-no-correction",
        "cartpole-dreamer-no-stochastic-path",
        "cartpole-dreamer-no-reconstruction",
        "cartpole-dreamer-no-kl",
        "cartpole-dreamer-sighted-no-kl",
        "cartpole-dreamer-no-slow-critic",
        "galton-dreamer-no-correction",
        "galton-dreamer-no-stochastic-path",
        "galton-dreamer-no-reconstruction",
        "galton-dreamer-no-reward-loss",
        "galton-dreamer-no-kl",
        "galton-dreamer-no-balancing",
        "galton-dreamer-no-slow-critic",
        "galton-dreamer-one-free-nat",
        "galton-dreamer-gaussian",
    ),
    studies=(
        "linear-gaussian-confirmation",
        "rssm-ablations-cartpole",
        "rssm-ablations-galton",
    ),
    exercises=(
        "rssm_step",
        "gaussian_kl",
        "balanced_kl",
        "filter_with_gaps",
        "kalman_step",
        "learnt_gain",
    ),
)
