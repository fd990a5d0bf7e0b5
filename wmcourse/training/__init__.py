"""One short recipe per shipped model, to be read from top to bottom."""
