"""The critic answers in points, whatever its unit."""

import torch

from wmcourse.agents.critic import Critic


def test_the_value_is_the_networks_answer_in_its_unit() -> None:
    critic, features = Critic(6, 8, scale=100.0), torch.randn(3, 2, 6)
    torch.testing.assert_close(critic(features), 100.0 * critic.net(features)[..., 0])
    assert critic(features).shape == (3, 2)


def test_a_unit_of_the_targets_size_learns_them_sooner() -> None:
    said = {}
    for scale in (1.0, 100.0):
        torch.manual_seed(0)
        critic = Critic(6, 32, scale=scale)
        optimizer = torch.optim.Adam(critic.parameters(), lr=1e-3)
        for _ in range(100):
            error = (critic(torch.randn(64, 6)) - 100.0) / scale
            optimizer.zero_grad()
            error.square().mean().backward()
            optimizer.step()
        said[scale] = critic(torch.randn(500, 6)).mean().item()
    assert abs(said[100.0] - 100.0) < 10.0
    assert said[1.0] < 50.0
