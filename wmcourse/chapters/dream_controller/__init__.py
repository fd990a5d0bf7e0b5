"""Chapter 6: Dream controller."""

from wmcourse.chapter import Chapter

CHAPTER = Chapter(
    number=6,
    topic="dream_controller",
    title="Dream controller",
    part="II Dream",
    summary="One short sentence for the map.",
    exercises=("linear_policy", "es_generation", "dream_step", "spot_cheaters"),
)
