"""RoomsBoard: two rooms, a goal that the reader sets, and a planner whose imagined futures lie in an embedding."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import torch
from torch import Generator, Tensor, nn

from wmcourse.envs.two_rooms import free_positions, is_free
from wmcourse.evaluation.probes import Probe, ProbeTraining, mlp_probe
from wmcourse.evaluation.two_rooms import PLANNERS, REPLAN_EVERY, embedded
from wmcourse.interactive.page_model import PageModel, page_model, page_probe
from wmcourse.interactive.search_controls import described, own_numbers, search_controls
from wmcourse.interactive.widget import PageElement, named
from wmcourse.models.jepa import JEPA
from wmcourse.nets.half import round_to_half
from wmcourse.viz.two_rooms import journey

TRUTH = "the true equations, straight-line distance"
LONGEST, RAREST = 30, 10
"""Steps: of a plan, and from plan to plan."""
ACROSS = ((14.0, 50.0), (50.0, 42.0))
"""A start (x, y) in pixels and a goal in the other room."""
STUCK = ((22.0, 54.0), (42.0, 54.0))
"""A goal straight behind the wall: who goes around it is farther from it for a while."""
READER = ProbeTraining(hidden_dim=32, updates=1500)


class RoomsBoard(PageElement):
    """Set a goal in two rooms, then watch a planner travel: `RoomsBoard({"JEPA": jepa}, title=..., alt=...)`.

    The planner looks at a picture, imagines many plans by one of the searches of `wmcourse.planning`, follows the best
    for some steps, and looks again. It imagines with one of the `models` by their labels, and a future costs the sum of
    the distances of its embeddings to that of the goal's picture; or with the true equations, where it costs the
    straight-line distances. All of it is computed in the page, so every slider is alive; in a notebook the same script
    runs in the output of the cell.
    """

    kind = "rooms"
    hint = "Run the cell to set a goal, and to watch the planner."

    def __init__(
        self,
        models: Mapping[str, Any] | None = None,
        *,
        title: str,
        alt: str,
        imagine_with: str | None = None,
        probes: Mapping[str, nn.Module] | None = None,
        planner: str = "cem",
        samples: int = 128,
        horizon: int = 20,
        iterations: int = 3,
        plan_every: int = REPLAN_EVERY,
        start: tuple[float, float] = ACROSS[0],
        goal: tuple[float, float] = ACROSS[1],
        seed: int = 0,
    ) -> None:
        """Take loaded models of two rooms, such as `wmcourse.load("rooms-jepa")`, by the labels that a reader sees.

        Args:
            models: Whose state is an embedding; none for the true equations alone.
            title: What to find out.
            alt: The still picture, in words.
            imagine_with: The label that is chosen at first; by default the first model.
            probes: By the models' labels, what reads positions (x, y) in pixels off embeddings, to draw futures; for a
                model without one, `position_probe` trains it.
            planner: "cem", "mppi" or "shooting".
            samples: Plans of each iteration at first, 8 to 256.
            horizon: Steps of a plan, 3 to 30.
            iterations: Of a search, 1 to 6.
            plan_every: Steps from plan to plan, 1 to 10.
            start: Where the dot is at first, (x, y) in pixels from the upper left corner of 64x64.
            goal: Where it shall go.
            seed: Of everything that is drawn in the page.

        Raises:
            ValueError: a model was not loaded by name or is of another world, a label or planner is unknown, a number
                is out of range, a place is inside a wall, or the title or the alt is empty.
            CannotExport: a model or a probe needs what the page does not have.
        """
        self.models = dict(models or {})
        names = {label: named(model) for label, model in self.models.items()}
        for label, model in self.models.items():
            if not isinstance(model, JEPA) or model.action_dim != 2:
                raise ValueError(f"{label!r} must be a JEPA of two rooms, with actions of 2 numbers")
        labels = [*self.models, TRUTH]
        self.imagine_with = labels[0] if imagine_with is None else imagine_with
        if self.imagine_with not in labels or TRUTH in self.models or not set(probes or {}) <= set(self.models):
            raise ValueError(
                f"imagine_with={imagine_with!r} and the labels of probes must be among {labels}, the models' and the "
                "true equations'"
            )
        for name, place in (("start", start), ("goal", goal)):
            if len(place) != 2 or not bool(is_free(torch.tensor(place))):
                raise ValueError(f"{name}={place!r} is no place (x, y) on the floor")
        self.probes = {label: (probes or {}).get(label) or position_probe(each) for label, each in self.models.items()}
        self.start, self.goal, self.plan_every, self.seed = start, goal, plan_every, seed
        self.numbers = {"samples": samples, "horizon": horizon, "iterations": iterations}
        controls = search_controls(planner, longest=LONGEST, plan_every=plan_every, rarest=RAREST, **self.numbers)
        spec = {
            "truth": TRUTH,
            "models": [
                {"label": label, "model": name, "probe": page_probe(self.models[label], self.probes[label]).payload()}
                for label, name in names.items()
            ],
            "dream": labels.index(self.imagine_with),
            "planner": planner,
            "controls": described(controls),
            "own": own_numbers(PLANNERS),
            "start": list(start),
            "goal": list(goal),
            "stuck": [list(place) for place in STUCK],
            "seed": seed,
        }
        super().__init__(title=title, alt=alt, spec=spec)

    @cached_property
    def page_models(self) -> dict[str, PageModel]:
        """Each of them once."""
        return {named(model): page_model(model) for model in self.models.values()}

    @cached_property
    def still(self) -> bytes:
        """The way to the goal over a map of its distance, and the futures of the first search, as PNG."""
        return journey(
            self.models.get(self.imagine_with),
            self.probes.get(self.imagine_with),
            start=self.start,
            goal=self.goal,
            replan_every=self.plan_every,
            seed=self.seed,
            **self.numbers,
        )


def position_probe(model: JEPA, *, places: int = 2000, seed: int = 0) -> Probe:
    """What reads a dot's position (x, y) in pixels off the model's embeddings: a small network, in half precision."""
    generator = Generator().manual_seed(seed)
    positions: Tensor = free_positions(places, generator)
    probe = mlp_probe(embedded(model, positions, "plain", generator), positions, seed=seed, training=READER)
    round_to_half(probe)
    return probe
