"""Results of rules, kept while the data are unchanged."""

from __future__ import annotations

import datetime
import hashlib
import json
import logging
import os
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from dq._dq import ArrowTable
from dq._table import Table
from dq.exceptions import DqError
from dq.pipeline.result import QueryResult, columns_of, frame_of, framed, is_tabular, moment, now

if TYPE_CHECKING:
    import pandas

_log = logging.getLogger("dq.pipeline")

_SUFFIX = ".dqresult"

CACHE_CONFIGS: dict[str, int] = {
    "affiliation_anomaly": 30,
    "provider_name_inconsistency": 60,
    "npi_validation": 120,
    "contact_validation": 15,
    "temporal_consistency": 240,
    "cross_reference_integrity": 60,
    "validation_summary": 5,
}
"""For how many minutes results of a rule are kept where nothing else is said."""


@framed("result_data")
@dataclass(eq=False, repr=False)
class CacheEntry:
    """One result: its rows, what it took, until when it is kept. Moments are in UTC."""

    query_hash: str
    rule_name: str
    query_sql: str
    result_data: pandas.DataFrame
    """The rows."""
    execution_time: float
    row_count: int
    created_at: datetime.datetime
    expires_at: datetime.datetime
    cache_hit_count: int = 0
    details: dict[str, Any] | None = None
    """What was kept beside the rows."""

    def is_expired(self) -> bool:
        """Whether it is kept no longer."""
        return now() >= self.expires_at

    def to_dict(self) -> dict[str, Any]:
        """Return all but the rows."""
        return {
            "query_hash": self.query_hash,
            "rule_name": self.rule_name,
            "query_sql": self.query_sql,
            "execution_time": self.execution_time,
            "row_count": self.row_count,
            "created_at": moment(self.created_at),
            "expires_at": moment(self.expires_at),
            "cache_hit_count": self.cache_hit_count,
        }

    def __repr__(self) -> str:
        return f"<CacheEntry {self.rule_name} {self.query_hash}: {self.row_count} rows>"


class QueryResultCache:
    """Keeps results in memory, and in files of ``cache_dir`` if there is one.

    Rows are kept as Arrow: reading a file runs no code. ``version`` names the database and the state of its data;
    what was kept for another is not given. Only the user of the process can read the files.
    """

    def __init__(
        self,
        cache_dir: str | os.PathLike[str] | None = None,
        default_ttl_minutes: int = 60,
        max_memory_entries: int = 100,
        max_disk_size_mb: int = 500,
        *,
        on_disk: bool = True,
    ) -> None:
        """Without ``cache_dir`` files are in ``cache`` below the current folder; ``on_disk=False`` writes none."""
        self.cache_dir = Path(cache_dir) if cache_dir is not None else Path.cwd() / "cache"
        self.default_ttl_minutes = default_ttl_minutes
        self.max_memory_entries = max_memory_entries
        self.max_disk_size_mb = max_disk_size_mb
        self.on_disk = on_disk
        self._lock = threading.RLock()
        self._memory: OrderedDict[str, CacheEntry] = OrderedDict()
        self._counts = dict.fromkeys(("hits", "misses", "memory_hits", "disk_hits", "evictions", "errors"), 0)

    def get(
        self, rule_name: str, sql: str, params: Mapping[str, Any] | None = None, *, version: str | None = None
    ) -> CacheEntry | None:
        """Return what is kept for a rule, its statement, and these parameters, if it has not expired."""
        key = _key(rule_name, sql, params, version)
        with self._lock:
            entry = self._memory.get(key)
            level = "memory_hits"
            if entry is None:
                entry, level = self._read(self._path(key)), "disk_hits"
            if entry is None or entry.is_expired():
                self._forget(key)
                self._counts["misses"] += 1
                return None
            self._counts["hits"] += 1
            self._counts[level] += 1
            entry.cache_hit_count += 1
            self._remember(key, entry)
            return entry

    def set(
        self,
        rule_name: str,
        sql: str,
        data: Any,
        execution_time: float,
        params: Mapping[str, Any] | None = None,
        ttl_minutes: float | None = None,
        *,
        version: str | None = None,
        details: dict[str, Any] | None = None,
        on_disk: bool = True,
    ) -> str:
        """Keep rows, a frame or a table; returns the key."""
        if not is_tabular(data):
            raise TypeError(f"cannot keep a `{type(data).__name__}`: rows are a frame or a table")
        key = _key(rule_name, sql, params, version)
        minutes = ttl_minutes if ttl_minutes is not None else CACHE_CONFIGS.get(rule_name, self.default_ttl_minutes)
        created = now()
        ends = created + datetime.timedelta(minutes=minutes)
        rows = QueryResult(data, 0.0, len(data), columns_of(data), sql).table
        entry = CacheEntry(key, rule_name, sql, frame_of(rows), execution_time, len(data), created, ends, 0, details)
        with self._lock:
            self._remember(key, entry)
            if self.on_disk and on_disk:
                self._write(key, entry, rows)
        return key

    def cleanup_expired(self) -> int:
        """Forget what has expired; returns how many results that were."""
        return self._forget_where(lambda it: it.is_expired())

    def invalidate_rule(self, rule_name: str) -> int:
        """Forget the results of one rule; returns how many that were."""
        return self._forget_where(lambda it: it.rule_name == rule_name)

    def clear_all(self) -> None:
        """Forget everything."""
        self._forget_where(lambda _: True)

    def optimize_cache(self) -> dict[str, Any]:
        """Forget what has expired, and what is beyond the bounds; tells how many results went."""
        expired = self.cleanup_expired()
        with self._lock:
            before = self._counts["evictions"]
            self._bound()
            return {"expired_removed": expired, "evicted": self._counts["evictions"] - before, **self._size()}

    def get_statistics(self) -> dict[str, Any]:
        """Return how often results were found, and how many are kept."""
        with self._lock:
            total = self._counts["hits"] + self._counts["misses"]
            entries = len(self._memory) or 1
            return {
                **self._counts,
                "hit_rate": self._counts["hits"] / total if total else 0.0,
                "memory_entries": len(self._memory),
                "total_requests": total,
                **self._size(),
                "avg_cache_hits": sum(it.cache_hit_count for it in self._memory.values()) / entries,
            }

    def _size(self) -> dict[str, Any]:
        sizes = [_bytes(it) for it in self._files()]
        return {"disk_entries": len(sizes), "disk_size_mb": sum(sizes) / (1 << 20)}

    def _remember(self, key: str, entry: CacheEntry) -> None:
        self._memory[key] = entry
        self._memory.move_to_end(key)
        while len(self._memory) > max(0, self.max_memory_entries):
            self._memory.popitem(last=False)
            self._counts["evictions"] += 1

    def _forget(self, key: str) -> None:
        self._memory.pop(key, None)
        self._path(key).unlink(missing_ok=True)

    def _forget_where(self, is_meant: Any) -> int:
        with self._lock:
            found = {key for key, it in self._memory.items() if is_meant(it)}
            for path in self._files():
                entry = self._read(path)
                if entry is None or is_meant(entry):
                    found.add(path.stem)
            for key in found:
                self._forget(key)
            return len(found)

    def _path(self, key: str) -> Path:
        return self.cache_dir / f"{key}{_SUFFIX}"

    def _files(self) -> Iterator[Path]:
        return iter(sorted(self.cache_dir.glob(f"*{_SUFFIX}"))) if self.on_disk else iter(())

    def _read(self, path: Path) -> CacheEntry | None:
        if not self.on_disk:
            return None
        try:
            with path.open("rb") as file:
                head = cast("dict[str, Any]", json.loads(file.readline()))
                rows = Table(ArrowTable.of_ipc(file.read()))
            dates = [datetime.datetime.fromisoformat(head.pop(it)) for it in ("created_at", "expires_at")]
            return CacheEntry(result_data=frame_of(rows), created_at=dates[0], expires_at=dates[1], **head)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError, KeyError, DqError):
            _log.warning("a cached result cannot be read, and is made again: `%s`", path)
            self._counts["errors"] += 1
            path.unlink(missing_ok=True)
            return None

    def _write(self, key: str, entry: CacheEntry, rows: Table) -> None:
        head = {**entry.to_dict(), "details": entry.details}
        try:
            self.cache_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor, name = tempfile.mkstemp(dir=self.cache_dir)
            with os.fdopen(descriptor, "wb") as file:
                file.write(json.dumps(head).encode() + b"\n")
                file.write(rows._arrow.to_ipc())  # pyright: ignore[reportPrivateUsage]
            Path(name).replace(self._path(key))
        except (OSError, TypeError, ValueError) as error:
            # A cache may forget; it never fails a rule.
            _log.warning("a result cannot be kept in `%s`: %s", self.cache_dir, error)
            self._counts["errors"] += 1
            return
        self._bound()

    def _bound(self) -> None:
        """Remove the files that were written first, until all take no more than they may."""
        files = sorted(self._files(), key=lambda it: it.stat().st_mtime_ns)
        total = sum(map(_bytes, files))
        for path in files:
            if total <= self.max_disk_size_mb << 20:
                return
            total -= _bytes(path)
            self._forget(path.stem)
            self._counts["evictions"] += 1


def _key(rule_name: str, sql: str, params: Mapping[str, Any] | None, version: str | None) -> str:
    told = json.dumps([rule_name, sql, dict(params or {}), version], sort_keys=True, default=str)
    return hashlib.sha256(told.encode()).hexdigest()[:32]


def _bytes(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
