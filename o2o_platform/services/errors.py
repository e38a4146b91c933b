"""What stops the launcher, said in one clear line."""

import errno
import shutil
from pathlib import Path

# An empty PostgreSQL with the demo city takes about 150 MB; the rest is room for its write-ahead log.
NEEDED_FREE_MB = 500


class ServiceError(Exception):
    """Something the person at the terminal has to put right. The message is one plain line."""


def require_disk_space(directory: Path, *, needed_mb: int = NEEDED_FREE_MB) -> None:
    """Raise ServiceError when the disk of `directory` (which exists) has less than `needed_mb` MB free."""
    free_mb = shutil.disk_usage(directory).free // 1_000_000
    if free_mb < needed_mb:
        raise ServiceError(f"The disk is full: {directory} has {free_mb} MB free, CarKeeper needs {needed_mb} MB.")


def explain(error: OSError) -> str:
    """One line for an operating-system error met while setting up."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return f"The disk is full: could not write {error.filename or 'a file'}."
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return f"No permission to write {error.filename or 'a file'}."
    return f"{error.strerror or error}: {error.filename or ''}".rstrip(": ")
