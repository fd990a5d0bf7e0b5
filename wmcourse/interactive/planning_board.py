"""PlanningBoard: a pendulum for the reader to swing up, and a planner whose imagined futures can be watched."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from wmcourse.envs.pendulum import TIME_STEP
from wmcourse.evaluation.pendulum import PLANNERS
from wmcourse.interactive.page_model import PageModel, page_model
from wmcourse.interactive.search_controls import described, own_numbers, search_controls
from wmcourse.interactive.sliders import Stops
from wmcourse.interactive.widget import PageElement, named
from wmcourse.planning import CEM
from wmcourse.viz.pendulum import searched

TRUTH = "the true equations"
LONGEST, RAREST = 40, 20
"""Steps: of a plan, and from plan to plan."""
TEMPERATURES = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
OBSERVATION, ACTION = (3,), 1


class PlanningBoard(PageElement):
    """Swing up Pendulum-v1, then watch a planner: `PlanningBoard({"five networks": ensemble}, title=..., alt=...)`.

    The planner looks, imagines many plans by one of the searches of `wmcourse.planning` and follows the best for some
    steps. It imagines with the true equations, or with one of the `models` by their labels: with what their networks
    predict on average (temperature 0), a plan's value the mean over the networks. All of it is computed in the page, so
    every slider is alive; in a notebook the same script runs in the output of the cell.
    """

    kind = "planning"
    hint = "Run the cell to swing it up, and to watch the planner."

    def __init__(
        self,
        models: Mapping[str, Any] | None = None,
        *,
        title: str,
        alt: str,
        imagine_with: str = TRUTH,
        early: str | None = None,
        planner: str = "cem",
        samples: int = 100,
        horizon: int = 20,
        iterations: int = 3,
        plan_every: int = 1,
        seed: int = 0,
    ) -> None:
        """Take loaded models of Pendulum-v1 whose beliefs are clouds of particles, by the labels that a reader sees.

        Args:
            models: Such as `ProbabilisticEnsemble`; none for the true equations alone.
            title: What to find out.
            alt: The still picture, in words.
            imagine_with: The label that is chosen at first.
            early: The label of a model that has seen too little: it gets a button of its own.
            planner: "cem", "mppi" or "shooting".
            samples: Plans of each iteration at first, 8 to 256.
            horizon: Steps of a plan, 3 to 40.
            iterations: Of a search, 1 to 6.
            plan_every: Steps from plan to plan, 1 to 20.
            seed: Of everything that is drawn in the page.

        Raises:
            ValueError: a model was not loaded by name, is of another world or has no particles, a label or planner is
                unknown, a number is out of range, or the title or the alt is empty.
            CannotExport: a model needs what the page does not have.
        """
        self.models = dict(models or {})
        names = {label: named(model) for label, model in self.models.items()}
        for label, model in self.models.items():
            shape = (tuple(model.observation_shape), model.action_dim)
            if shape != (OBSERVATION, ACTION) or not hasattr(model, "rewards"):
                raise ValueError(
                    f"{label!r} must foresee Pendulum's 3 numbers from 1 action, and rewards by particles; "
                    f"it sees {shape[0]} and takes {shape[1]}"
                )
        labels = [TRUTH, *self.models]
        if imagine_with not in labels or early not in (None, *self.models) or TRUTH in self.models:
            raise ValueError(f"imagine_with={imagine_with!r} and early={early!r} must be among the labels {labels}")
        self.imagine_with, self.planner, self.seed = imagine_with, planner, seed
        self.numbers = {"samples": samples, "horizon": horizon, "iterations": iterations}
        controls = search_controls(planner, longest=LONGEST, plan_every=plan_every, rarest=RAREST, **self.numbers)
        own = own_numbers(PLANNERS)
        start = own["mppi"].pop("temperature")
        controls["temperature"] = Stops(TEMPERATURES, default=start, label="MPPI's temperature λ")
        told = described(controls)
        told["horizon"]["texts"] = [f"{steps} steps, {TIME_STEP * steps:.2g} s" for steps in told["horizon"]["values"]]
        spec = {
            "truth": TRUTH,
            "models": [{"label": label, "model": name, "early": label == early} for label, name in names.items()],
            "dream": labels.index(imagine_with),
            "planner": planner,
            "controls": told,
            "own": own,
            "seed": seed,
        }
        super().__init__(title=title, alt=alt, spec=spec)

    @cached_property
    def page_models(self) -> dict[str, PageModel]:
        """Each of them once."""
        return {named(model): page_model(model) for model in self.models.values()}

    @cached_property
    def still(self) -> bytes:
        """The iterations of one search from a swing, each a fan of imagined futures, as PNG."""
        planner = PLANNERS["cem"]
        assert isinstance(planner, CEM)
        return searched(self.models.get(self.imagine_with), planner, seed=self.seed, **self.numbers)
