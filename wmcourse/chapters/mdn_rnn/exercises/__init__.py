"""The exercises of chapter 5, which its notebook imports as `check`."""

from wmcourse.chapters.mdn_rnn.exercises.lstm_step import lstm_step
from wmcourse.chapters.mdn_rnn.exercises.mixture_nll import mixture_nll
from wmcourse.chapters.mdn_rnn.exercises.sample_mixture import sample_mixture

__all__ = ["lstm_step", "mixture_nll", "sample_mixture"]
