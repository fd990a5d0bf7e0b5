"""World models, one per file, behind one interface."""

from wmcourse.models.kalman import KalmanFilter, KalmanState
from wmcourse.models.protocol import Prediction, WorldModel, map_state
from wmcourse.models.rssm import RSSM, RSSMConfig, RSSMLoss, RSSMState

__all__ = [
    "RSSM",
    "KalmanFilter",
    "KalmanState",
    "Prediction",
    "RSSMConfig",
    "RSSMLoss",
    "RSSMState",
    "WorldModel",
    "map_state",
]
