"""The models of chapter 08: a belief beside the exact one, a world that branches, and the break-it lab."""

from wmcourse.chapters.rssm.recipes.ablations import CARTPOLE_CATEGORICAL, SHIPPED
from wmcourse.chapters.rssm.recipes.galton import GALTON_DREAMER
from wmcourse.chapters.rssm.recipes.linear_gaussian import LINEAR_GAUSSIAN_RSSM

RECIPES = (LINEAR_GAUSSIAN_RSSM, GALTON_DREAMER, CARTPOLE_CATEGORICAL, *SHIPPED)
