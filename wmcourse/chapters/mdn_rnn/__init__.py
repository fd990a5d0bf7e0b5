"""Chapter 05: the MDN-RNN, a memory that deals futures."""

from wmcourse.chapter import Chapter

CHAPTER = Chapter(
    number=5,
    topic="mdn_rnn",
    title="MDN-RNN",
    part="II Dream",
    summary="A memory that does not predict the future but deals it, like cards.",
    recipes=("dodge-mdn-rnn",),
    studies=("mdn-rnn-ablations",),
    exercises=("lstm_step", "mixture_nll", "sample_mixture"),
)
