"""Chapter 5: Mdn rnn."""

from wmcourse.chapter import Chapter

CHAPTER = Chapter(
    number=5,
    topic="mdn_rnn",
    title="MDN-RNN",
    part="II Dream",
    summary="One short sentence for the map.",
    exercises=("lstm_step", "mixture_nll", "sample_mixture"),
)
