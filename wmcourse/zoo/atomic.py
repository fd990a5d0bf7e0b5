"""Writing a file so that a reader finds the old content or the new one, and never a part of it."""

import os
from pathlib import Path
from uuid import uuid4


def temporary_name(path: Path) -> Path:
    """A hidden file beside `path` that nobody else writes to, of any process, thread or call; it keeps the suffix."""
    return path.with_name(f".{uuid4().hex}-{path.name}")


def write_atomic(path: Path, data: bytes) -> None:
    """Replace the content of `path` in one step; on any error the old content stays and no temporary file is left.

    Raises:
        OSError: the folder is read-only, the disk is full, ...
    """
    temporary = temporary_name(path)
    try:
        with open(temporary, "xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
