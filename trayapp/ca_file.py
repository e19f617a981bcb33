"""The file of certificates that the user trusts besides all others: what may be wrong with it."""

from __future__ import annotations

from pathlib import Path

from trayapp.i18n import _, system_words


def is_away(name: str) -> bool:
    """Whether a file that is named is not there now, such as one on a share."""
    return bool(name) and not Path(name).expanduser().exists()


def trouble_with(name: str) -> str:
    """Why no certificates will be read from this file; empty when they will, or it is away."""
    if not name:
        return ""
    import ssl  # noqa: PLC0415  # for the few who need it

    trouble = ""
    try:
        file = Path(name).expanduser()
        if not file.is_absolute():
            trouble = _("it must begin with / or ~")
        else:
            pem = file.read_text(encoding="ascii", errors="ignore")
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=pem)
    except FileNotFoundError:
        return ""
    except (ssl.SSLError, ValueError):
        trouble = _("it holds no certificate in PEM form")
    except (OSError, RuntimeError) as error:
        trouble = system_words(error) if isinstance(error, OSError) else str(error)
    return trouble
