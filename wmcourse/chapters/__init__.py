"""The chapters: slices over the library, each with its own recipes, studies, exercises and figures."""
