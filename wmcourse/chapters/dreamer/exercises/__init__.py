"""The exercises of chapter 09; `from wmcourse.chapters.dreamer import exercises as check` in the notebook."""

from wmcourse.chapters.dreamer.exercises.continue_target import continue_target
from wmcourse.chapters.dreamer.exercises.imagine_ahead import imagine_ahead
from wmcourse.chapters.dreamer.exercises.lambda_return import lambda_return
from wmcourse.chapters.dreamer.exercises.straight_through_sample import straight_through_sample
from wmcourse.chapters.dreamer.exercises.update_slow import update_slow

__all__ = ["continue_target", "imagine_ahead", "lambda_return", "straight_through_sample", "update_slow"]
