"""What runs have kept: folders of reports with nothing of anybody else in them."""

import re
from pathlib import Path

from asyncproof.receiver.storage.retention import Kept

RUNNING_SECONDS = 3600.0  # a run that wrote its history so lately may still be going on
_RUN = re.compile(r"\d{8}-\d{6}-[0-9a-f]{4}", re.ASCII)
_RUN_FILES = re.compile(
    r"history\.ndjson|verdict\.json|report\.html|pictures/[0-9a-f]{20}\.(?:png|jpg|webp|bin)",
    re.ASCII,
)


def runs(reports: Path, now: float) -> list[Kept]:
    """The runs below a folder of reports, except what is running or has files of somebody else."""
    folders = sorted(reports.iterdir()) if reports.is_dir() else []
    found = [_run(folder) for folder in folders if _RUN.fullmatch(folder.name)]
    return [run for run in found if run is not None and now - run.when > RUNNING_SECONDS]


def _run(folder: Path) -> Kept | None:
    history = folder / "history.ndjson"
    if folder.is_symlink() or not folder.is_dir() or not history.is_file():
        return None
    inside = sorted(folder.rglob("*"))
    files = [p for p in inside if p.is_symlink() or not p.is_dir()]
    folders = [p for p in inside if p not in files]
    ours = all(_RUN_FILES.fullmatch(p.relative_to(folder).as_posix()) for p in files)
    if not ours or any(p.is_symlink() for p in files) or folders not in ([], [folder / "pictures"]):
        return None
    size = sum(p.stat().st_size for p in files)
    return Kept((*files, *folders, folder), history.stat().st_mtime, size)
