"""Every checker of chapter 9: the right answer passes, the stub passes through, plausible mistakes are named."""

import re
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F

from wmcourse.checks import dreamer as check
from wmcourse.checks.check import CheckFailed
from wmcourse.models.protocol import map_state

SOURCE = Path(__file__).parents[2] / "sources" / "solutions" / "09_dreamer.md"
EXERCISES = {
    "9.1": "continue_target",
    "9.2": "lambda_return",
    "9.3": "imagine_ahead",
    "9.4": "update_slow",
    "9.5": "straight_through_sample",
}


# 9.1 ------------------------------------------------------------------------------------------------------------------

WRONG_TARGETS = {
    "truncation is terminal": (lambda term, trunc: 1.0 - (term | trunc).float(), "truncation is not termination"),
    "inverted": (lambda term, trunc: term.float(), "inverted"),
    "always one": (lambda term, trunc: torch.ones(term.shape), "ends of episodes are missing"),
    "wrong flag": (lambda term, trunc: 1.0 - trunc.float(), "flags are swapped"),
    "truncation wins": (lambda term, trunc: 1.0 - (term & ~trunc).float(), "does not undo a termination"),
    "boolean": (lambda term, trunc: ~term, "dtype torch.bool"),
    "double": (lambda term, trunc: 1.0 - term.double(), "float32"),
    "bool arithmetic": (lambda term, trunc: 1 - term, "RuntimeError"),
    "one number": (lambda term, trunc: 1.0 - term.any(1).float(), r"shape \(3, 4\)"),
}


@pytest.mark.parametrize("name", WRONG_TARGETS)
def test_continue_target_names_the_mistake(name: str) -> None:
    wrong, message = WRONG_TARGETS[name]
    with pytest.raises(CheckFailed, match=message):
        check.continue_target(wrong)


# 9.2 ------------------------------------------------------------------------------------------------------------------


def recursion(
    reward, continues, value, discount, lambda_, *, last=None, value_of=lambda value, t: value[:, t + 1], blend=None
):
    following = value[:, -1] if last is None else last
    targets = []
    for t in reversed(range(reward.shape[1])):
        mixed = (1 - lambda_) * value_of(value, t) + lambda_ * following
        following = reward[:, t] + discount * continues[:, t] * mixed if blend is None else blend(t, mixed)
        targets.insert(0, following)
    return torch.stack(targets, 1)


def without_continues(reward, continues, value, discount, lambda_):
    return recursion(reward, torch.ones_like(continues), value, discount, lambda_)


def swapped_lambda(reward, continues, value, discount, lambda_):
    return recursion(reward, continues, value, discount, 1 - lambda_)


def without_bootstrap(reward, continues, value, discount, lambda_):
    padded = torch.cat([value[:, :-1], torch.zeros(len(value), 1)], 1)
    return recursion(reward, continues, padded, discount, lambda_)


def one_step_late(reward, continues, value, discount, lambda_):
    return recursion(reward, continues, value, discount, lambda_, value_of=lambda value, t: value[:, t])


def without_discount(reward, continues, value, discount, lambda_):
    return recursion(reward, continues, value, 1.0, lambda_)


def monte_carlo(reward, continues, value, discount, lambda_):
    return recursion(reward, continues, value, discount, 1.0)


def one_step(reward, continues, value, discount, lambda_):
    return reward + discount * continues * value[:, 1:]


def discounted_reward(reward, continues, value, discount, lambda_):
    return recursion(
        reward, continues, value, discount, lambda_, blend=lambda t, m: discount * (reward[:, t] + continues[:, t] * m)
    )


def gated_reward(reward, continues, value, discount, lambda_):
    return recursion(
        reward, continues, value, discount, lambda_, blend=lambda t, m: continues[:, t] * (reward[:, t] + discount * m)
    )


def backward_order(reward, continues, value, discount, lambda_):
    return recursion(reward, continues, value, discount, lambda_).flip(1)


def hard_coded(reward, continues, value, discount, lambda_):
    return recursion(reward, continues, value, 0.9, 0.7)


def with_last_value(reward, continues, value, discount, lambda_):
    return torch.cat([recursion(reward, continues, value, discount, lambda_), value[:, -1:]], 1)


def time_first(reward, continues, value, discount, lambda_):
    return recursion(reward, continues, value, discount, lambda_).T


def detached(reward, continues, value, discount, lambda_):
    return recursion(reward, continues, value, discount, lambda_).detach()


def detached_values(reward, continues, value, discount, lambda_):
    return recursion(reward, continues, value.detach(), discount, lambda_)


def overwriting(reward, continues, value, discount, lambda_):
    for t in reversed(range(reward.shape[1])):
        following = value[:, -1] if t == reward.shape[1] - 1 else reward[:, t + 1]
        reward[:, t] += discount * continues[:, t] * ((1 - lambda_) * value[:, t + 1] + lambda_ * following)
    return reward


WRONG_RETURNS = {
    without_continues: "continues are missing",
    swapped_lambda: "λ and 1-λ are swapped",
    without_bootstrap: "no bootstrap",
    one_step_late: "off by one",
    without_discount: "discount is missing",
    monte_carlo: "plain discounted sum",
    one_step: "one-step target",
    discounted_reward: "reward is discounted too",
    gated_reward: "multiplied by its own continue",
    backward_order: "order of time is reversed",
    hard_coded: "hard-coded",
    with_last_value: "one return too many",
    time_first: "dim=1",
    detached: "cuts the gradient",
    detached_values: "no gradient for the values",
    overwriting: "do not write into these",
}


@pytest.mark.parametrize("wrong", WRONG_RETURNS, ids=lambda wrong: wrong.__name__)
def test_lambda_return_names_the_mistake(wrong: Any) -> None:
    with pytest.raises(CheckFailed, match=WRONG_RETURNS[wrong]):
        check.lambda_return(wrong)


# 9.3 ------------------------------------------------------------------------------------------------------------------


def stack(states, dim=1):
    return map_state(lambda *fields: torch.stack(fields, dim=dim), *states)


def dream(model, state, policy, horizon):
    states, actions = [state], []
    for _ in range(horizon):
        actions.append(policy(states[-1]))
        states.append(model.imagine(states[-1], actions[-1]))
    return states, actions


def looks_at_reality(model, state, policy, horizon):
    action = policy(state)
    return model.observe(state, action, model.decode(state).observation)


def starts_afresh(model, state, policy, horizon):
    return dream(model, model.initial(3), policy, horizon)


def asks_once(model, state, policy, horizon):
    action, states = policy(state), [state]
    for _ in range(horizon):
        states.append(model.imagine(states[-1], action))
    return stack(states), torch.stack([action] * horizon, 1)


def never_advances(model, state, policy, horizon):
    states, actions = [state], []
    for _ in range(horizon):
        actions.append(policy(state))
        states.append(model.imagine(state, actions[-1]))
    return stack(states), torch.stack(actions, 1)


def forgets_the_result(model, state, policy, horizon):
    states, actions = [state], []
    for _ in range(horizon):
        actions.append(policy(state))
        model.imagine(state, actions[-1])
        states.append(state)
    return stack(states), torch.stack(actions, 1)


def ignores_actions(model, state, policy, horizon):
    states, actions = [state], []
    for _ in range(horizon):
        actions.append(policy(states[-1]))
        states.append(model.imagine(states[-1], torch.zeros(3, 2)))
    return stack(states), torch.stack(actions, 1)


def without_start(model, state, policy, horizon):
    states, actions = dream(model, state, policy, horizon)
    return stack(states[1:]), torch.stack(actions, 1)


def stacks_time_first(model, state, policy, horizon):
    states, actions = dream(model, state, policy, horizon)
    return stack(states, dim=0), torch.stack(actions, 0)


def actions_time_first(model, state, policy, horizon):
    states, actions = dream(model, state, policy, horizon)
    return stack(states), torch.stack(actions, 0)


def only_the_last(model, state, policy, horizon):
    states, actions = dream(model, state, policy, horizon)
    return states[-1], torch.stack(actions, 1)


def one_too_many(model, state, policy, horizon):
    states, actions = dream(model, state, policy, horizon + 1)
    return stack(states), torch.stack(actions, 1)


def one_action_too_many(model, state, policy, horizon):
    states, actions = dream(model, state, policy, horizon)
    return stack(states), torch.stack([*actions, policy(states[-1])], 1)


def actions_one_late(model, state, policy, horizon):
    states, _ = dream(model, state, policy, horizon)
    return stack(states), torch.stack([policy(later) for later in states[1:]], 1)


def without_gradient(model, state, policy, horizon):
    with torch.no_grad():
        states, actions = dream(model, state, policy, horizon)
    return stack(states), torch.stack(actions, 1)


def detaches_between_steps(model, state, policy, horizon):
    states, actions = [state], []
    for _ in range(horizon):
        actions.append(policy(states[-1]))
        states.append(model.imagine(map_state(torch.detach, states[-1]), actions[-1]))
    return stack(states), torch.stack(actions, 1)


def takes_the_mean(model, state, policy, horizon):
    return model.imagine(state, policy(state), temperature=0.0)


def policy_on_observations(model, state, policy, horizon):
    return policy(model.decode(state).observation)


def swaps_arguments(model, state, policy, horizon):
    return model.imagine(policy(state), state)


def lists(model, state, policy, horizon):
    return dream(model, state, policy, horizon)


def list_of_actions(model, state, policy, horizon):
    states, actions = dream(model, state, policy, horizon)
    return stack(states), actions


def states_alone(model, state, policy, horizon):
    return stack(dream(model, state, policy, horizon)[0])


def plain_tuple(model, state, policy, horizon):
    states, actions = dream(model, state, policy, horizon)
    return tuple(stack(states)), torch.stack(actions, 1)


WRONG_DREAMS = {
    looks_at_reality: "never sees a real observation",
    starts_afresh: "start is an argument",
    asks_once: "asked once",
    never_advances: "feed the imagined state to the next step",
    forgets_the_result: "keep what model.imagine returns",
    ignores_actions: "actions have no effect",
    without_start: "the start is missing",
    stacks_time_first: "batch first, then time",
    actions_time_first: "batch first, then time",
    only_the_last: "the last state alone",
    one_too_many: "one imagined step too many",
    one_action_too_many: "one action too many",
    actions_one_late: "one step late",
    without_gradient: "graph was cut",
    detaches_between_steps: "graph was cut",
    takes_the_mean: "temperature=0.0",
    policy_on_observations: "acts on the belief itself",
    swaps_arguments: "action handed to model.imagine",
    lists: "stack the list field by field",
    list_of_actions: "torch.stack",
    states_alone: "the states alone",
    plain_tuple: "map_state keeps a state's type",
}


@pytest.mark.parametrize("wrong", WRONG_DREAMS, ids=lambda wrong: wrong.__name__)
def test_imagine_ahead_names_the_mistake(wrong: Any) -> None:
    with pytest.raises(CheckFailed, match=WRONG_DREAMS[wrong]):
        check.imagine_ahead(wrong)


# 9.4 ------------------------------------------------------------------------------------------------------------------


def pairs(slow, critic):
    return zip(slow.parameters(), critic.parameters(), strict=True)


@torch.no_grad()
def wrong_way_round(slow, critic, mix):
    for old, new in pairs(slow, critic):
        old.copy_(mix * old + (1 - mix) * new)


@torch.no_grad()
def copies(slow, critic, mix):
    slow.load_state_dict(critic.state_dict())


def rebinds(slow, critic, mix):
    for old, new in pairs(slow, critic):
        old = (1 - mix) * old + mix * new


@torch.no_grad()
def forgets_biases(slow, critic, mix):
    for old, new in pairs(slow, critic):
        if old.dim() > 1:
            old.lerp_(new, mix)


@torch.no_grad()
def first_only(slow, critic, mix):
    next(slow.parameters()).lerp_(next(critic.parameters()), mix)


@torch.no_grad()
def only_adds(slow, critic, mix):
    for old, new in pairs(slow, critic):
        old.add_(mix * new)


@torch.no_grad()
def only_shrinks(slow, critic, mix):
    for old in slow.parameters():
        old.mul_(1 - mix)


@torch.no_grad()
def flees(slow, critic, mix):
    for old, new in pairs(slow, critic):
        old.add_(mix * (old - new))


def with_gradient(slow, critic, mix):
    for old, new in pairs(slow, critic):
        old.mul_(1 - mix).add_(mix * new)


@torch.no_grad()
def moves_the_critic(slow, critic, mix):
    for old, new in pairs(slow, critic):
        new.lerp_(old, mix)


@torch.no_grad()
def replaces(slow, critic, mix):
    for layer, other in zip(slow, critic, strict=True):
        if hasattr(layer, "weight"):
            layer.weight = torch.nn.Parameter((1 - mix) * layer.weight + mix * other.weight)


@torch.no_grad()
def hard_coded_mix(slow, critic, mix):
    for old, new in pairs(slow, critic):
        old.lerp_(new, 0.25)


def shares_memory(slow, critic, mix):
    for old, new in pairs(slow, critic):
        new.data = (old.data + mix * (new.data - old.data)) if mix == 2.0 else new.data
        old.data = new.data


def needs_a_frozen_slow(slow, critic, mix):
    for old, new in pairs(slow, critic):
        old.mul_(1 - mix).add_(mix * new.detach())


@torch.no_grad()
def freezes(slow, critic, mix):
    for old, new in pairs(slow, critic):
        old.lerp_(new, mix)
    slow.requires_grad_(False)


WRONG_UPDATES = {
    wrong_way_round: "wrong way round",
    copies: "slow became the critic",
    rebinds: "binds a new name",
    forgets_biases: "biases are left behind",
    first_only: "only the first parameter",
    only_adds: "the sum grows",
    only_shrinks: "slow fades away",
    flees: "moves away from the critic",
    with_gradient: "no_grad",
    moves_the_critic: "a changed critic",
    replaces: "in place",
    hard_coded_mix: "hard-coded",
    shares_memory: "slow became the critic",
    needs_a_frozen_slow: "no_grad",
    freezes: "requires_grad as it was",
}


@pytest.mark.parametrize("wrong", WRONG_UPDATES, ids=lambda wrong: wrong.__name__)
def test_update_slow_names_the_mistake(wrong: Any) -> None:
    with pytest.raises(CheckFailed, match=WRONG_UPDATES[wrong]):
        check.update_slow(wrong)


# 9.5 ------------------------------------------------------------------------------------------------------------------


def draw(probabilities, generator):
    index = torch.multinomial(probabilities.detach(), 1, generator=generator).squeeze(-1)
    return F.one_hot(index, probabilities.shape[-1]).float()


def attach(one_hot, probabilities):
    return one_hot + (probabilities - probabilities.detach())


def takes_the_mode(logits, generator=None):
    probabilities = logits.softmax(-1)
    return attach(F.one_hot(probabilities.argmax(-1), logits.shape[-1]).float(), probabilities)


def draws_uniformly(logits, generator=None):
    return attach(draw(torch.ones_like(logits), generator), logits.softmax(-1))


def softmax_twice(logits, generator=None):
    return attach(draw(logits.softmax(-1).softmax(-1), generator), logits.softmax(-1))


def one_for_all(logits, generator=None):
    probabilities = logits.softmax(-1)
    return attach(draw(probabilities[1:2], generator).expand_as(logits), probabilities)


def soft(logits, generator=None):
    return logits.softmax(-1)


def gumbel_softmax(logits, generator=None):
    noise = -torch.log(-torch.log(torch.rand(logits.shape, generator=generator)))
    return ((logits + noise) / 0.1).softmax(-1)


def rounds(logits, generator=None):
    probabilities = logits.softmax(-1)
    return draw(probabilities, generator) + probabilities - probabilities.detach()


def without_any_gradient(logits, generator=None):
    return draw(logits.softmax(-1), generator)


def through_logits(logits, generator=None):
    return attach(draw(logits.softmax(-1), generator), logits)


def through_log_probabilities(logits, generator=None):
    return attach(draw(logits.softmax(-1), generator), logits.log_softmax(-1))


def masks(logits, generator=None):
    probabilities = logits.softmax(-1)
    one_hot = draw(probabilities, generator)
    return one_hot + one_hot * (probabilities - probabilities.detach())


def wrong_sign(logits, generator=None):
    probabilities = logits.softmax(-1)
    return draw(probabilities, generator) + (probabilities.detach() - probabilities)


def ignores_the_generator(logits, generator=None):
    return attach(draw(logits.softmax(-1), None), logits.softmax(-1))


def draws_from_logits(logits, generator=None):
    return attach(draw(logits - 10, generator), logits.softmax(-1))


def indices(logits, generator=None):
    return torch.multinomial(logits.softmax(-1), 1, generator=generator)


def wrong_axis(logits, generator=None):
    return attach(draw(logits.softmax(0) * 0 + 1 / 3, generator), logits.softmax(-1))


def detours_through_numpy(logits, generator=None):
    return torch.from_numpy(logits.requires_grad_(True).numpy())


def needs_a_generator(logits, generator):
    return attach(draw(logits.softmax(-1), generator), logits.softmax(-1))


WRONG_SAMPLES = {
    takes_the_mode: "argmax is not sampling",
    draws_uniformly: "draws are uniform",
    softmax_twice: "softmax was applied twice",
    one_for_all: "shared by the whole batch",
    soft: "forward value must be the hard sample",
    gumbel_softmax: "forward value must be the hard sample",
    rounds: "rounding",
    without_any_gradient: "a sample has no gradient of its own",
    through_logits: "gradient of the logits themselves",
    through_log_probabilities: "gradient of the log-probabilities",
    masks: "only the drawn class has a gradient",
    wrong_sign: "sign is wrong",
    ignores_the_generator: "do not depend on the generator",
    draws_from_logits: "logits are not probabilities",
    indices: "indices of classes",
    wrong_axis: "draws are uniform",
    detours_through_numpy: "stay in torch",
    needs_a_generator: "keep the arguments of the stub",
}


@pytest.mark.parametrize("wrong", WRONG_SAMPLES, ids=lambda wrong: wrong.__name__)
def test_straight_through_sample_names_the_mistake(wrong: Any) -> None:
    with pytest.raises(CheckFailed, match=WRONG_SAMPLES[wrong]):
        check.straight_through_sample(wrong)


# All five -------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def answers() -> dict[str, dict[str, Any]]:
    """The functions of the notebook that ships, solved and stripped."""
    from products import read_source, strip_solutions

    solved = read_source(SOURCE)
    found: dict[str, dict[str, Any]] = {}
    for kind, notebook in (("solved", solved), ("stub", strip_solutions(solved))):
        found[kind] = {}
        for cell in notebook.cells:
            if cell.cell_type == "code" and not any(tag.startswith("check-") for tag in cell.metadata.get("tags", [])):
                exec(cell.source, found[kind])
    return found


@pytest.mark.parametrize(("number", "name"), EXERCISES.items())
def test_the_shipped_solution_is_right_and_says_so_in_one_line(answers, capsys, number: str, name: str) -> None:
    getattr(check, name)(answers["solved"][name])
    assert capsys.readouterr().out == f"Exercise {number} is right: {name}\n"


@pytest.mark.parametrize(("number", "name"), EXERCISES.items())
def test_the_stub_is_not_started_rather_than_wrong(answers, capsys, number: str, name: str) -> None:
    with pytest.raises(NotImplementedError, match=re.escape(f"Exercise {number}")):
        getattr(check, name)(answers["stub"][name])
    assert capsys.readouterr().out == ""


def test_another_recipe_for_the_same_sample_is_right_too() -> None:
    def gumbel_max(logits, generator=None):
        noise = -torch.log(-torch.log(torch.rand(logits.shape, generator=generator).clamp(1e-9, 1 - 1e-7)))
        one_hot = F.one_hot((logits + noise).argmax(-1), logits.shape[-1]).float()
        probabilities = logits.softmax(-1)
        return one_hot.detach() + (probabilities - probabilities.detach())

    check.straight_through_sample(gumbel_max)


def test_in_place_arithmetic_on_data_is_right_too() -> None:
    def on_data(slow, critic, mix):
        for old, new in pairs(slow, critic):
            old.data.mul_(1 - mix).add_(mix * new.data)

    check.update_slow(on_data)


@pytest.mark.parametrize("name", EXERCISES.values())
@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (lambda *_, **__: "seven", "got: +str 'seven'"),
        (lambda *_, **__: torch.zeros(7, 7), r"got: "),
        (lambda *_, **__: 1 / 0, "ZeroDivisionError"),
        (lambda: None, "keep the arguments of the stub"),
        (torch.zeros(3), "without calling it"),
        (None, "without calling it"),
    ],
    ids=["string", "shape", "error", "arguments", "called", "none"],
)
def test_whatever_comes_back_the_message_says_what_came(name: str, answer: Any, message: str) -> None:
    if name == "update_slow" and "got:" in message:
        message = "binds a new name"  # it returns nothing that could be looked at
    with pytest.raises(CheckFailed, match=message):
        getattr(check, name)(answer)


@pytest.mark.parametrize("name", [name for name in EXERCISES.values() if name != "update_slow"])
def test_a_forgotten_return_is_named(name: str) -> None:
    with pytest.raises(CheckFailed, match="no return statement"):
        getattr(check, name)(lambda *_, **__: None)


def test_a_not_implemented_error_that_is_no_stub_is_wrong() -> None:
    def answer(terminated, truncated):
        raise NotImplementedError("later")

    with pytest.raises(CheckFailed, match="NotImplementedError: later"):
        check.continue_target(answer)


def test_an_error_names_the_line_of_the_answer_it_came_from() -> None:
    def answer(terminated, truncated):
        return terminated + "1"

    with pytest.raises(CheckFailed, match=r"TypeError: .* at `return terminated \+ \"1\"`"):
        check.continue_target(answer)


def test_a_notebook_shows_the_message_without_a_traceback() -> None:
    with pytest.raises(CheckFailed) as caught:
        check.continue_target(lambda terminated, truncated: terminated.float())
    assert caught.value._render_traceback_() == [f"Not right yet.\n{caught.value}"]


def test_checkers_leave_the_random_state_alone() -> None:
    before = torch.random.get_rng_state()
    for name in EXERCISES.values():
        with pytest.raises(CheckFailed):
            getattr(check, name)(lambda *_, **__: 0)
    assert torch.equal(before, torch.random.get_rng_state())


def test_oracles_are_independent_of_the_package() -> None:
    allowed = ("wmcourse.checks.", "wmcourse.models.protocol", "wmcourse.errors")
    for file in Path(check.__file__).parent.glob("*.py"):
        for module in re.findall(r"^\s*(?:from|import) (wmcourse[\w.]*)", file.read_text(), re.MULTILINE):
            assert module.startswith(allowed), f"{file.name} imports {module}"
