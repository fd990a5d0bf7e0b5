"""Chapter 03: compounding error, what becomes of a model that feeds on its own predictions."""

from wmcourse.chapter import Chapter

CHAPTER = Chapter(
    number=3,
    topic="compounding_error",
    title="Compounding error",
    part="I Predict",
    summary="A model that is right about the next step can be wrong about the fiftieth.",
    recipes=(
        "latent-dynamics-multi-step",
        "latent-dynamics-noise",
        "latent-dynamics-recurrent-multi-step",
        "latent-dynamics-all",
        "latent-dynamics-clock",
        "latent-dynamics-ensemble",
        "coded-rssm",
    ),
    studies=("compounding-error", "latent-noise-scale"),
    exercises=(
        "teacher_forced_and_free",
        "multi_step_loss",
        "peek_rollout",
        "nmse_and_vpt",
        "ensemble_disagreement",
        "lipschitz_bound",
    ),
)
