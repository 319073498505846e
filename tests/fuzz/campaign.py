"""Fuzz targets for minutes: guided by coverage where atheris is installed, with random inputs of Hypothesis elsewhere.

    python tests/fuzz/campaign.py                        every target for three minutes
    python tests/fuzz/campaign.py --seconds 600 spec     one of them for ten

For each target a line says how many inputs were tried and how fast, and every input that did what no input may do is
kept in the folder of findings. The exit code is 1 where there is one. `--repeat FILE` tries one finding again.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

HERE = Path(__file__).parent
INSTRUMENTED = ["harness", "yaml", "jinja2"]
MAX_S = 20
"""Seconds for one input, after which it is a finding."""
MAX_INPUT = 8192


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help="all where none is given")
    parser.add_argument("--seconds", type=int, default=180, help="for each target (default: 180)")
    parser.add_argument("--findings", type=Path, default=Path("fuzz-findings"), help="where inputs are kept")
    parser.add_argument("--repeat", type=Path, help="try this input with the one target that is given")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    sys.path[:0] = [str(HERE), str(HERE.parent)]
    if chosen.here:
        run_here(chosen.targets[0], chosen.seconds, chosen.findings)
        return 0
    from targets import TARGETS

    if unknown := set(chosen.targets) - set(TARGETS):
        parser.error(f"there is no target {', '.join(sorted(unknown))}; there are {', '.join(TARGETS)}")
    if chosen.repeat:
        TARGETS[chosen.targets[0]](chosen.repeat.read_bytes())
        return 0
    chosen.findings.mkdir(parents=True, exist_ok=True)
    codes = [campaign(name, chosen.seconds, chosen.findings) for name in chosen.targets or TARGETS]
    return int(any(codes))


def campaign(name: str, seconds: int, findings: Path) -> int:
    """Fuzz one target in a process of its own, and say what came of it."""
    before, began = set(findings.iterdir()), time.monotonic()
    words = [sys.executable, __file__, "--here", "--seconds", str(seconds), "--findings", str(findings), name]
    with tempfile.TemporaryDirectory(prefix="harness-fuzz-") as room:  # a process that is ended cleans up nothing
        done = subprocess.run(
            words,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env={**os.environ, "TMPDIR": room, "HYPOTHESIS_STORAGE_DIRECTORY": room},
        )
    took = time.monotonic() - began
    told = dict(re.findall(r"stat::(\w+): +(\d+)", done.stdout))
    executions = int(told.get("number_of_executed_units", 0))
    covered = re.findall(r"cov: (\d+)", done.stdout)
    found = sorted(path.name for path in set(findings.iterdir()) - before)
    guided = f"{covered[-1]} branches" if covered else "unguided"
    print(f"{name:12} {executions:>10,} inputs in {took:4.0f} s, {executions / took:>8,.0f}/s, {guided}", flush=True)
    if done.returncode:
        print(done.stdout[-4000:], f"\n{name}: exit code {done.returncode}, kept: {', '.join(found) or 'nothing'}")
    return done.returncode


def run_here(name: str, seconds: int, findings: Path) -> None:
    """Fuzz one target in this process until the time is up or an input is found."""
    if find_spec("atheris"):
        _guided(name, seconds, findings)
    else:
        _unguided(name, seconds, findings)


def _guided(name: str, seconds: int, findings: Path) -> None:
    import atheris

    with atheris.instrument_imports(include=INSTRUMENTED):
        from targets import TARGETS, seeds, words
    corpus = tempfile.mkdtemp(prefix="corpus-")
    for number, seed in enumerate(seeds(name)):
        (Path(corpus) / f"seed-{number}").write_bytes(seed)
    pieces = Path(corpus).with_suffix(".dict")
    escaped = ("".join(f"\\x{byte:02x}" for byte in word.encode()) for word in words(name))
    pieces.write_text("".join(f'"{word}"\n' for word in escaped))
    limits = (
        f"-dict={pieces}",
        f"-max_total_time={seconds}",
        f"-timeout={MAX_S}",
        f"-max_len={MAX_INPUT}",
        "-rss_limit_mb=4096",
    )
    how = (*limits, "-print_final_stats=1", f"-artifact_prefix={findings / name}-", corpus)
    atheris.Setup([sys.argv[0], *how], lambda data: (TARGETS[name](data), None)[1])
    atheris.Fuzz()


def _unguided(name: str, seconds: int, findings: Path) -> None:
    from hypothesis import HealthCheck, Phase, given, settings
    from targets import TARGETS
    from test_targets import attacks

    until, count = time.monotonic() + seconds, 0

    @settings(
        max_examples=500, deadline=None, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
    )
    @given(attacks(name))
    def attack(data: bytes) -> None:
        nonlocal count
        count += 1
        try:
            TARGETS[name](data)
        except BaseException:
            (findings / f"{name}-crash").write_bytes(data)
            raise

    while time.monotonic() < until:
        attack()
    print(f"stat::number_of_executed_units: {count}")


if __name__ == "__main__":
    sys.exit(main())
