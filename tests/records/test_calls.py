import pytest

from harness.records.calls import Price


def test_a_price_is_for_a_million_tokens() -> None:
    assert Price(input=2, output=10).cost(1_000_000, 500_000) == pytest.approx(7.0)
    assert Price(input=0, output=0).cost(10, 10) == 0.0
