"""Measuring world models and policies: rollouts, horizons, drift, returns, and their intervals."""

from wmcourse.evaluation.drift import Drift, ErrorCurves, drift
from wmcourse.evaluation.horizon import HorizonErrors, HorizonTable, horizon_table, valid_prediction_time
from wmcourse.evaluation.returns import episode_returns
from wmcourse.evaluation.rollout import Rollout, peek_times, rollout
from wmcourse.evaluation.statistics import Interval, bootstrap_mean, wilson_interval

__all__ = [
    "Drift",
    "ErrorCurves",
    "HorizonErrors",
    "HorizonTable",
    "Interval",
    "Rollout",
    "bootstrap_mean",
    "drift",
    "episode_returns",
    "horizon_table",
    "peek_times",
    "rollout",
    "valid_prediction_time",
    "wilson_interval",
]
