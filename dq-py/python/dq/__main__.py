"""The program ``dq``, the same as the Rust binary: ``python -m dq``, or ``dq`` where the package is installed."""

import signal
import sys

from dq._dq import main as program


def main() -> None:
    """Run the program with the arguments of this process, and end with its exit code."""
    # Python's own handler would only take note of Ctrl-C until the program has ended.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    sys.exit(program(["dq", *sys.argv[1:]]))


if __name__ == "__main__":
    main()
