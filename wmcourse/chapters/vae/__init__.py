"""Chapter 4: Vae."""

from wmcourse.chapter import Chapter

CHAPTER = Chapter(
    number=4,
    topic="vae",
    title="VAE",
    part="II Dream",
    summary="A picture becomes a cloud of 32 numbers, and any 32 numbers become a picture.",
    recipes=("dodge-vae", "dodge-autoencoder"),
    studies=("vae-betas",),
    exercises=("one_step",),
)
