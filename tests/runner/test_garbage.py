import gc
from collections.abc import Iterator

import pytest

from harness.runner.garbage import collecting


@pytest.fixture(params=[True, False])
def before(request: pytest.FixtureRequest) -> Iterator[bool]:
    was = gc.isenabled()
    wanted: bool = request.param
    with collecting(wanted):
        yield wanted
    assert gc.isenabled() == was


@pytest.mark.parametrize("wanted", [True, False])
def test_collects_as_wanted_and_as_before_afterwards(before: bool, wanted: bool) -> None:
    with collecting(wanted):
        assert gc.isenabled() is wanted
    assert gc.isenabled() is before


def test_restores_the_setting_after_an_error(before: bool) -> None:
    with pytest.raises(ValueError, match="stop"), collecting(not before):
        raise ValueError("stop")
    assert gc.isenabled() is before
