"""The exercises of chapter 09; `from wmcourse.chapters.dreamer import exercises as check` in the notebook."""

from wmcourse.chapters.dreamer.exercises.lambda_return import lambda_return

__all__ = ["lambda_return"]
