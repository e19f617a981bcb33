"""KeyringTokenStore: one account's tokens in the system's keyring, and for this run where it fails.

The newest pair is in memory before anything else happens to it, and is brought into the keyring
again and again until it is there. No text here holds a token.
"""

from __future__ import annotations

import contextlib
import json
import logging
import sys
import threading
from collections.abc import Callable

from trayapp.accounts.keyring_port import Keyring, KeyringFailed, NotKept
from trayapp.accounts.quiet_keyring import QuietKeyring
from trayapp.accounts.tokens import Tokens, TokensLocked
from trayapp.log import conceal

# 2560 bytes of UTF-16 (CRED_MAX_CREDENTIAL_BLOB_SIZE).
WINDOWS_CHARACTERS = 1280

_logger = logging.getLogger(__name__)
_NOTHING = ""
_UNREADABLE = "it cannot be read"


def max_characters(platform: str = sys.platform) -> int | None:
    """How long an item of this system's keyring may be; None where there is no such limit."""
    return WINDOWS_CHARACTERS if platform == "win32" else None


class KeyringTokenStore:
    """A TokenStore. Any thread may call; nobody waits beyond the keyring's deadline."""

    def __init__(
        self,
        keyring: QuietKeyring,
        account: str,
        *,
        kept_for_session: Callable[[NotKept], None] | None = None,
        limit: int | None = None,
    ) -> None:
        """`account` names the item; `limit` is the longest text that fits (`max_characters()`).

        `kept_for_session` is told, on any thread, once for each time and cause.
        """
        self._keyring = keyring
        self._account = account
        self._kept_for_session = kept_for_session or _nobody_to_tell
        self._limit = limit
        self._lock = threading.Lock()
        self._is_known = False
        self._tokens: Tokens | None = None
        # The item as it is: None when unknown, empty when there is none.
        self._stored: str | None = None
        self._why: NotKept | None = None

    @property
    def why_session_only(self) -> NotKept | None:
        """Why these tokens end with the run; None when they are in the keyring, or are none."""
        with self._lock:
            return self._why

    @property
    def is_session_only(self) -> bool:
        """Whether these tokens end with the run."""
        return self.why_session_only is not None

    @property
    def owes(self) -> bool:
        """Whether something is left to be kept, or to be removed."""
        with self._lock:
            return self._owes()

    def load(self) -> Tokens | None:
        with self._lock:
            if self._is_known:
                return self._tokens
        try:
            self._keyring.use(self._read)
        except KeyringFailed as failure:
            if self._keyring.was_seen or failure.why is not NotKept.ABSENT:
                raise TokensLocked(_UNREADABLE) from failure  # they may be there: no sign-out
        with self._lock:
            return self._tokens

    def save(self, tokens: Tokens) -> None:
        conceal(tokens.access)
        conceal(tokens.refresh)
        with self._lock:
            self._is_known, self._tokens = True, tokens
        self.keep()

    def ready(self) -> None:
        self._catch_up()
        try:
            self._keyring.check_open()
        except KeyringFailed:
            _logger.info("There is no keyring now: new tokens are kept for this run")

    def keep(self) -> bool:
        """Try again to keep what is only in memory; whether nothing is left to be kept."""
        with contextlib.suppress(TokensLocked):
            self._catch_up()
        return not self.owes

    def delete(self) -> None:
        """Forget the tokens, at once for this run. Raises TokensLocked or KeyringFailed.

        It raises when they may still be in the keyring; `keep` tries again to remove them.
        """
        with self._lock:
            self._is_known, self._tokens, self._why = True, None, None
            if not self._owes():
                return
        self._keyring.use(self._settle)

    def _catch_up(self) -> None:
        """Bring into the keyring what is not there yet. Raises TokensLocked."""
        with self._lock:
            if not self._owes():
                return
        try:
            self._keyring.use(self._settle)
        except TokensLocked:
            self._say(NotKept.LOCKED)
            raise
        except KeyringFailed as failure:
            self._say(failure.why)

    def _read(self, keyring: Keyring) -> None:
        """On the keyring thread: also what comes after the deadline is kept."""
        text = keyring.get(self._account)
        tokens = _decoded(text) if text else None
        if tokens is not None:
            conceal(tokens.access)
            conceal(tokens.refresh)
        with self._lock:
            if self._is_known or tokens is None:
                return  # somebody signed in meanwhile; or, with nothing there, still may
            self._is_known, self._tokens, self._stored = True, tokens, text

    def _settle(self, keyring: Keyring) -> None:
        """On the keyring thread: until the item is what it should be, however late that is."""
        while True:
            with self._lock:
                wanted = self._wanted()
                if wanted == self._stored:
                    self._why = None
                    return
                self._stored = None
            self._write(keyring, wanted)

    def _write(self, keyring: Keyring, wanted: str) -> None:
        """Nothing is believed that cannot be read back."""
        if wanted:
            keyring.set(self._account, wanted)
        else:
            keyring.delete(self._account)
        if (keyring.get(self._account) or _NOTHING) != wanted:
            raise KeyringFailed(NotKept.REFUSED)
        with self._lock:
            self._stored = wanted

    def _owes(self) -> bool:
        """Whether the item is not known to be what it should be. Only with the lock held."""
        if not self._is_known:
            return False
        try:
            return self._wanted() != self._stored
        except KeyringFailed:
            return True

    def _wanted(self) -> str:
        """The item as it should be. Raises KeyringFailed when it would be too long."""
        if self._tokens is None:
            return _NOTHING
        whole = _encoded(self._tokens)
        if self._fits(whole):
            return whole
        # The access token is had again for the refresh token, at the next start.
        shorter = _encoded(Tokens(access="", refresh=self._tokens.refresh))
        if not self._tokens.refresh or not self._fits(shorter):
            raise KeyringFailed(NotKept.TOO_LONG)
        return shorter

    def _fits(self, text: str) -> bool:
        return self._limit is None or len(text) <= self._limit

    def _say(self, why: NotKept) -> None:
        with self._lock:
            if self._tokens is None or self._why is why or not self._owes():
                return  # the last: it has answered in this very moment
            self._why = why
        _logger.warning("The tokens are kept for this run only: %s", why)
        self._kept_for_session(why)


def _encoded(tokens: Tokens) -> str:
    # ASCII, so that one character is one unit of UTF-16.
    return json.dumps({"access": tokens.access, "refresh": tokens.refresh}, separators=(",", ":"))


def _decoded(text: str) -> Tokens | None:
    """The tokens of an item; None when it was not written by us."""
    try:
        item: object = json.loads(text)
    except (ValueError, RecursionError):
        item = None
    if isinstance(item, dict):
        access, refresh = item.get("access", ""), item.get("refresh", "")
        if isinstance(access, str) and isinstance(refresh, str) and (access or refresh):
            return Tokens(access=access, refresh=refresh)
    _logger.warning("The item in the keyring cannot be read; it is as if nobody were signed in")
    return None


def _nobody_to_tell(_why: NotKept) -> None:
    """For programs that ask `why_session_only` themselves."""
