"""Chapter 06: the dream controller, 867 numbers that grow up in a dream."""

from wmcourse.chapter import Chapter

CHAPTER = Chapter(
    number=6,
    topic="dream_controller",
    title="Dream controller",
    part="II Dream",
    summary="867 numbers learn to dodge in a dream, and what they learn there is put to the test.",
    recipes=("dodge-controller", "dodge-controller-cold"),
    studies=("dream-controllers",),
    exercises=("linear_policy", "es_generation", "dream_step", "spot_cheaters"),
)
