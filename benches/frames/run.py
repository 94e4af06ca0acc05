"""dq, pandas, Pandera and Pointblank by turns over the same frame: `python3 benches/frames/run.py [ROUNDS]`.

The peers and dq's wheel are installed into a virtual environment below `target/`. Each run is a process of its own, which
loads the frame and then judges it; the figure is the CPU-seconds of the judging, user and system. All must count the same for
every check. The frame is the providers of `make bench-parquet`, which makes them.
"""

import os
import statistics
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TARGET = ROOT / "target"
PROGRAMS = {
    "dq on pandas": ["dq_frame.py", "{folder}", "pandas"],
    "dq on pandas, 1 thread": ["dq_frame.py", "{folder}", "pandas", "1"],
    "pandas": ["pandas_frame.py", "{folder}"],
    "dq on Polars": ["dq_frame.py", "{folder}", "polars"],
    "Pandera on Polars": ["pandera_frame.py", "{folder}"],
    "Pointblank on Polars": ["pointblank_frame.py", "{folder}"],
}


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    rows = os.environ.get("DQ_BENCH_PROVIDERS", "1000000")
    folder = next(TARGET.glob(f"bench-data/providers-{rows}-v*-parquet"), None)
    if folder is None:
        sys.exit("there is no frame: run `make bench-parquet` first")
    python = install()
    seconds: dict[str, list[float]] = {name: [] for name in PROGRAMS}
    expected: dict[str, int] = {}
    for _ in range(rounds):
        for name, arguments in PROGRAMS.items():
            program = [it.format(folder=folder) for it in arguments]
            counts, spent = run([str(python), *program])
            expected = expected or counts
            if counts != expected:
                sys.exit(f"{name} counts otherwise: {sorted(counts.items() ^ expected.items())}")
            seconds[name].append(spent)
    for name, spent in seconds.items():
        figures = ", ".join(f"{it:.2f}" for it in sorted(spent))
        print(f"{name:22} {statistics.median(spent):6.2f} CPU-seconds ({figures})")
    for ours, theirs in [
        ("dq on pandas", "pandas"),
        ("dq on pandas, 1 thread", "pandas"),
        ("dq on Polars", "Pandera on Polars"),
        ("dq on Polars", "Pointblank on Polars"),
    ]:
        ratio = statistics.median(seconds[theirs]) / statistics.median(seconds[ours])
        print(f"{theirs} takes {ratio:.1f} times as long as {ours}")
    subprocess.run([str(python), "threads.py", str(folder)], check=True, cwd=Path(__file__).parent)


def install() -> Path:
    """Makes the environment; gives its Python."""
    environment = TARGET / "bench-frames/venv"
    python = environment / "bin/python"
    if not python.exists():
        venv.create(environment, with_pip=True)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    here = Path(__file__).parent
    subprocess.run([*pip, "--requirement", str(here / "requirements.txt"), "maturin>=1.9,<2"], check=True)
    wheels = TARGET / "bench-frames/wheels"
    for old in wheels.glob("*.whl"):
        old.unlink()
    build = [str(environment / "bin/maturin"), "build", "--quiet", "--release", "--locked", "--compatibility", "linux"]
    build += ["--manifest-path", str(ROOT / "dq-py/Cargo.toml"), "--interpreter", str(python), "--out", str(wheels)]
    subprocess.run(build, check=True, env={**os.environ, "CARGO_TARGET_DIR": str(TARGET)})
    wheel = next(wheels.glob("*.whl"))
    print(f"the wheel has {wheel.stat().st_size / 1e6:.1f} MB")
    subprocess.run([*pip, "--force-reinstall", "--no-deps", str(wheel)], check=True)
    return python


def run(command: list[str]) -> tuple[dict[str, int], float]:
    """Runs a program; gives the violations by check, and its CPU-seconds."""
    output = subprocess.run(
        command, check=True, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parent
    ).stdout
    lines = [line.rsplit(" ", 1) for line in output.splitlines()]
    *counts, (_, spent) = lines
    return {check: int(violations) for check, violations in counts}, float(spent)


if __name__ == "__main__":
    main()
