"""Exercise 9.3: a dream."""

from torch import Tensor

from wmcourse.chapters.dreamer.exercises.dream_path import Act, detached, dream, joined, path
from wmcourse.chapters.dreamer.exercises.dream_world import Belief, World, starts
from wmcourse.exercises import Exercise

EACH_FIELD = "stack field by field: map_state(lambda *fields: torch.stack(fields, dim=1), *states)"
imagine_ahead = Exercise(
    "9.3",
    lambda **case: joined(*dream(**case)),
    starts,
    returns=("states", "actions"),
    advice={
        "stack() takes": f"torch.stack takes one list; {EACH_FIELD}",
        "expected Tensor as element": EACH_FIELD,
        "permute": f"a field may have any number of axes; {EACH_FIELD}",
        'missing the required "forward"': "the model is no function: model.imagine(state, action)",
    },
)


@imagine_ahead.mistake("the policy was asked once, in the start: ask it again in each imagined state")
def _asked_once(model: World, state: Belief, policy: Act, horizon: int) -> tuple[Belief, Tensor]:
    action = policy(state)
    return joined(*path(state, horizon, lambda now: (action, model.imagine(now, action))))


@imagine_ahead.mistake("every step starts from the start: feed the imagined state to the next step")
def _from_the_start(model: World, state: Belief, policy: Act, horizon: int) -> tuple[Belief, Tensor]:
    return joined(*path(state, horizon, lambda _: (action := policy(state), model.imagine(state, action))))


@imagine_ahead.mistake("the state never changes: keep what model.imagine returns")
def _unmoved(model: World, state: Belief, policy: Act, horizon: int) -> tuple[Belief, Tensor]:
    actions = dream(model, state, lambda _: policy(state), horizon)[1]
    return joined([state] * (horizon + 1), actions)


@imagine_ahead.mistake("a policy may draw its actions: ask it once in each state, keep that action and imagine with it")
def _asked_twice(model: World, state: Belief, policy: Act, horizon: int) -> tuple[Belief, Tensor]:
    return joined(*path(state, horizon, lambda now: (policy(now), model.imagine(now, policy(now)))))


@imagine_ahead.mistake("the policy is asked again after the dream: return the actions that led through it")
def _asked_afterwards(model: World, state: Belief, policy: Act, horizon: int) -> tuple[Belief, Tensor]:
    states, _ = dream(model, state, policy, horizon)
    return joined(states, [policy(now) for now in states[:-1]])


@imagine_ahead.mistake("actions one step late: actions[:, t] is what the policy does in states[:, t]")
def _late(model: World, state: Belief, policy: Act, horizon: int) -> tuple[Belief, Tensor]:
    states, _ = dream(model, state, policy, horizon)
    return joined(states, [policy(now) for now in states[1:]])


@imagine_ahead.mistake("one action too many: H steps need H actions, none is taken in the last state")
def _one_more(model: World, state: Belief, policy: Act, horizon: int) -> tuple[Belief, Tensor]:
    states, actions = dream(model, state, policy, horizon)
    return joined(states, [*actions, policy(states[-1])])


@imagine_ahead.mistake("the start is missing: the states begin with it, then come the H imagined ones")
def _startless(model: World, state: Belief, policy: Act, horizon: int) -> tuple[Belief, Tensor]:
    states, actions = dream(model, state, policy, horizon)
    return joined(states[1:], actions)


@imagine_ahead.mistake("the start is detached: leave that to the caller, who may want its gradient")
def _detached_start(model: World, state: Belief, policy: Act, horizon: int) -> tuple[Belief, Tensor]:
    return joined(*dream(model, detached(state), policy, horizon))


@imagine_ahead.mistake("each imagined state is detached: the actor learns from the gradient through the whole dream")
def _detached_steps(model: World, state: Belief, policy: Act, horizon: int) -> tuple[Belief, Tensor]:
    return joined(*path(state, horizon, lambda now: (action := policy(now), detached(model.imagine(now, action)))))


@imagine_ahead.mistake("the policy is asked in detached states: the gradient flows back through them as well")
def _blind_policy(model: World, state: Belief, policy: Act, horizon: int) -> tuple[Belief, Tensor]:
    return joined(*dream(model, state, lambda now: policy(detached(now)), horizon))


@imagine_ahead.mistake("the wrong way round: return states, actions")
def _other_way_round(model: World, state: Belief, policy: Act, horizon: int) -> tuple[Tensor, Belief]:
    states, actions = joined(*dream(model, state, policy, horizon))
    return actions, states
