"""Whom to trust: the certificates that a server's own must lead to. There is no way to trust all.

`trust_also` is called once, when the program is composed; sessions made later follow it.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl

logger = logging.getLogger(__name__)

_REPLACING = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_private_ca = ""


def trust_also(ca_file: str) -> None:
    """Trust these certificates besides all others; an empty path, or one that is away: no others.

    Raises OSError for a file that cannot be read.
    """
    global _private_ca  # noqa: PLW0603  # one per process, as is the environment's
    # Read now: a file that is moved while the program runs is no trouble of the network's.
    path = Path(ca_file).expanduser()
    try:
        _private_ca = path.read_text(encoding="ascii", errors="ignore") if ca_file else ""
    except FileNotFoundError:
        _private_ca = ""
        logger.warning("%s, named as ca_file, is not there", path)


def context() -> ssl.SSLContext:
    """What a connection checks certificates with; requests adds its own, or the environment's.

    Where the environment names a bundle, that one replaces the system's, as in requests.
    """
    import ssl  # noqa: PLC0415  # with the first request

    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    if not any(map(os.environ.get, _REPLACING)):
        made.load_default_certs()
    if _private_ca:
        made.load_verify_locations(cadata=_private_ca)
    return made
