"""`dq.connect`: queries, writes, transactions, blocking and awaited."""

import asyncio
import datetime
import decimal
import sqlite3
import threading
import time
import uuid

import pytest

import dq
from conftest import ENDLESS


@pytest.fixture
def database(tmp_path):
    with dq.connect(f"sqlite:{tmp_path / 'a.db'}", create_if_missing=True, readers=3) as database:
        database.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, a, b)")
        yield database


def test_values_travel_beside_the_statement(database):
    moment = datetime.datetime(2026, 1, 2, 3, 4, 5, 600_000)
    zone = datetime.timezone(datetime.timedelta(hours=2))
    given = [
        (None, None),
        (True, 1),
        (-(2**63), -(2**63)),
        (1.5, 1.5),
        ("it's; DROP TABLE t", "it's; DROP TABLE t"),
        (b"\xff\x00", b"\xff\x00"),
        (datetime.date(2026, 1, 2), "2026-01-02"),
        (moment, "2026-01-02 03:04:05.600000"),
        (moment.replace(tzinfo=zone), "2026-01-02 01:04:05.600000"),
        (decimal.Decimal("1.10"), "1.10"),
        (uuid.UUID(int=7), str(uuid.UUID(int=7))),
    ]
    for value, expected in given:
        assert database.query("SELECT ?", [value]).scalar() == expected
        assert database.query("SELECT :it", {"it": value}).scalar() == expected
    assert database.execute("INSERT INTO t (a, b) VALUES (?, ?)", (1, "x")) == 1
    assert list(database.query("SELECT * FROM t")) == [(1, 1, "x")]
    assert database.query("SELECT a, b FROM t").to_dicts() == [{"a": 1, "b": "x"}]


def test_numpy_scalars_are_values(database):
    numpy = pytest.importorskip("numpy")
    assert database.query("SELECT ?", [numpy.int64(7)]).scalar() == 7
    assert database.query("SELECT ?", [numpy.float32(0.5)]).scalar() == 0.5
    assert database.query("SELECT ?", [numpy.str_("x")]).scalar() == "x"


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ([object()], "cannot use a `object`"),
        ([2**63], "more than 64 bits"),
        ("text", "and not a `str`"),
        ({1, 2}, "and not a `set`"),
        (7, "and not a `int`"),
        ([[1]], "cannot use a `list`"),
    ],
)
def test_what_is_no_parameter_is_a_usage_error(database, parameters, message):
    with pytest.raises(dq.UsageError, match=message):
        database.query("SELECT ?", parameters)


def test_errors_have_their_classes(database, tmp_path):
    with pytest.raises(dq.QueryError):
        database.query("SELEC 1")
    with pytest.raises(dq.QueryError):
        database.query("SELECT ?")
    with pytest.raises(dq.QueryError):
        database.query("SELECT ?", [1, 2])
    with pytest.raises(dq.PermissionDeniedError):
        database.query("DELETE FROM t")
    database.execute("INSERT INTO t (id) VALUES (1)")
    with pytest.raises(dq.ConflictError):
        database.execute("INSERT INTO t (id) VALUES (1)")
    with pytest.raises(dq.NotFoundError):
        dq.connect(tmp_path / "nowhere.db")
    assert not (tmp_path / "nowhere.db").exists()
    with pytest.raises(dq.UsageError, match="unknown field `reader`"):
        dq.connect(tmp_path / "a.db", reader=3)
    with pytest.raises(dq.ConfigError, match="`readers`"):
        dq.connect(tmp_path / "a.db", readers=0)
    with pytest.raises(dq.UnavailableError) as refused:
        dq.connect("postgres://nobody:secret@127.0.0.1:1/nothing", acquire_timeout_ms=200, connect_timeout_ms=200)
    assert "secret" not in str(refused.value)
    assert refused.value.retryable


def test_a_limit_tells_whether_there_is_more(database):
    database.execute("INSERT INTO t (a) VALUES (1), (2), (3)")
    result = database.query("SELECT a FROM t", limit=2)
    assert (len(result), result.truncated, result.columns) == (2, True, ["a"])
    assert not database.query("SELECT a FROM t", limit=3).truncated


def test_columns_of_arrow_have_one_type(database):
    pyarrow = pytest.importorskip("pyarrow")
    database.execute("INSERT INTO t (a, b) VALUES (1, 1), (2.5, 'x'), (NULL, 3)")
    result = database.query("SELECT a, b, id, NULL AS n, x'ff' AS y FROM t")
    table = pyarrow.table(result)
    assert table.to_pydict() == {
        "a": [1.0, 2.5, None],
        "b": ["1", "x", "3"],
        "id": [1, 2, 3],
        "n": [None] * 3,
        "y": [b"\xff"] * 3,
    }
    assert list(result)[1] == (2.5, "x", 2, None, b"\xff")
    empty = pyarrow.table(database.query("SELECT id, a FROM t WHERE id > 9"))
    assert (empty.num_rows, empty.column_names) == (0, ["id", "a"])


def test_many_rows_come_whole(database):
    numbers = (
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 200000) SELECT i, 'row ' || i FROM n"
    )
    result = database.query(numbers)
    assert result.row_count == 200_000
    assert sum(row[0] for row in result) == 200_000 * 200_001 // 2
    assert result.table().column("i")[-1] == 200_000


def test_a_transaction_commits_or_rolls_back(database):
    with database.transaction() as tx:
        tx.execute("INSERT INTO t (a) VALUES (?)", [1])
        assert tx.query("SELECT count(*) FROM t").scalar() == 1
        assert database.query("SELECT count(*) FROM t").scalar() == 0
    assert database.query("SELECT count(*) FROM t").scalar() == 1
    with pytest.raises(ZeroDivisionError), database.transaction() as tx:
        tx.execute("DELETE FROM t")
        raise ZeroDivisionError
    assert database.query("SELECT count(*) FROM t").scalar() == 1
    with pytest.raises(dq.UsageError, match="is over"):
        tx.execute("DELETE FROM t")


def test_a_transaction_is_awaited(database):
    async def main():
        async with database.transaction_async() as tx:
            assert await tx.execute_async("INSERT INTO t (a) VALUES (1)") == 1
            assert (await tx.query_async("SELECT a FROM t")).scalar() == 1
        with pytest.raises(ZeroDivisionError):
            async with database.transaction_async() as tx:
                await tx.execute_async("DELETE FROM t")
                raise ZeroDivisionError
        return (await database.query_async("SELECT count(*) FROM t")).scalar()

    assert asyncio.run(main()) == 1


def test_everything_has_a_twin_for_event_loops(tmp_path, database):
    async def main():
        async with await dq.connect_async(tmp_path / "a.db") as other:
            assert await other.execute_async("INSERT INTO t (a) VALUES (1)") == 1
            assert list(await other.tables_async()) == ["t"]
            assert (await other.health_async())["status"] == "healthy"
            await other.backup_async(tmp_path / "copy.db")
            report = await other.validate_async(dq.Rule("t", dq.Check("it", unique=["a"]), table="t"))
            assert report.passed
            assert (await other.profile_async()).tables["t"]["rows"] == 1
            results = await asyncio.gather(*(other.query_async("SELECT ?", [it]) for it in range(100)))
            assert [it.scalar() for it in results] == list(range(100))
        with pytest.raises(dq.UnavailableError, match="closed"):
            await other.query_async("SELECT 1")

    asyncio.run(main())
    with sqlite3.connect(tmp_path / "copy.db") as copy:
        assert copy.execute("SELECT count(*) FROM t").fetchone() == (1,)
    copy.close()


def test_cancelling_a_task_stops_the_statement(database):
    async def main():
        tasks = [asyncio.create_task(database.query_async(ENDLESS)) for _ in range(3)]
        while database.statistics()["readers"]["in_use"] < 3:
            await asyncio.sleep(0.001)
        started = time.perf_counter()
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(it, asyncio.CancelledError) for it in ended)
        # All three connections are free again only if their statements have stopped.
        result = await asyncio.wait_for(asyncio.gather(*(database.query_async("SELECT 1") for _ in range(3))), 10)
        assert [it.scalar() for it in result] == [1, 1, 1]
        assert time.perf_counter() - started < 5

    asyncio.run(main())


def test_blocking_calls_work_under_a_running_loop(database):
    async def main():
        return database.query("SELECT 1").scalar(), database.validate(
            dq.Rule("t", dq.Check("it", unique=["a"]), table="t")
        )

    scalar, report = asyncio.run(main())
    assert scalar == 1
    assert report.status == "not_applicable"


def test_one_database_serves_many_threads_and_loops(database):
    failures = []

    def work(number):
        try:
            assert database.query("SELECT ?", [number]).scalar() == number

            async def main():
                return (await database.query_async("SELECT ?", [number])).scalar()

            assert asyncio.run(main()) == number
        except BaseException as error:  # noqa: BLE001
            failures.append(error)

    threads = [threading.Thread(target=work, args=(it,)) for it in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


def test_files_and_frames_have_no_sql(hospitals, hospital_rules):
    for source in [hospitals, {"a": [1]}]:
        with dq.connect(source) as database:
            with pytest.raises(dq.UnsupportedError, match="has no SQL"):
                database.query("SELECT 1")
            assert database.profile().tables
    assert dq.connect(hospitals).validate(hospital_rules).check("phone", "shared").violations == 40
    assert dq.validate(dq.connect(hospitals), hospital_rules).tables == {"data": 5326}


def test_an_executor_keeps_to_its_limits(database):
    with pytest.raises(dq.ConfigError, match="concurrent_max"):
        dq.QueryExecutor(database, concurrent_max=0)
    executor = dq.QueryExecutor(database, concurrent_max=2, cache=dq.Cache())
    database.execute("INSERT INTO t (a) VALUES (1)")
    for cached in [False, True]:
        result = executor.query("SELECT count(*) FROM t", unchanged=["t"], name="count")
        assert result.scalar() == 1
        assert result.statistics["cached"] is cached
    executor.execute("INSERT INTO t (a) VALUES (?)", [2])
    assert executor.query("SELECT count(*) FROM t", unchanged=["t"], name="count").scalar() == 2
    with pytest.raises(dq.TimeoutError) as raised:
        executor.query(ENDLESS, deadline=0.05)
    assert raised.value.retryable
    good, bad = executor.query_all(["SELECT 1", "SELEC 1"])
    assert good.scalar() == 1
    assert isinstance(bad, dq.QueryError)
    assert executor.statistics()["names"]["count"]["cached"] == 1

    async def main():
        results = await executor.query_all_async([f"SELECT {it}" for it in range(20)])
        assert [it.scalar() for it in results] == list(range(20))
        assert await executor.execute_async("DELETE FROM t", repeatable=True) == 2
        await executor.close_async()
        with pytest.raises(dq.UnavailableError):
            await executor.query_async("SELECT 1")

    asyncio.run(main())
    assert database.query("SELECT 1").scalar() == 1
