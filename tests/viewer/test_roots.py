from pathlib import Path

from harness.runner.run_folder import MANIFEST
from harness.viewer.roots import RunKey, find_runs


def run(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / MANIFEST).write_text("{}")
    return folder


def test_runs_are_found_from_the_results_the_spec_and_the_run(tmp_path):
    folder = run(tmp_path / "results" / "quick" / "0123")
    for root in (tmp_path / "results", tmp_path / "results" / "quick", folder):
        assert dict(find_runs([root])) == {RunKey("quick", "0123"): folder.resolve()}
    assert find_runs([tmp_path]) == {}
    assert find_runs([tmp_path / "none"]) == {}


def test_hidden_folders_and_files_are_no_runs(tmp_path):
    run(tmp_path / "quick" / ".new")
    (tmp_path / "quick" / "notes.txt").write_text("")
    assert find_runs([tmp_path]) == {}


def test_links_out_of_the_root_are_left_out(tmp_path):
    outside = run(tmp_path / "outside" / "quick" / "0123")
    root = tmp_path / "results"
    (root / "quick").mkdir(parents=True)
    (root / "quick" / "0123").symlink_to(outside)
    whole = run(root / "quick" / "4567")
    (whole / "items.parquet").symlink_to(outside / MANIFEST)
    (whole.parent / "loop").symlink_to(whole.parent / "loop")
    assert find_runs([root]) == {}


def test_of_two_runs_with_one_key_the_first_root_counts(tmp_path):
    first, second = (run(tmp_path / name / "quick" / "0123") for name in ("one", "two"))
    assert find_runs([tmp_path / "one", tmp_path / "two"])[RunKey("quick", "0123")] == first.resolve()
    assert find_runs([tmp_path / "two", tmp_path / "one"])[RunKey("quick", "0123")] == second.resolve()
