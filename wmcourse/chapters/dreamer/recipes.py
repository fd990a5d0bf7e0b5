"""The model of chapter 09; chapter 08 takes it apart, so it stands in the library."""

from wmcourse.recipes.cartpole_dreamer import CARTPOLE_DREAMER

RECIPES = (CARTPOLE_DREAMER,)
