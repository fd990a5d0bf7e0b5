"""The exercises of chapter 4, which its notebook imports as `check`."""

from wmcourse.chapters.vae.exercises.elbo import elbo
from wmcourse.chapters.vae.exercises.kl_to_standard_normal import kl_to_standard_normal
from wmcourse.chapters.vae.exercises.reparameterized import reparameterized

__all__ = ["elbo", "kl_to_standard_normal", "reparameterized"]
