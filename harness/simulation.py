"""`python -m harness.simulation` serves the simulated world on a port; see `harness.providers.simulation`."""

from harness.providers.simulation.__main__ import main

if __name__ == "__main__":
    main(prog_name="python -m harness.simulation")
