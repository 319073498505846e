"""Replace a run that is published already, perhaps since a moment ago by another process."""

from __future__ import annotations

import secrets
from pathlib import Path

import orjson

from harness.errors import StorageError
from harness.runner.run_check import CHECKSUMS
from harness.runner.unfinished import MARK


def replace_run(folder: Path, final: Path, *, begun_ns: int) -> None:
    """Replace the files of the same run.

    An older one may have other bytes: prices were edited, or another version wrote it. One that another process
    published while this run was made has the same bytes.

    Args:
        folder: a whole run, not published yet; it is left empty.
        final: the run that is there.
        begun_ns: when this run began, by the clock of the file system.

    Raises:
        StorageError: where the bytes differ from those that another process just published; `folder` is kept beside.
    """
    if unlike := _unlike(folder, final, begun_ns):
        kept = final.with_name(f"{MARK}{final.name}-{secrets.token_hex(4)}")
        folder.rename(kept)
        raise StorageError(
            f"{final} was published by another process in the meantime, and {', '.join(unlike)} in it "
            f"{'differs' if len(unlike) == 1 else 'differ'} from this run, which is in {kept}",
            hint="compare the two; if other versions of the harness or of the spec made one of them, run again alone",
        )
    for file in sorted(folder.iterdir()):
        file.replace(final / file.name)


def _unlike(folder: Path, final: Path, begun_ns: int) -> list[str]:
    """The files in which a run differs from one that was published after it began."""
    try:
        if (final / CHECKSUMS).stat().st_mtime_ns <= begun_ns:
            return []
        mine, theirs = (orjson.loads((each / CHECKSUMS).read_bytes())["files"] for each in (folder, final))
        return sorted(name for name in mine.keys() | theirs.keys() if mine.get(name) != theirs.get(name))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return []  # an older version has no checksums, and a damaged run is replaced
