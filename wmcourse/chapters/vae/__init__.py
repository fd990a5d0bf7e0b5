"""Chapter 04: the VAE, an eye that forgets what it need not know."""

from wmcourse.chapter import Chapter

CHAPTER = Chapter(
    number=4,
    topic="vae",
    title="VAE",
    part="II Dream",
    summary="A picture becomes a cloud of 32 numbers, and any 32 numbers become a picture.",
    recipes=("dodge-vae", "dodge-autoencoder"),
    studies=("vae-betas",),
    exercises=("reparameterized", "kl_to_standard_normal", "elbo"),
)
