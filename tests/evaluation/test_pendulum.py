"""The scale on which planners are measured has its two ends where it says."""

from wmcourse.evaluation.pendulum import reference_returns, share_of_oracle


def test_chance_is_0_and_the_oracle_is_1():
    for kind, share in (("random", 0.0), ("oracle", 1.0)):
        assert share_of_oracle(reference_returns(kind, episodes=2, seed=5), seed=5).value == share


def test_halfway_is_a_half():
    chance, oracle = (reference_returns(kind, episodes=2, seed=5) for kind in ("random", "oracle"))
    assert abs(share_of_oracle((chance + oracle) / 2, seed=5).value - 0.5) < 1e-6
    assert chance.mean() < -600 < -500 < oracle.mean()
