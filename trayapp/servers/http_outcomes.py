"""What a status or an exception means: two total tables, for every server. Pure.

A reason never holds an address, a token or an exception's own text: those can carry secrets.
"""

from __future__ import annotations

import errno
import http.client
import socket
import ssl
from collections.abc import Iterator

from trayapp.servers.http_answer import Answer, phrase_of
from trayapp.sync.outcome import (
    Doubtful,
    Offline,
    Ours,
    Outcome,
    Refused,
    ServerTrouble,
    SignedOut,
    Throttled,
    Untrusted,
    WrongAddress,
)
from trayapp.sync.sign_in import HOST_NOT_FOUND

_NETWORK = "Network error: "
_OFFLINE_STATUSES = {
    407: "the proxy wants a sign-in (407)",
    511: "the network wants a sign-in (511)",
}
_TROUBLE_STATUSES = frozenset({408, 425, *range(500, 600)})

_WORDS_BY_TYPE: tuple[tuple[type[BaseException], str], ...] = (
    (socket.gaierror, HOST_NOT_FOUND),
    (ConnectionRefusedError, "connection refused"),
    (http.client.RemoteDisconnected, "connection closed without an answer"),
    (ConnectionError, "connection reset"),
    (http.client.IncompleteRead, "answer cut short"),
    (ssl.SSLError, "TLS connection failed"),
)
_WORDS_BY_ERRNO = {
    errno.ENETUNREACH: "network unreachable",
    errno.EHOSTUNREACH: "host unreachable",
}


def outcome_of_status(
    answer: Answer, *, repeatable: bool, entity_missing: bool = False
) -> Outcome | None:
    """What an answer means; None for a 2xx with JSON, which is the adapter's to read.

    `repeatable`: sending the request twice has the effect of once. `entity_missing`: the adapter
    knows a 404 of its API to be about the entity, not the route. A 401 here has been through the
    refresh already.
    """
    status = answer.status
    if answer.is_success:
        return _outcome_of_success(answer, repeatable=repeatable)
    reason = f"HTTP {status}: {phrase_of(status)}"
    if status in _OFFLINE_STATUSES:
        return Offline(_NETWORK + _OFFLINE_STATUSES[status])
    if status in _TROUBLE_STATUSES:
        told = answer.retry_after
        if repeatable:
            return ServerTrouble(reason, retry_after=told)
        return Doubtful(reason, answered=True, retry_after=told)
    return _outcome_of_no(answer, reason, entity_missing=entity_missing)


def _outcome_of_no(answer: Answer, reason: str, *, entity_missing: bool) -> Outcome:
    """The server read the request and did not do it."""
    status = answer.status
    if not 400 <= status <= 499:  # noqa: PLR2004  # 1xx, 3xx and what is no status at all
        return WrongAddress(reason)
    if status == 401:  # noqa: PLR2004  # the number says it best
        return SignedOut(reason)
    if status == 429:  # noqa: PLR2004  # the number says it best
        return Throttled(reason, retry_after=answer.retry_after)
    if status == 404 and not entity_missing:  # noqa: PLR2004  # the number says it best
        return WrongAddress(reason)
    words = answer.words()
    return Refused(f"HTTP {status}: {words}" if words else reason)


def _outcome_of_success(answer: Answer, *, repeatable: bool) -> Outcome | None:
    if answer.is_json:
        return None
    if answer.is_html:
        reason = f"HTTP {answer.status}: a web page where the server's answer belongs"
        return WrongAddress(reason, acted=True) if repeatable else Doubtful(reason, answered=True)
    reason = f"HTTP {answer.status}: unreadable answer"
    return ServerTrouble(reason) if repeatable else Doubtful(reason, answered=True)


def outcome_of_exception(error: Exception, *, request_left: bool) -> Outcome:
    """What an exception means that `requests`, or what is below it, raised.

    `request_left`: enough bytes were on their way that the server may have acted. A read leaves
    no doubt, so for it this is always False.
    """
    words = _words(error)
    if request_left:
        return Doubtful(_NETWORK + words, timed_out=_is_timeout(error))
    certificate = _certificate_words(error)
    if certificate is not None:
        return Untrusted(f"{_NETWORK}certificate {certificate}")
    return _outcome_of_address(error) or (
        Ours(f"Internal error: {type(error).__name__}")
        if _is_ours(error)
        else Offline(_NETWORK + words)
    )


def _outcome_of_address(error: Exception) -> Outcome | None:
    from requests import exceptions as requests_errors  # noqa: PLC0415  # loads late, on purpose
    from urllib3.exceptions import LocationValueError  # noqa: PLC0415  # the same

    if isinstance(error, requests_errors.InvalidProxyURL):
        return Offline(_NETWORK + "the proxy's address is not valid")
    bad_address = (
        requests_errors.InvalidURL,
        requests_errors.InvalidSchema,
        requests_errors.MissingSchema,
        requests_errors.URLRequired,
        requests_errors.TooManyRedirects,
        LocationValueError,
    )
    if isinstance(error, bad_address):
        return WrongAddress(_NETWORK + "the server's address is not valid")
    return None


def _is_ours(error: Exception) -> bool:
    """Whether we asked for what cannot be asked for."""
    from requests import exceptions as requests_errors  # noqa: PLC0415  # loads late, on purpose

    if isinstance(error, requests_errors.JSONDecodeError):
        return False
    ours = (
        requests_errors.InvalidHeader,
        requests_errors.InvalidJSONError,
        requests_errors.HTTPError,
        requests_errors.RetryError,
        requests_errors.StreamConsumedError,
        requests_errors.UnrewindableBodyError,
    )
    return isinstance(error, ours) or not _is_of_network(error)


def _is_of_network(error: Exception) -> bool:
    from urllib3.exceptions import HTTPError  # noqa: PLC0415  # loads late, on purpose

    return isinstance(error, (OSError, HTTPError, http.client.HTTPException))


def _is_timeout(error: Exception) -> bool:
    from requests.exceptions import Timeout  # noqa: PLC0415  # loads late, on purpose
    from urllib3.exceptions import TimeoutError as Urllib3Timeout  # noqa: PLC0415  # the same

    timeouts = (Timeout, Urllib3Timeout, TimeoutError)
    return any(isinstance(link, timeouts) for link in _chain(error))


def _words(error: Exception) -> str:
    """A few words about what went wrong, from the types and numbers in the chain alone."""
    from requests.exceptions import ProxyError  # noqa: PLC0415  # loads late, on purpose

    prefix = "proxy: " if isinstance(error, ProxyError) else ""
    return prefix + (_words_of_chain(error) or _words_of_type(error))


def _words_of_chain(error: Exception) -> str:
    for link in _chain(error):
        for kind, words in _WORDS_BY_TYPE:
            if isinstance(link, kind):
                return words
        if isinstance(link, OSError) and link.errno in _WORDS_BY_ERRNO:
            return _WORDS_BY_ERRNO[link.errno]
    return ""


def _words_of_type(error: Exception) -> str:
    from requests import exceptions as requests_errors  # noqa: PLC0415  # loads late, on purpose

    if isinstance(error, requests_errors.ConnectTimeout):
        return "no connection in time"
    if _is_timeout(error):
        return "no answer in time"
    if isinstance(error, requests_errors.ChunkedEncodingError):
        return "answer cut short"
    unreadable = (requests_errors.ContentDecodingError, requests_errors.JSONDecodeError)
    return "unreadable answer" if isinstance(error, unreadable) else "connection failed"


def _certificate_words(error: Exception) -> str | None:
    """Why the certificate does not verify; None when that is not the trouble."""
    for link in _chain(error):
        if isinstance(link, ssl.SSLCertVerificationError):
            # OpenSSL's sentence, up to where it names the host.
            why = str(getattr(link, "verify_message", "") or "").split(",")[0].strip()
            return f"not trusted: {why.lower()}" if why else "not trusted"
    return None


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The exception and all that it was made of, from the outside in."""
    waiting: list[object] = [error]
    seen: set[int] = set()
    while waiting:
        link = waiting.pop(0)
        if not isinstance(link, BaseException) or id(link) in seen:
            continue
        seen.add(id(link))
        yield link
        waiting += [*link.args, getattr(link, "reason", None), link.__cause__, link.__context__]
