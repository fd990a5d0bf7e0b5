"""Writing a file so that a reader finds the old content or the new one, and never a part of it."""

import os
from pathlib import Path


def write_atomic(path: Path, data: bytes) -> None:
    """Replace the content of `path` in one step; on any error the old content stays and no temporary file is left.

    Raises:
        OSError: the folder is read-only, the disk is full, ...
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with open(temporary, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
