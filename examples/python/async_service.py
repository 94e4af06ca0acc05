"""A service in an event loop: an executor with limits, a cache, a circuit breaker, and a validation beside them."""

import asyncio
import tempfile
from pathlib import Path

import dq

breaker = dq.CircuitBreaker("registry", minimum_requests=5)


@breaker
async def ask_the_registry(npi: str) -> bool:
    """Ask another service, which may be down; a stand-in for one here."""
    await asyncio.sleep(0.01)
    return npi.startswith("1")


async def answer(executor: dq.QueryExecutor, cache: dq.Cache, provider: int) -> dict[str, object]:
    """Answer one request: the database within limits, the other service once for all who ask."""
    sql = "SELECT npi FROM provider WHERE id = ?"
    row = await executor.query_async(sql, [provider], name="npi", unchanged=["provider"], deadline=5)
    npi = str(row.scalar())
    known = await cache.get_or_compute_async(("registry", npi), lambda: ask_the_registry(npi), ttl=60)
    return {"npi": npi, "known": known, "cached": row.statistics and row.statistics["cached"]}


async def main() -> None:
    """Serve some requests while the whole table is validated."""
    with tempfile.TemporaryDirectory() as folder:
        async with await dq.connect_async(Path(folder, "a.db"), create_if_missing=True) as db:
            await db.execute_async("CREATE TABLE provider (id INTEGER PRIMARY KEY, npi TEXT)")
            async with db.transaction_async() as tx:
                for number in range(100):
                    await tx.execute_async("INSERT INTO provider (npi) VALUES (?)", [str(1_000_000_000 + number)])
            cache = dq.Cache("service")
            executor = dq.QueryExecutor(db, cache=cache, concurrent_max=4)
            rule = dq.Rule("npi", dq.Check("luhn", column="npi", format="npi"), table="provider")
            report, *answers = await asyncio.gather(
                db.validate_async(rule), *(answer(executor, cache, 1 + it % 5) for it in range(50))
            )
            print(answers[-1], report.check("npi", "luhn").violations)
            print(executor.statistics()["names"]["npi"]["calls"], "calls")


if __name__ == "__main__":
    asyncio.run(main())
