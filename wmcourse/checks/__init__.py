"""The exercises' checkers: one module a chapter, named by its topic."""
