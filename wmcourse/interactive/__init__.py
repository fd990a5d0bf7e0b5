"""Interactive figures, claims and quizzes that work alike in JupyterLab and in the static page."""

from wmcourse.interactive.claim import claim
from wmcourse.interactive.explorer import Chart, Explorer
from wmcourse.interactive.latent_sliders import LatentSliders
from wmcourse.interactive.planning_board import PlanningBoard
from wmcourse.interactive.player import Player
from wmcourse.interactive.quiz import guess, quiz
from wmcourse.interactive.rollouts import rollout_explorer
from wmcourse.interactive.rooms_board import RoomsBoard
from wmcourse.interactive.sliders import Choice, Slider, Stops
from wmcourse.interactive.text import show_source, table

__all__ = [
    "Chart",
    "Choice",
    "Explorer",
    "LatentSliders",
    "PlanningBoard",
    "Player",
    "RoomsBoard",
    "Slider",
    "Stops",
    "claim",
    "guess",
    "quiz",
    "rollout_explorer",
    "show_source",
    "table",
]
