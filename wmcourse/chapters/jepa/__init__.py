"""Chapter 14: a JEPA predicts embeddings instead of pictures, and is planned with."""

from wmcourse.chapter import Chapter

CHAPTER = Chapter(
    number=14,
    topic="jepa",
    title="JEPA",
    part="V Beyond pixels",
    summary="Predict what matters instead of every pixel, see it collapse, and plan with the embedding.",
    recipes=(
        "rooms-jepa",
        "rooms-jepa-no-variance",
        "rooms-jepa-no-similarity",
        "rooms-autoencoder",
        "video-jepa",
        "video-pixels",
    ),
    studies=("jepa-terms", "jepa-reach", "jepa-floors", "jepa-collapse", "video-jepa"),
    exercises=(
        "vicreg_terms",
        "ema_target_loss",
        "collapse_report",
        "inverse_dynamics_loss",
        "planning_cost",
        "constant_encoder",
    ),
)
