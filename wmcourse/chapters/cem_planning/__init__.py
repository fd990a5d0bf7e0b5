"""Chapter 12: planning with CEM, and with what else searches a model for a good plan."""

from wmcourse.chapter import Chapter

CHAPTER = Chapter(
    number=12,
    topic="cem_planning",
    title="Planning with CEM",
    part="IV Plan",
    summary="Search the model for a good plan when it is needed, and see the search exploit it.",
    recipes=("pendulum-ensemble", "pendulum-network", "pendulum-early"),
    studies=("pendulum-planners", "pendulum-exploitation", "cartpole-planning"),
    exercises=(
        "random_shooting",
        "cem_update",
        "categorical_update",
        "mppi_update",
        "receding_horizon",
        "pessimistic_choice",
    ),
)
