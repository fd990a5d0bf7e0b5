"""Studies: many trainings, measured alike, on this machine's cores; their results are stored and typed."""

from wmcourse.studies.results import Results, Run, Solved, load_study
from wmcourse.studies.study import Study

__all__ = ["Results", "Run", "Solved", "Study", "load_study"]
