"""Chapter 4: Vae."""

from wmcourse.chapter import Chapter

CHAPTER = Chapter(
    number=4,
    topic="vae",
    title="VAE",
    part="II Dream",
    summary="One short sentence for the map.",
    exercises=("reparameterized", "kl_to_standard_normal", "elbo"),
)
