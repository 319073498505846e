"""`python -m harness` is the command `harness`."""

import os
import sys


def without_current_folder(path: list[str], here: str, package: str) -> list[str]:
    """The module search path without the current folder, whose files would take the place of installed modules.

    `python -m` puts that folder first. It stays where this package is imported from it, as in a checkout.

    Args:
        path: the module search path.
        here: the current folder.
        package: the folder that holds this package.
    """
    is_first = bool(path) and os.path.abspath(path[0] or here) == here
    return path[1:] if is_first and os.path.realpath(package) != os.path.realpath(here) else path


if __name__ == "__main__":
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    sys.path[:] = without_current_folder(sys.path, os.getcwd(), package)
    from harness.cli import main

    main(prog_name="harness")
