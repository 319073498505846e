import pytest

from harness.records.calls import Model, Price, any_simulated


def test_a_price_is_for_a_million_tokens() -> None:
    assert Price(input=2, output=10).cost(1_000_000, 500_000) == pytest.approx(7.0)
    assert Price(input=0, output=0).cost(10, 10) == 0.0


def test_cached_prompt_tokens_have_a_price_of_their_own() -> None:
    price = Price(input=1, output=10, cached_input=0.1)
    assert price.cost(1_000_000, 10, 900_000) == pytest.approx(0.1 + 0.09 + 0.0001)
    assert Price(input=1, output=10).cost(1_000_000, 10, 900_000) == pytest.approx(1.0001)
    assert Price(input=1, output=10, cached_input=0).cost(1_000_000, 0, 1_000_000) == pytest.approx(0)


@pytest.mark.parametrize(
    ("providers", "expected"),
    [
        ((), False),
        (("openai",), False),
        (("openai", "simulated"), True),
        (("simulated", "openai"), True),
        (("simulated", "simulated"), True),
    ],
)
def test_one_simulated_model_makes_a_group_of_models_simulated(providers: tuple[str, ...], expected: bool):
    assert any_simulated(Model(str(at), provider, "m") for at, provider in enumerate(providers)) is expected


def test_the_price_of_batches_is_a_factor_or_prices_of_their_own():
    assert Price(2, 8).in_batches() == Price(2, 8)
    assert Price(2, 8, 1, batch=0.5).in_batches() == Price(1, 4, 0.5)
    assert Price(2, 8, batch=0.25).in_batches() == Price(0.5, 2)
    assert Price(2, 8, batch={"input": 1.5, "output": 3}).in_batches() == Price(1.5, 3)
