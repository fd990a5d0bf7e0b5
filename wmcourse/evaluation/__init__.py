"""Measuring world models and policies: rollouts, horizons, drift, returns, and their intervals."""

from wmcourse.evaluation.drift import Drift, ErrorCurves, drift
from wmcourse.evaluation.horizon import HorizonErrors, HorizonTable, horizon_table, valid_prediction_time
from wmcourse.evaluation.predictive import Forecast, ensemble, forecast
from wmcourse.evaluation.returns import episode_returns
from wmcourse.evaluation.rollout import Rollout, peek_times, rollout
from wmcourse.evaluation.scores import ensemble_crps, gaussian_crps, gaussian_nll, mixture_nll
from wmcourse.evaluation.statistics import Interval, bootstrap_mean, bootstrap_ratio, wilson_interval

__all__ = [
    "Drift",
    "ErrorCurves",
    "Forecast",
    "HorizonErrors",
    "HorizonTable",
    "Interval",
    "Rollout",
    "bootstrap_mean",
    "bootstrap_ratio",
    "drift",
    "ensemble",
    "ensemble_crps",
    "episode_returns",
    "forecast",
    "gaussian_crps",
    "gaussian_nll",
    "horizon_table",
    "mixture_nll",
    "peek_times",
    "rollout",
    "valid_prediction_time",
    "wilson_interval",
]
