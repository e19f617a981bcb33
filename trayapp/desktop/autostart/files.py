"""One file, replaced as a whole or left as it was."""

from __future__ import annotations

import os
from pathlib import Path

from trayapp.desktop.autostart.port import AutostartError


def read(path: Path) -> bytes | None:
    """What is in it; None where there is none. Raises AutostartError."""
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise AutostartError(error) from error


def replace(path: Path, content: bytes) -> None:
    """Have this in it from now on; a link stays one. Raises AutostartError."""
    try:
        # A link may lead to where the user keeps their files.
        real = path.resolve()
        real.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = real.with_name(f"{real.name}.{os.getpid()}")
        try:
            fresh.write_bytes(content)
            fresh.replace(real)
        finally:
            fresh.unlink(missing_ok=True)
    except OSError as error:
        raise AutostartError(error) from error


def remove(path: Path) -> None:
    """Have none from now on. Raises AutostartError."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise AutostartError(error) from error
