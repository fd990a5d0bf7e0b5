"""Chapter 02: latent dynamics, a world model from pixels."""

from wmcourse.chapter import Chapter

CHAPTER = Chapter(
    number=2,
    topic="latent_dynamics",
    title="Latent dynamics",
    part="I Predict",
    summary="4,096 pixels become 24 numbers, and the future is predicted there.",
    recipes=(
        "latent-dynamics",
        "latent-dynamics-two-frames",
        "latent-dynamics-recurrent",
    ),
    studies=(
        "latent-control",
        "preprocessing",
    ),
    exercises=(
        "encoder_output_shape",
        "preprocess",
        "one_step_latent_loss",
        "probe_r2",
        "same_frame_different_future",
    ),
)
