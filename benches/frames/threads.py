"""Two threads of Python with `threads=1` each, and the same work one after the other, by turns: `python threads.py FOLDER [PAIRS]`.

The figure is the wall clock of the two together over that of one after the other; half is ideal. A machine that does other
things makes it worse, so its load is told, too.
"""

import os
import statistics
import sys
import threading
import time

import dq
import polars
from checks import FILE
from dq_frame import rule


def main() -> None:
    frame = polars.read_parquet(os.path.join(sys.argv[1], FILE))
    pairs = int(sys.argv[2]) if len(sys.argv) > 2 else 7

    def work() -> None:
        dq.validate(frame, rule(), threads=1)

    work()
    ratios = []
    for _ in range(pairs):
        together = seconds(work, lambda it: it.start())
        in_turn = seconds(work, threading.Thread.run)
        ratios.append(together / in_turn)
        print(f"{together:.3f} s together, {in_turn:.3f} s in turn, load {os.getloadavg()[0]:.1f}")
    figures = ", ".join(f"{it:.2f}" for it in sorted(ratios))
    print(f"two threads take {statistics.median(ratios):.2f} of the time of one after the other ({figures})")


def seconds(work, begin) -> float:
    """How long two threads take that are begun so."""
    both = [threading.Thread(target=work) for _ in range(2)]
    begun = time.perf_counter()
    for it in both:
        begin(it)
    for it in both:
        if it.ident is not None:
            it.join()
    return time.perf_counter() - begun


if __name__ == "__main__":
    main()
