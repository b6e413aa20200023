"""What is kept of each job that was judged: where its events lie in the history, and what other
jobs might share with it. On disk, so that memory does not grow with the number of jobs."""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

WRITE_EVERY = 500  # jobs
TABLES = """
create table jobs (name text primary key, token text, job_id text, first int, last int) strict;
create table pictures (sha256 text, name text, primary key (sha256, name)) strict, without rowid;
create index by_token on jobs (token);
create index by_job_id on jobs (job_id);
"""


@dataclass(frozen=True, slots=True)
class JudgedJob:
    """A judged job: its names, and the positions of its first and its last event in the file."""

    name: str
    token: str
    job_id: str
    first: int
    last: int


class Ledger:
    """A file of its own, which is removed at the end: the history has all of it, too."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.unlink(missing_ok=True)
        self._base = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        for setting in ("journal_mode = off", "synchronous = off", "cache_size = -2000"):
            self._base.execute(f"pragma {setting}")
        self._base.executescript(TABLES)
        self._unwritten = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        self._base.close()
        self._path.unlink(missing_ok=True)

    def keep(self, job: JudgedJob, pictures: Iterable[str]) -> None:
        """Note a job that was judged, with the SHA-256 of its pictures; one that was noted before
        is noted anew."""
        if not self._unwritten:
            self._base.execute("begin")
        self._base.execute(
            "insert or replace into jobs values (?, ?, ?, ?, ?)",
            (job.name, job.token, job.job_id, job.first, job.last),
        )
        self._base.executemany(
            "insert or ignore into pictures values (?, ?)", ((sha, job.name) for sha in pictures)
        )
        self._unwritten += 1
        if self._unwritten == WRITE_EVERY:
            self._base.execute("commit")
            self._unwritten = 0

    def named(self, name: str) -> JudgedJob | None:
        return self._one("name", name)

    def with_token(self, token: str) -> JudgedJob | None:
        return self._one("token", token)

    def with_job_id(self, job_id: str) -> JudgedJob | None:
        """The first job that got this id."""
        return self._one("job_id", job_id)

    def with_picture(self, sha256: str) -> JudgedJob | None:
        """A job that got this picture."""
        query = "select name from pictures where sha256 = ? limit 1"
        found = self._base.execute(query, (sha256,)).fetchone()
        return self.named(found[0]) if found else None

    def sharing_an_id(self, most: int) -> list[str]:
        """Names of jobs whose id another job has, too."""
        return self._names(
            "select name from jobs where job_id in (select job_id from jobs where job_id != '' "
            "group by job_id having count(*) > 1) limit ?",
            most,
        )

    def sharing_a_picture(self, most: int) -> list[str]:
        """Names of jobs that have a picture which another job has, too."""
        return self._names(
            "select distinct name from pictures where sha256 in (select sha256 from pictures "
            "group by sha256 having count(*) > 1) limit ?",
            most,
        )

    def _names(self, query: str, most: int) -> list[str]:
        return [name for (name,) in self._base.execute(query, (most,))]

    def _one(self, column: str, value: str) -> JudgedJob | None:
        query = f"select * from jobs where {column} = ? order by first limit 1"
        found = self._base.execute(query, (value,)).fetchone()
        return JudgedJob(*found) if found else None
