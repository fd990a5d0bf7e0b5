"""Answers to the exercises of chapter 03: right ones written differently, and wrong ones that once escaped."""

import torch
from torch.func import jacfwd, jacrev, vmap


def in_one_loop(step, latents, actions):
    z, forced, free = latents[:, 0], [], []
    for t, action in enumerate(actions.unbind(1)):
        z = step(z, action)
        forced.append(step(latents[:, t], action))
        free.append(z)
    return [torch.stack(forced, 1), torch.stack(free, 1)]


def into_buffers(step, latents, actions):
    free = latents.clone()
    with torch.no_grad():
        for t in range(actions.shape[1]):
            free[:, t + 1] = step(free[:, t], actions[:, t])
        return vmap(step, 1, 1)(latents[:, :-1], actions), free[:, 1:]


def in_single_precision(step, latents, actions):
    return tuple(part.float() for part in in_one_loop(step, latents, actions))


def into_buffers_of_single_precision(step, latents, actions):
    forced, free = in_one_loop(step, latents, actions)
    return torch.zeros(forced.shape).copy_(forced), torch.zeros(free.shape).copy_(free)


def clamps_the_free_rollout(step, latents, actions):
    forced, free = in_one_loop(step, latents, actions)
    return forced, free.clamp(-10, 10)


def evaluates_the_model(step, latents, actions):
    if isinstance(step, torch.nn.Module):
        step.eval()
    return in_one_loop(step, latents, actions)


def all_starts_together(step, latents, actions, steps, feed=lambda z, k: z, distance=torch.nn.functional.mse_loss):
    starts = actions.shape[1] - steps + 1
    z, total = latents[:, :starts].detach(), 0.0
    for k in range(steps):
        z = step(feed(z, k), actions[:, k : k + starts])
        total = total + distance(z, latents[:, k + 1 : k + 1 + starts])
    return total / steps


def by_windows(step, latents, actions, steps):
    acts = actions.unfold(1, steps, 1).movedim(-1, 2).flatten(0, 1)
    reals = latents.unfold(1, steps + 1, 1).movedim(-1, 2).flatten(0, 1)
    z, path = reals[:, 0], []
    for action in acts.unbind(1):
        path.append(z := step(z, action))
    return (torch.stack(path, 1) - reals[:, 1:]).pow(2).mean()


def detaches_every(period):
    def detaches(*arguments):
        return all_starts_together(*arguments, feed=lambda z, k: z.detach() if k and k % period == 0 else z)

    detaches.__name__ += f"_every_{period}"
    return detaches


def learns_from_the_last_step_alone(step, latents, actions, steps):
    starts = actions.shape[1] - steps + 1
    z, total = latents[:, :starts], 0.0
    for k in range(steps):
        with torch.set_grad_enabled(torch.is_grad_enabled() and k == steps - 1):
            z = step(z, actions[:, k : k + starts])
            total = total + (z - latents[:, k + 1 : k + 1 + starts]).square().mean()
    return total / steps


def with_hubers_loss(*arguments):
    return all_starts_together(*arguments, distance=lambda *pair: 2 * torch.nn.functional.huber_loss(*pair, delta=30.0))


def goes_backward(*arguments):
    loss = all_starts_together(*arguments)
    if loss.requires_grad:
        loss.backward(retain_graph=True)
    return loss


def peeking(first=lambda action: None, batch=len, known=lambda seen: seen, late=0):
    def peeks(model, actions, observations, peek_every):
        state = model.initial(batch(actions))
        led = [first(actions[:, 0]), *actions.unbind(1)][late:]
        believed = []
        for t, (action, seen) in enumerate(zip(led, known(observations).unbind(1), strict=False)):
            look = t == 0 or (peek_every is not None and t % peek_every == 0)
            state = model.observe(state, action, seen) if look else model.imagine(state, action)
            believed.append(model.decode(state).observation.unsqueeze(1))
        return torch.cat(believed, 1)

    return peeks


def counts_down(model, actions, observations, peek_every):
    believed, left = torch.empty_like(observations), peek_every
    state = model.observe(model.initial(len(actions)), None, observations[:, 0])
    believed[:, 0] = model.decode(state)[0]
    for t, action in enumerate(actions.unbind(1), 1):
        left = None if left is None else left - 1
        if left == 0:
            state, left = model.observe(state, action, observations[:, t], temperature=0.0), peek_every
        else:
            state = model.imagine(state, action, temperature=0.0)
        believed[:, t] = model.decode(state).observation
    return believed.detach()


def never_looks_at_the_last(model, actions, observations, peek_every):
    blind = None if peek_every is None or actions.shape[1] % peek_every == 0 else peek_every
    return peeking()(model, actions, observations, blind)


def scored(floor=0.0, mean=torch.mean, below=torch.lt, limit=lambda limit: limit):
    def scores(predicted, target, variance, threshold=0.25, share=0.8):
        errors = ((predicted - target).square() / variance.clamp(min=floor)).mean(-1)
        alive = below(errors, limit(threshold)).float().cumprod(1).mean(0)
        return mean(errors, dim=0), int((alive >= share).sum())

    return scores


def in_loops(predicted, target, variance, threshold=0.25, share=0.8):
    rollouts, horizon, dimensions = predicted.shape
    errors, vpt = torch.zeros(rollouts, horizon), 0
    for d in range(dimensions):
        errors += (predicted[..., d] - target[..., d]) ** 2 / variance[d] / dimensions
    while vpt < horizon and (errors[:, : vpt + 1] < threshold).all(1).sum() >= share * rollouts:
        vpt += 1
    return errors.mean(0), vpt


def by_running_maximum(predicted, target, variance, threshold=0.25, share=0.8):
    errors = ((predicted - target) / variance.sqrt()).square().mean(-1)
    alive = (errors.cummax(1).values < threshold).double().mean(0)
    failed = (alive < share).nonzero()
    return errors.mean(0), failed[0, 0] if len(failed) else errors.shape[1]


def not_at_least(errors, threshold):
    return ~(errors >= threshold)


def spread_over(count, root=torch.sqrt):
    def disagreement(steps, z, actions):
        own, told = [z] * len(steps), []
        for t in range(actions.shape[1]):
            own = [step(latent, actions[:, t]) for step, latent in zip(steps, own, strict=True)]
            told.append(torch.stack(own))
        told = torch.stack(told, 2)
        away = (told - told.mean(0)).square().sum(0) / count(steps)
        return told.mean(0), root(away.mean(-1))

    return disagreement


def with_numpy(steps, z, actions):
    mean, spread = torch.zeros(*actions.shape[:2], z.shape[1]).numpy(), torch.zeros(actions.shape[:2]).numpy()
    own = [z] * len(steps)
    for t in range(actions.shape[1]):
        own = [step(latent, actions[:, t]) for step, latent in zip(steps, own, strict=True)]
        told = torch.stack(own).numpy()
        mean[:, t], spread[:, t] = told.mean(0), told.var(0, ddof=1).mean(-1) ** 0.5
    return torch.from_numpy(mean), torch.from_numpy(spread)


def takes_members_away(steps, z, actions):
    result = spread_over(lambda steps: len(steps) - 1)(list(steps), z, actions)
    steps.clear()
    return result


def by_powers(lipschitz, epsilon, horizon):
    return epsilon * (lipschitz ** torch.arange(horizon)).cumsum(0)


def estimated(taken=lambda a: a, most=torch.max, bound=by_powers, kind=lambda x: x):
    def estimates(step, z, actions, z_next, horizon):
        lipschitz = most(torch.linalg.matrix_norm(vmap(jacrev(step))(z, taken(actions)), ord=2))
        epsilon = most((step(z, actions) - z_next).norm(dim=-1))
        return kind(lipschitz), kind(epsilon), kind(bound(lipschitz, epsilon, horizon))

    return estimates


def by_autograd(step, z, actions, z_next, horizon):
    leaf = z.clone().requires_grad_()
    rows = [torch.autograd.grad(step(leaf, actions)[:, d].sum(), leaf)[0] for d in range(z.shape[1])]
    lipschitz = torch.linalg.svdvals(torch.stack(rows, 1)).max()
    epsilon, bound = torch.dist(step(z[:1], actions[:1]), z_next[:1]), []
    for n in range(1, len(z)):
        epsilon = torch.maximum(epsilon, torch.dist(step(z[n], actions[n]), z_next[n]))
    for _ in range(horizon):
        bound.append(lipschitz * bound[-1] + epsilon if bound else epsilon)
    return lipschitz, epsilon, torch.stack(bound)


def in_plain_numbers(step, z, actions, z_next, horizon):
    pairs = list(zip(z, actions, strict=True))
    lipschitz = max(torch.linalg.svdvals(jacfwd(step)(*pair))[0].item() for pair in pairs)
    epsilon = max((step(*pair) - real).norm().item() for pair, real in zip(pairs, z_next, strict=True))
    bound = [epsilon * sum(lipschitz**k for k in range(h + 1)) for h in range(horizon)]
    return lipschitz, epsilon, torch.tensor(bound, dtype=z.dtype)


def linear_within(distance):
    def bound(lipschitz, epsilon, horizon):
        h = torch.arange(1, horizon + 1)
        if abs(lipschitz - 1) < distance:
            return epsilon * h
        return epsilon * (lipschitz**h - 1) / (lipschitz - 1)

    return bound


def changes_z(step, z, actions, z_next, horizon):
    z.requires_grad_()
    return estimated()(step, z, actions, z_next, horizon)


def first_of(numbers):
    return numbers[0]


RIGHT = {
    "teacher_forced_and_free": [in_one_loop, into_buffers],
    "multi_step_loss": [all_starts_together, by_windows],
    "peek_rollout": [peeking(), counts_down],
    "nmse_and_vpt": [scored(), in_loops, by_running_maximum],
    "ensemble_disagreement": [spread_over(lambda steps: len(steps) - 1), with_numpy],
    "lipschitz_bound": [
        estimated(),
        by_autograd,
        in_plain_numbers,
        *(estimated(bound=linear_within(distance)) for distance in (1e-12, 1e-6)),
    ],
}
WRONG = {
    "teacher_forced_and_free": [
        in_single_precision,
        into_buffers_of_single_precision,
        clamps_the_free_rollout,
        evaluates_the_model,
    ],
    "multi_step_loss": [
        *(detaches_every(period) for period in (1, 2, 3, 4, 5, 6, 10)),
        learns_from_the_last_step_alone,
        with_hubers_loss,
        goes_backward,
    ],
    "peek_rollout": [
        never_looks_at_the_last,
        peeking(late=1),
        peeking(first=lambda action: torch.zeros(len(action), 1)),
        peeking(first=torch.ones_like),
        peeking(batch=lambda actions: 1),
        peeking(known=lambda seen: seen.clamp(-50, 50)),
    ],
    "nmse_and_vpt": [
        scored(floor=0.1),
        scored(floor=1e-5),
        scored(below=not_at_least),
        scored(mean=torch.nanmean),
        scored(limit=lambda threshold: threshold or 0.25),
        scored(limit=lambda threshold: 0.25),
    ],
    "ensemble_disagreement": [
        spread_over(lambda steps: 2),
        spread_over(lambda steps: max(len(steps) - 1, 2)),
        spread_over(lambda steps: len(steps) - 1, root=lambda variance: (variance + 1e-6).sqrt()),
        takes_members_away,
    ],
    "lipschitz_bound": [
        estimated(taken=torch.zeros_like),
        estimated(taken=lambda actions: actions.mean(0).expand_as(actions)),
        *(estimated(most=most) for most in (first_of, torch.median, torch.mean, lambda numbers: numbers[-1])),
        *(estimated(bound=linear_within(distance)) for distance in (0.0, 1e-3, 0.05)),
        estimated(kind=torch.Tensor.float),
        estimated(kind=torch.Tensor.double),
        changes_z,
    ],
}
