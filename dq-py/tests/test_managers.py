"""Databases and caches written in Python, under dq's own executor and engine."""

import asyncio
import logging
import sqlite3
import threading
import time

import pytest

import dq


class Memory(dq.DatabaseManager):
    """A database of SQLite in memory, as somebody might bring his own."""

    def __init__(self):
        self.connection = sqlite3.connect(":memory:", check_same_thread=False)
        self.lock = threading.Lock()
        self.closed = 0
        self.connection.executescript(
            "CREATE TABLE provider (id INTEGER PRIMARY KEY, npi TEXT);"
            "INSERT INTO provider (npi) VALUES ('1'), ('1'), (NULL);"
        )

    @property
    def name(self):
        return "memory"

    def query(self, sql, params):
        with self.lock:
            dq.when_cancelled(self.connection.interrupt)
            cursor = self.connection.execute(sql, params)
            return [it[0] for it in cursor.description], cursor.fetchall()

    def execute(self, sql, params):
        with self.lock:
            changed = self.connection.execute(sql, params).rowcount
            self.connection.commit()
            return changed

    def tables(self):
        return [dq.TableSchema("provider", {"id": "integer", "npi": "text"}, ["id"], None)]

    def version(self, table):
        with self.lock:
            return str(self.connection.total_changes)

    def close(self):
        self.closed += 1
        with self.lock:
            self.connection.close()


RULE = dq.Rule(
    "npi", dq.Check("shared", unique=["npi"]), dq.Check("missing", column="npi", not_null=True), table="provider"
)
ENDLESS = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i FROM n) SELECT count(*) FROM n"


@pytest.fixture
def manager():
    made = Memory()
    yield made
    if not made.closed:
        made.close()


def test_queries_and_writes_reach_the_manager(manager):
    with dq.connect(manager) as db:
        assert db.name == "memory"
        assert list(db.query("SELECT id, npi FROM provider WHERE id = ?", [1])) == [(1, "1")]
        assert list(db.query("SELECT npi FROM provider WHERE id = :id", {"id": 2})) == [("1",)]
        assert db.execute("INSERT INTO provider (npi) VALUES (?)", ["2"]) == 1
        first = db.query("SELECT id FROM provider ORDER BY id", limit=2)
        assert (list(first), first.truncated) == ([(1,), (2,)], True)
        assert db.query("SELECT id FROM provider WHERE id < 0").row_count == 0
        assert db.tables()["provider"].primary_key == ["id"]
        assert db.health()["status"] == "healthy"
        assert db.statistics()["statements"] == 5
        with pytest.raises(dq.UnsupportedError), db.transaction():
            pass
    assert manager.closed == 1
    with pytest.raises(dq.UnavailableError, match="`memory`: it is closed"):
        db.query("SELECT 1")


def test_it_works_under_the_executor(manager):
    executor = dq.QueryExecutor(manager, cache=dq.Cache())
    asked = []
    query = manager.query
    manager.query = lambda sql, params: asked.append(sql) or query(sql, params)
    for _ in range(3):
        result = executor.query("SELECT count(*) FROM provider", unchanged=["provider"])
        assert result.scalar() == 3
    assert len(asked) == 1
    assert result.statistics["cached"]
    assert executor.execute("INSERT INTO provider (npi) VALUES ('9')") == 1
    assert executor.query("SELECT count(*) FROM provider", unchanged=["provider"]).scalar() == 4
    assert len(asked) == 2
    results = executor.query_all(["SELECT 1", "SELECT wrong"])
    assert results[0].scalar() == 1
    executor.close()


def test_its_tables_are_validated(manager):
    for source in (manager, dq.connect(manager)):
        report = dq.validate(source, RULE, violations=True)
        assert report.tables == {"provider": 3}
        assert [it.violations for it in report.checks] == [2, 1]
        assert report.check("npi", "shared").sample[0]["key"] == {"id": 1}
        assert report.notes == ["the tables of `memory` are read one after the other"]
    assert dq.profile(manager)


def test_rows_that_change_meanwhile_are_an_error(manager):
    read = manager.read

    def changing(table, columns):
        rows = read(table, columns)
        manager.execute("INSERT INTO provider (npi) VALUES ('x')", [])
        return rows

    manager.read = changing
    with pytest.raises(dq.SourceChangedError, match="`provider` changed"):
        dq.validate(manager, RULE)


@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        (dq.UnavailableError("away"), dq.UnavailableError),
        (ConnectionResetError("away"), dq.UnavailableError),
        (TimeoutError("away"), dq.TimeoutError),
        (PermissionError("away"), dq.PermissionDeniedError),
        (KeyError("away"), KeyError),
        (NotImplementedError("away"), dq.UnsupportedError),
    ],
)
def test_what_it_raises_is_an_error_with_that_cause(manager, raised, expected):
    def query(sql, params):
        raise raised

    manager.query = query
    with pytest.raises(expected, match="away") as error:
        dq.connect(manager).query("SELECT 1")
    assert error.value is raised or error.value.__cause__ is raised
    health = dq.connect(manager).health()
    assert (health["status"], "away" in health["error"]) == ("unhealthy", True)
    with pytest.raises(expected):
        dq.validate(manager, RULE)


def test_what_is_unavailable_is_tried_again_and_opens_the_breaker(manager):
    failures = iter([dq.UnavailableError("away"), dq.BusyError("busy")])
    query = manager.query

    def sometimes(sql, params):
        for it in failures:
            raise it
        return query(sql, params)

    manager.query = sometimes
    result = dq.QueryExecutor(manager).query("SELECT 7")
    assert (result.scalar(), result.statistics["attempts"]) == (7, 3)


def test_a_cancelled_task_interrupts_the_statement(manager):
    async def main():
        executor = dq.QueryExecutor(manager)
        task = asyncio.ensure_future(executor.query_async(ENDLESS))
        while not manager.lock.locked():
            await asyncio.sleep(0.001)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        # The lock is free as soon as the statement has ended.
        assert (await executor.query_async("SELECT 1")).scalar() == 1

    asyncio.run(asyncio.wait_for(main(), 60))


def test_a_deadline_interrupts_the_statement(manager):
    executor = dq.QueryExecutor(manager)
    with pytest.raises(dq.TimeoutError):
        executor.query(ENDLESS, deadline=0.2)
    assert executor.query("SELECT 1").scalar() == 1


def test_several_threads_are_in_it_at_once_and_python_runs_on(manager):
    inside = threading.Barrier(3)
    manager.query = lambda sql, params: {"x": [inside.wait(60)]}
    executor = dq.QueryExecutor(manager)
    threads = [threading.Thread(target=executor.query, args=("SELECT 1",)) for _ in range(2)]
    for it in threads:
        it.start()
    inside.wait(60)
    for it in threads:
        it.join()


@pytest.mark.parametrize("rows", [None, 7, [("a", 1)], object()])
def test_what_are_no_rows_is_refused(manager, rows):
    manager.query = lambda sql, params: rows
    with pytest.raises(dq.UsageError, match="is no rows"):
        dq.connect(manager).query("SELECT 1")


def test_other_columns_than_asked_for_are_refused(manager):
    manager.read = lambda table, columns: {"other": [1]}
    with pytest.raises(dq.UsageError, match="was asked for id, npi, and gave other$"):
        dq.validate(manager, dq.Rule("npi", dq.Check("a", column="npi", not_null=True), table="provider"))


def test_coroutine_functions_and_options_are_refused(manager):
    class Wrong(Memory):
        async def query(self, sql, params):
            return {}

    with pytest.raises(dq.UsageError, match="`query` of `Wrong` must be a plain function"):
        dq.connect(Wrong())
    with pytest.raises(dq.UsageError, match="`readers`"):
        dq.connect(manager, readers=3)


class Shelf(dq.CacheManager):
    """Bytes in a dictionary."""

    def __init__(self):
        self.kept = {}
        self.asked = []
        self.fails = False

    def _ask(self, *asked):
        self.asked.append(asked[0])
        if self.fails:
            raise ConnectionError("away")

    def get(self, key):
        self._ask("get")
        value, ends, *_ = self.kept.get(key, (None, 0))
        return value if ends > time.monotonic() else None

    def set(self, key, value, ttl, namespace, tags):
        self._ask("set")
        self.kept[key] = (value, time.monotonic() + ttl, namespace, tags)

    def _forget(self, name, is_meant):
        self._ask(name)
        for key in [key for key, it in self.kept.items() if is_meant(it)]:
            del self.kept[key]

    def delete(self, key):
        self._ask("delete")
        self.kept.pop(key, None)

    def invalidate_tag(self, tag):
        self._forget("invalidate_tag", lambda it: tag in it[3])

    def invalidate_namespace(self, namespace):
        self._forget("invalidate_namespace", lambda it: namespace == it[2])

    def clear(self):
        self._forget("clear", lambda it: True)

    def close(self):
        self._ask("close")


def test_values_are_kept_by_the_manager():
    shelf = Shelf()
    cache = dq.Cache("names", manager=shelf)
    assert cache.get("a") is None
    assert cache.set("a", {"b": [1, None]}, tags=["t"])
    assert cache.get("a") == {"b": [1, None]}
    (key,) = shelf.kept
    assert key.startswith("names:")
    assert cache.invalidate_tag("t")
    assert cache.get("a", "nothing") == "nothing"
    assert cache.get_or_compute("b", lambda: 7) == 7
    assert cache.get_or_compute("b", lambda: pytest.fail("was computed again")) == 7
    assert asyncio.run(cache.get_async("b")) == 7
    assert cache.delete("b")
    assert cache.get("b") is None
    assert cache.set("c", 1)
    assert cache.clear()
    assert cache.get("c") is None
    counted = cache.statistics()
    assert (counted["hits"], counted["shared"]["sets"]) == (3, 3)
    cache.close()
    assert shelf.asked[-1] == "close"


def test_a_value_is_computed_once_for_all_who_ask():
    cache = dq.Cache(manager=Shelf())
    computed = []
    asked = []

    async def main():
        all_asked = asyncio.Event()

        async def compute():
            computed.append(1)
            await all_asked.wait()
            return len(computed)

        async def ask():
            asked.append(1)
            if len(asked) == 20:
                all_asked.set()
            return await cache.get_or_compute_async("a", compute)

        return await asyncio.wait_for(asyncio.gather(*(ask() for _ in range(20))), 60)

    assert asyncio.run(main()) == [1] * 20
    assert computed == [1]


def test_a_store_that_fails_is_a_miss_and_is_told(caplog):
    shelf = Shelf()
    cache = dq.Cache(manager=shelf)
    cache.set("a", 1)
    shelf.fails = True
    with caplog.at_level(logging.WARNING, logger="dq"):
        assert cache.get("a") is None
        assert not cache.set("a", 2)
        assert cache.get_or_compute("a", lambda: 3) == 3
    assert "a cache failed: away" in caplog.text
    # What it could not be told to forget is not asked for until it has been.
    assert not cache.delete("a")
    shelf.fails = False
    assert cache.get("a") is None
    assert shelf.kept == {}


def test_a_value_that_was_read_before_an_invalidation_is_not_kept_after():
    cache = dq.Cache(manager=Shelf())

    def compute():
        cache.delete("a")
        return "old"

    assert cache.get_or_compute("a", compute) == "old"
    assert cache.get("a") is None


def test_an_executor_uses_it(providers):
    shelf = Shelf()
    with dq.connect(providers) as db:
        executor = dq.QueryExecutor(db, cache=dq.Cache(manager=shelf))
        for _ in range(2):
            assert executor.query("SELECT count(*) FROM providers", unchanged=["providers"]).scalar() == 3
        assert executor.query("SELECT count(*) FROM providers", unchanged=["providers"]).statistics["cached"]
    assert len(shelf.kept) == 1


def test_a_manager_and_another_place_are_refused():
    with pytest.raises(dq.UsageError):
        dq.Cache(manager=Shelf(), bytes_max=10)


def test_a_process_ends_while_a_manager_works(python):
    python(
        """
import threading, dq

class Slow(dq.DatabaseManager):
    def query(self, sql, params):
        begun.set()
        threading.Event().wait()

begun = threading.Event()
work = dq.connect(Slow())._database.query("SELECT 1", None, None)
begun.wait()
"""
    )
