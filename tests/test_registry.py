import pytest

from harness import registry


@pytest.mark.parametrize("folder", registry.PACKAGES)
def test_every_folder_holds_things_and_no_private_files(folder: str) -> None:
    names = registry.names(folder)
    assert names
    assert list(names) == sorted(names)
    assert not [name for name in names if name.startswith(("_", "-"))]


@pytest.mark.parametrize("folder", sorted(set(registry.PACKAGES) - {"personas", "reviews", "strategies"}))
def test_everything_found_can_be_imported_and_describes_itself(folder: str) -> None:
    for name in registry.names(folder):
        assert registry.find(folder, name).SUMMARY


@pytest.mark.parametrize("name", ["nothing", "", "__init__", "../cli/run", "os"])
def test_what_is_not_there_is_a_key_error(name: str) -> None:
    with pytest.raises(KeyError):
        registry.find("modes", name)
