"""The exercises of chapter 5, which its notebook imports as `check`."""

from wmcourse.chapters.mdn_rnn.exercises.one_step import one_step

__all__ = ["one_step"]
