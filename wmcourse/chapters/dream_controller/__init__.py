"""Chapter 6: Dream controller."""

from wmcourse.chapter import Chapter

CHAPTER = Chapter(
    number=6,
    topic="dream_controller",
    title="Dream controller",
    part="II Dream",
    summary="867 numbers learn to dodge in a dream, and what they learn there is put to the test.",
    recipes=("dodge-controller", "dodge-controller-cold"),
    studies=("dream-controllers",),
    exercises=("one_step",),
)
