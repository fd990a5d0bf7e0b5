"""Chapter 14: Jepa."""

from wmcourse.chapter import Chapter

CHAPTER = Chapter(
    number=14,
    topic="jepa",
    title="Jepa",
    part="V Beyond pixels",
    summary="One short sentence for the map.",
    exercises=(
        "vicreg_terms",
        "ema_target_loss",
        "collapse_report",
        "inverse_dynamics_loss",
        "planning_cost",
        "constant_encoder",
    ),
)
