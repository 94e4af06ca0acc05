"""From work of the Rust half to a blocking call, or to something that can be awaited."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncio

    from dq._dq import Work


async def awaited(work: Work) -> Any:
    """Await the end of ``work``; a cancelled task stops it."""
    import asyncio

    loop = asyncio.get_running_loop()
    ended: asyncio.Future[None] = loop.create_future()

    def wake() -> None:
        try:
            loop.call_soon_threadsafe(_set, ended)
        except RuntimeError:
            # The loop is closed, and nobody waits any more.
            work.cancel()

    work.when_ended(wake)
    try:
        await ended
    except BaseException:
        work.cancel()
        raise
    return work.result()


def _set(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
