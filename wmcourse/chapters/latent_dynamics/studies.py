"""Studies: what can be read off a latent and done with it, and what preparing the pictures brings."""

from functools import partial

from wmcourse.chapters.latent_dynamics import latent_control, preprocessing
from wmcourse.studies.study import Study

SEEDS = (30, 31, 32)

LATENT_CONTROL = Study(
    name="latent-control",
    module=__name__,
    protocol=latent_control.PROTOCOL,
    variants={"default": latent_control.latent_control},
    seeds=SEEDS,
    metrics=latent_control.experts_returns,
)

PREPROCESSING = Study(
    name="preprocessing",
    module=__name__,
    protocol=preprocessing.PROTOCOL,
    variants={way: partial(preprocessing.prepared, way) for way in preprocessing.PREPARED},
    seeds=SEEDS,
)

STUDIES = (LATENT_CONTROL, PREPROCESSING)
