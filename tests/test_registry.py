import re
import shutil
import sys
from importlib.machinery import PathFinder
from importlib.metadata import Distribution, DistributionFinder
from pathlib import Path

import pytest

from harness import registry
from harness.analysis.audit.probe import Probe
from harness.data.rows import DatasetFormat
from harness.evaluators.mode import AskingMode, CountingMode
from harness.leaderboard.format import LeaderboardFormat
from harness.preferences.format import ExportFormat
from harness.providers.provider import Provider
from harness.scoring.label_metric import LabelMetric
from harness.scoring.metric import Metric
from harness.scoring.ranking_metric import RankingMetric
from harness.scoring.soft_metric import SoftMetric
from support.plugins import SAMPLE, installed, write_distribution


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
    with pytest.raises(KeyError, match=re.escape(f"there is no plug-in `{name}` (harness.modes)")):
        registry.find("modes", name)


@pytest.mark.parametrize("kind", registry.CONTRACTS)
def test_built_in_plugins_satisfy_their_contract(kind: str) -> None:
    for name in registry.names(kind):
        found = registry.find(kind, name)
        assert any(all(hasattr(found, each) for each in contract) for contract in registry.CONTRACTS[kind])


PROTOCOLS = {
    "dataset_formats": [DatasetFormat],
    "providers": [Provider],
    "modes": [AskingMode, CountingMode],
    "metrics": [Metric],
    "soft_metrics": [SoftMetric],
    "label_metrics": [LabelMetric],
    "ranking_metrics": [RankingMetric],
    "probes": [Probe],
    "leaderboard_formats": [LeaderboardFormat],
    "export_formats": [ExportFormat],
}


@pytest.mark.parametrize("kind", registry.CONTRACTS)
def test_contracts_name_what_the_protocols_ask_for(kind: str) -> None:
    named = [set(contract) for contract in registry.CONTRACTS[kind]]
    assert [_members(protocol) for protocol in PROTOCOLS[kind]] == named


def _members(protocol: type) -> set[str]:
    bases = [base for base in protocol.__mro__ if base.__module__.startswith("harness")]
    return {name for base in bases for name in (*vars(base), *vars(base).get("__annotations__", ())) if name[0] != "_"}


class TestInstalledPlugins:
    def test_one_of_each_kind_is_found(self) -> None:
        with installed(SAMPLE):
            for kind in {*registry.CONTRACTS, *registry.TEXTS}:
                (name, *_) = [each for each in registry.names(kind) if each.startswith("sample-")]
                assert registry.fault(kind, name) is None
                plugin = registry.installed(kind, name)
                assert plugin is not None
                assert plugin.distribution == "sample-plugins 1.2"
                assert registry.is_installed(kind, name)
        assert not [each for each in registry.names("modes") if each.startswith("sample-")]

    def test_objects_and_fragments_are_found(self) -> None:
        with installed(SAMPLE):
            assert registry.find("dataset_formats", "sample-tsv").ENDINGS == (".tsv",)
            assert "hint" in str(registry.fragment("modes", "sample-ask"))
            assert registry.fragment("modes", "sample-first") is None
            assert registry.text("strategies", "sample-which").startswith("schema: 1\nname: sample-which")

    def test_names_are_found_without_importing_a_plugin(self) -> None:
        with installed(SAMPLE):
            assert "sample-share" in registry.names("metrics")
            assert "sample_plugins" not in sys.modules


BROKEN = {
    "import error": ("bad", "bad", "import nothing_of_that_name", "No module named 'nothing_of_that_name'"),
    "error at import": ("bad", "bad", "1 / 0", "`bad` cannot be imported: ZeroDivisionError: division by zero"),
    "exit at import": ("bad", "bad", "raise SystemExit(3)", "`bad` cannot be imported: SystemExit: 3"),
    "syntax error": ("bad", "bad", "def", "`bad` cannot be imported: SyntaxError: invalid syntax"),
    "no such module": ("bad", "worse", "", "`worse` cannot be imported: ModuleNotFoundError"),
    "no such attribute": ("bad", "bad:plugin", "", "`bad:plugin` cannot be imported: AttributeError"),
    "missing names": ("bad", "bad", "SUMMARY = ''; RANGE = (0, 1)", "lacks `UNDEFINED`, `count`, `value`, `influence`"),
    "name of a built-in": ("kappa", "bad", "", "there is a built-in one of the same name"),
    "name that no spec can write": ("Bad One", "bad", "", "a name has lower-case letters"),
}


@pytest.mark.parametrize("form", BROKEN)
def test_a_broken_plugin_is_an_error_that_names_its_distribution(tmp_path: Path, form: str) -> None:
    name, target, source, message = BROKEN[form]
    write_distribution(tmp_path, "bad-metrics", {f"harness.metrics/{name}": target}, {"bad.py": source})
    with installed(tmp_path):
        assert name in registry.names("metrics")
        with pytest.raises(registry.PluginError, match=re.escape(message)) as caught:
            registry.find("metrics", name)
        assert f"the plug-in `{name}` (harness.metrics) of bad-metrics 1.0 cannot be used: " in str(caught.value)
        assert caught.value.problems[0].hint == "upgrade, repair or uninstall bad-metrics"
        assert caught.value.exit_code == 2
        assert str(registry.fault("metrics", name)) == str(caught.value)
        assert registry.find("metrics", "accuracy").SUMMARY


def test_two_distributions_with_one_name_are_an_error_that_names_both(tmp_path: Path) -> None:
    for each in ("one", "two"):
        write_distribution(tmp_path / each, f"dist-{each}", {"harness.modes/same": "mode"}, {"mode.py": ""})
    with installed(tmp_path / "one", tmp_path / "two"):
        with pytest.raises(registry.PluginError, match=r"of dist-one 1\.0 cannot be used: dist-two 1\.0 brings one"):
            registry.find("modes", "same")
        assert registry.fragment("modes", "same") is None


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("texts", "other.yaml in `texts` cannot be read"),
        ("nothing", "`nothing` cannot be imported"),
        ("texts:no", "no"),
    ],
)
def test_a_yaml_plugin_without_its_file_is_an_error(tmp_path: Path, target: str, message: str) -> None:
    write_distribution(tmp_path, "texts", {"harness.strategies/other": target}, {"texts/__init__.py": ""})
    with installed(tmp_path), pytest.raises(registry.PluginError, match=re.escape(message)):
        registry.text("strategies", "other")


def test_a_yaml_plugin_may_name_a_folder(tmp_path: Path) -> None:
    files = {"texts/__init__.py": "from pathlib import Path\nfolder = Path(__file__).parent / 'inner'\n"}
    files |= {"texts/inner/other.yaml": "schema: 1\n"}
    write_distribution(tmp_path, "texts", {"harness.strategies/other": "texts:folder"}, files)
    with installed(tmp_path):
        assert registry.text("strategies", "other") == "schema: 1\n"


@pytest.mark.parametrize("kind", ["strategies", "modes"])
def test_texts_and_plugins_that_are_not_there_are_key_errors(kind: str) -> None:
    assert registry.fault(kind, "nothing") is None
    with pytest.raises(KeyError, match="nothing"):
        registry.text("strategies", "nothing")
    with pytest.raises(registry.UnknownPluginError, match="there is no plug-in `nothing`") as caught:
        registry.find("leaderboard_formats", "nothing")
    (problem,) = caught.value.problems
    assert problem.message == "there is no plug-in `nothing` (harness.leaderboard_formats)"
    assert problem.hint == "install the distribution that brings it; there are `csv`, `json`, `markdown`, `table`"


def test_a_plugin_in_an_archive_is_found(tmp_path: Path) -> None:
    write_distribution(tmp_path / "in", "zipped", {"harness.modes/zipped": "zipped_mode"}, {"zipped_mode.py": ""})
    archive = Path(shutil.make_archive(str(tmp_path / "zipped"), "zip", tmp_path / "in"))
    with installed(archive):
        assert registry.is_installed("modes", "zipped")


@pytest.mark.parametrize("info", ["old-1.0.egg-info", "EGG-INFO"])
def test_a_plugin_of_an_older_kind_of_distribution_is_found(tmp_path: Path, info: str) -> None:
    folder = tmp_path / "old-1.0.egg"
    (folder / info).mkdir(parents=True)
    (folder / info / "PKG-INFO").write_text("Metadata-Version: 2.1\nName: old\nVersion: 1.0\n")
    (folder / info / "entry_points.txt").write_text("[harness.modes]\nold = old_mode\n")
    with installed(folder):
        assert registry.is_installed("modes", "old")


def test_a_plugin_of_another_finder_of_distributions_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_distribution(tmp_path, "elsewhere", {"harness.modes/elsewhere": "elsewhere_mode"}, {})

    class Finder:
        def find_spec(self, *_: object) -> None:
            return None

        def find_distributions(self, context: DistributionFinder.Context) -> list[Distribution]:
            return [Distribution.at(tmp_path / "elsewhere-1.0.dist-info")]

    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, Finder()])
    with installed():
        assert registry.is_installed("modes", "elsewhere")
    monkeypatch.undo()
    with installed():
        assert not registry.is_installed("modes", "elsewhere")


def test_folders_that_are_not_there_and_distributions_without_entry_points_bring_nothing(tmp_path: Path) -> None:
    (tmp_path / "plain-1.0.dist-info").mkdir()
    (tmp_path / "file-1.0.egg-info").write_text("Metadata-Version: 1.0\n")
    with installed(tmp_path, tmp_path / "missing"):
        assert registry.names("modes") == registry.built_in_names("modes")


def test_entry_points_that_cannot_be_read_are_left_to_the_search_of_python(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "meta_path", [PathFinder])  # other packages may have added finders of distributions
    (tmp_path / "strange-1.0.dist-info" / "entry_points.txt").mkdir(parents=True)
    assert registry._may_be_installed([str(tmp_path)])
    assert not registry._may_be_installed([str(tmp_path / "strange-1.0.dist-info"), "\0"])


def test_a_trait_is_false_where_a_plug_in_does_not_have_it() -> None:
    assert registry.has_trait("providers", "simulated", "IS_FREE")
    assert not registry.has_trait("providers", "openai", "IS_FREE")
    with pytest.raises(KeyError, match="nobody"):
        registry.has_trait("providers", "nobody", "IS_FREE")
