"""dq in a process that is not its own: threads, signals, forks, ends, logs."""

import _thread
import asyncio
import contextlib
import gc
import logging
import os
import random
import signal
import subprocess
import sys
import threading
import time
import weakref

import pytest

import dq
from conftest import ENDLESS, EXAMPLES, wait_until

HOSPITALS = EXAMPLES / "data/hospitals.csv"
RULES = EXAMPLES / "rules/hospitals.yaml"


@pytest.fixture
def database(tmp_path):
    with dq.connect(tmp_path / "a.db", create_if_missing=True) as database:
        yield database


def test_other_threads_run_while_dq_works(database):
    def work():
        wait_until(lambda: database.statistics()["readers"]["in_use"])
        # Only a thread that runs meanwhile can end what the first one waits for.
        assert sum(range(100_000)) == 4_999_950_000
        _thread.interrupt_main()

    other = threading.Thread(target=work)
    other.start()
    with pytest.raises(KeyboardInterrupt):
        dq.QueryExecutor(database).query(ENDLESS, deadline=60)
    other.join()


def test_two_threads_validate_at_the_same_time():
    """No lock lets one of them wait for the other, and neither holds the GIL."""
    both = threading.Barrier(2)

    def meet(rows):
        both.wait(60)
        return [False] * len(rows)

    rule = dq.Rule("a", dq.Check("shared", unique=["a"]), dq.Check("meet", columns=["a"], custom=meet))
    reports = []

    def work():
        reports.append(dq.validate({"a": [1, 1, 2]}, rule, threads=1))

    others = [threading.Thread(target=work) for _ in range(2)]
    for it in others:
        it.start()
    for it in others:
        it.join()
    assert [[(it.id, it.violations, it.error) for it in report.checks] for report in reports] == [
        [("shared", 2, None), ("meet", 0, None)]
    ] * 2


@pytest.mark.parametrize(
    "work",
    [
        "db = dq.connect(sys.argv[1], create_if_missing=True)\n"
        "    threading.Thread(target=tell, args=(db,)).start()\n"
        f"    db.query({ENDLESS!r})",
        "dq.validate({'a': list(range(200_000))}, dq.Rule('a', dq.Check('slow', columns=['a'], custom=wait)))",
        "dq.Cache().get_or_compute('key', lambda: wait(None))",
    ],
    ids=["query", "validate", "cache"],
)
def test_ctrl_c_stops_a_call_within_a_moment(work, tmp_path):
    program = f"""
import os, sys, threading, time
import dq
ended = threading.Event()
def wait(rows):
    os.write(1, b"ready\\n")
    ended.wait(3)
    return [False] * len(rows or [])
def tell(db):
    while not db.statistics()["readers"]["in_use"]:
        time.sleep(0.001)
    print("ready", flush=True)
try:
    {work}
except KeyboardInterrupt:
    print(time.time(), flush=True)
    ended.set()
"""
    command = [sys.executable, "-X", "dev", "-W", "error", "-c", program, str(tmp_path / "a.db")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout.readline() == "ready\n"
        interrupted = time.time()
        running.send_signal(signal.SIGINT)
        # Several threads may judge, and say that they are ready.
        stopped = float(next(it for it in running.stdout if it != "ready\n"))
        assert running.wait(10) == 0
    # A tenth of a second is promised; the rest is for machines with other things to do.
    assert stopped - interrupted < 0.5


def test_cancelling_a_task_stops_a_validation():
    judged = []
    gate = threading.Event()

    class Slow:
        def __call__(self, rows):
            judged.append(len(rows))
            assert gate.wait(60)
            return [False] * len(rows)

    async def main(slow):
        frame = dq.Table({"a": list(range(1_000_000))})
        rule = dq.Rule("a", dq.Check("slow", columns=["a"], custom=slow))
        task = asyncio.create_task(dq.validate_async(frame, rule, threads=1))
        while not judged:
            await asyncio.sleep(0.001)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        assert task.cancelled()

    slow = Slow()
    held = weakref.ref(slow)
    asyncio.run(main(slow))
    del slow
    gate.set()

    def is_over():
        # What threads of dq let go goes when somebody calls dq.
        dq.Table({"a": []})
        gc.collect()
        return held() is None

    wait_until(is_over)
    # What was being judged when the task was cancelled has ended, and nothing else was begun.
    assert len(judged) == 1


def test_no_call_of_any_kind_panics():
    """Whatever is passed to the Rust half, an exception is the worst that happens."""
    import dq._dq

    source = random.Random(7)
    table = dq._dq.ArrowTable.of(dq.Table({"a": [1, None], "b": ["x", "y"]}))
    cache = dq._dq.CacheHandle.memory("fuzz", None)
    pool = [
        None,
        True,
        -1,
        0,
        7,
        2**63,
        -(2**70),
        1.5,
        float("nan"),
        "",
        "a",
        "{}",
        "\ud800",
        b"\xff",
        [],
        [1],
        ["a", 1],
    ]
    pool += [
        (),
        ("a",),
        ("a", "b", None),
        {},
        {"a": 1},
        {1: 2},
        object(),
        table,
        cache,
        lambda *_: 1 / 0,
        [("a", [1, "x"])],
    ]
    pool += [
        dq._dq.BreakerHandle("x", "{}"),
        dq._dq.CacheOptionsHandle(cache, "{}", []),
        dq._dq.ConfigHandle(None, False, []),
    ]
    pool += [
        dq._dq.RuleSetHandle.pack("healthcare", {}),
        dq._dq.Source.of_tables("x", [("data", table, [])], []),
        [("data", table)],
    ]
    skipped = {"main", "shutdown", "open", "backup", "wait"}
    targets = [
        getattr(owner, name)
        for owner in [dq._dq, *pool]
        for name in dir(owner)
        if "dq" in type(owner).__module__ or owner is dq._dq
    ]
    targets = [it for it in targets if callable(it) and getattr(it, "__name__", "__") not in skipped]
    targets = [it for it in targets if not getattr(it, "__name__", "__").startswith("__") or isinstance(it, type)]
    kept = []
    for _ in range(int(os.environ.get("DQ_FUZZ", "20000"))):
        target = source.choice(targets)
        # A panic is no Exception.
        with contextlib.suppress(Exception):
            kept.append(target(*(source.choice(pool) for _ in range(source.randrange(6)))))
    for it in kept:
        if isinstance(it, dq._dq.Work):
            with contextlib.suppress(Exception):
                it.wait()


def test_a_process_may_end_with_work_in_flight(python, tmp_path):
    bodies = [
        "import sys, threading, dq\ndb = dq.connect(sys.argv[1], create_if_missing=True)\n"
        f"threading.Thread(target=lambda: db.query({ENDLESS!r}), daemon=True).start()\n",
        f"import sys, asyncio, dq\ndb = dq.connect(sys.argv[1], create_if_missing=True)\n"
        f"loop = asyncio.new_event_loop()\ntask = loop.create_task(db.query_async({ENDLESS!r}))\n"
        "loop.run_until_complete(asyncio.sleep(0.01))\ntask.cancel()\n"
        "loop.run_until_complete(asyncio.gather(task, return_exceptions=True))\nloop.close()\n",
        "import sys, threading, dq\ndef slow(rows):\n    return [sum(range(100)) < 0 for _ in range(len(rows))]\n"
        "rule = dq.Rule('a', dq.Check('slow', columns=['a'], custom=slow))\nframe = dq.Table({'a': list(range(300_000))})\n"
        "threading.Thread(target=lambda: dq.validate(frame, rule), daemon=True).start()\n",
        "import sys, dq, dq._dq\nwork = dq._dq.Source.open([sys.argv[2]], '{}')\n",
        "import sys, threading, dq\nclass Slow(dq.DatabaseManager):\n    def query(self, sql, params):\n"
        "        return {'a': [sum(range(10_000))]}\nexecutor = dq.QueryExecutor(Slow())\ndef run():\n    while True:\n"
        "        executor.query('SELECT 1')\nfor _ in range(3):\n    threading.Thread(target=run, daemon=True).start()\n",
        "import sys, threading, dq\nthreading.Thread(target=dq.validate, args=(sys.argv[2], sys.argv[3]), daemon=True).start()\n",
    ]
    rounds = int(os.environ.get("DQ_EXITS", "4"))
    for number in range(rounds * len(bodies)):
        body = bodies[number % len(bodies)] + f"import time; time.sleep({number % 7 / 50})\n"
        ended = python(
            body,
            tmp_path / f"{number}.db",
            HOSPITALS,
            RULES,
            env={"PYTHONWARNINGS": "ignore"},
            check=False,
            timeout=180,
        )
        assert ended.returncode == 0, (body, ended.stderr)
        assert "panicked" not in ended.stderr, ended.stderr
        assert "Fatal" not in ended.stderr, ended.stderr


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks here")
def test_a_fork_makes_its_own_and_is_told_about_the_rest(python, tmp_path):
    program = """
import os, sys, warnings
import dq
db = dq.connect(sys.argv[1], create_if_missing=True)
db.execute("CREATE TABLE t (a)")
cache = dq.Cache()
cache.set("key", 1)
executor = dq.QueryExecutor(db)
for _ in range(10):
    child = os.fork()
    if child == 0:
        code = 1
        try:
            for use in (lambda: db.query("SELECT 1"), lambda: cache.get("key"), lambda: executor.query("SELECT 1"),
                        lambda: db.validate(dq.Rule("t", dq.Check("a", unique=["a"]), table="t"))):
                try:
                    use()
                except dq.UsageError as error:
                    assert "after a fork" in str(error)
                else:
                    raise AssertionError("a use after a fork must be an error")
            other = dq.connect(sys.argv[1])
            other.execute("INSERT INTO t VALUES (?)", [os.getpid()])
            assert other.query("SELECT count(*) FROM t").scalar() > 0
            assert dq.validate({"a": [1, 1]}, dq.Rule("a", dq.Check("a", unique=["a"]))).check("a", "a").violations == 2
            del db, cache, executor
            code = 0
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    assert status == 0, status
assert db.query("SELECT count(*) FROM t").scalar() == 10
assert cache.get("key") == 1
"""
    python(program, tmp_path / "a.db")


def test_a_pool_of_processes_works(python, tmp_path):
    program = """
import multiprocessing
import dq

def work(number):
    rule = dq.Rule("a", dq.Check("a", unique=["a"]))
    return dq.validate({"a": [number, number, 1]}, rule)

if __name__ == "__main__":
    work(0)
    with multiprocessing.get_context("fork").Pool(3) as pool:
        reports = pool.map(work, range(2, 12))
    assert [it.check("a", "a").violations for it in reports] == [2] * 10
"""
    python(program)


def test_logging_hears_what_dq_logs(caplog):
    values = {
        "cache.redis.enabled": True,
        "cache.redis.host": "127.0.0.1",
        "cache.redis.port": 1,
    }
    with caplog.at_level(logging.INFO, logger="dq"):
        cache = dq.Cache(config=dq.Config(environment=False, values=values))
        assert cache.get("key") is None
        assert cache.set("key", 1)
        assert cache.get("key") == 1
        wait_until(lambda: caplog.records)
        cache.close()
    assert [(it.name, it.levelname) for it in caplog.records][:1] == [("dq", "WARNING")]
    assert "redis is out of reach" in caplog.text


def test_importing_takes_no_other_library(python):
    program = """
import sys
import dq
heavy = {"asyncio", "pandas", "numpy", "polars", "pyarrow", "multiprocessing"} & set(sys.modules)
assert not heavy, heavy
"""
    python(program)


def test_no_lock_of_another_copy_of_sqlite_is_lost(python, tmp_path):
    """Python's own SQLite and that of dq share a process: a third process sees whether locks hold."""
    program = """
import sqlite3, subprocess, sys
import dq
path = sys.argv[1]
own = sqlite3.connect(path, isolation_level=None)
own.execute("CREATE TABLE t (a)")
witness = "import sqlite3, sys; sqlite3.connect(sys.argv[1], timeout=0, isolation_level=None).execute('BEGIN IMMEDIATE')"
rule = dq.Rule("t", dq.Check("a", unique=["a"]), table="t")

def is_locked():
    return subprocess.run([sys.executable, "-W", "ignore", "-c", witness, path], capture_output=True).returncode != 0

own.execute("BEGIN IMMEDIATE")
own.execute("INSERT INTO t VALUES (1)")
assert is_locked()
for use in (lambda: dq.connect(path), lambda: dq.validate(path, rule), lambda: dq.profile(f"sqlite:{path}")):
    try:
        use()
    except dq.BusyError as error:
        assert "another copy of SQLite" in str(error)
    else:
        raise AssertionError("dq opened a database that another copy of SQLite has open")
    assert is_locked(), "a lock was lost"
own.execute("COMMIT")
own.close()
assert not is_locked()
for _ in range(20):
    assert dq.validate(path, rule).tables == {"t": 1}
    with dq.connect(path) as db:
        assert db.query("SELECT count(*) FROM t").scalar() == 1
        assert dq.validate(path, rule).tables == {"t": 1}
"""
    python(program, tmp_path / "a.db")
