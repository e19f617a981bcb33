"""TimeTaggerApi: the calls of a TimeTagger server, each an answer that was read or an Outcome.

Runs on the sync thread; each call blocks for its request and never raises.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import zip_longest

from trayapp.accounts.tokens import TokenSource
from trayapp.light import dataclass
from trayapp.servers.http import HttpClient, Timeouts
from trayapp.servers.http_answer import Answer, clean_words, phrase_of
from trayapp.servers.http_outcomes import outcome_of_status
from trayapp.servers.timetagger_records import Record, record_of
from trayapp.sync.outcome import (
    Delivered,
    Doubtful,
    Offline,
    Outcome,
    ServerTrouble,
    SignedOut,
    Throttled,
    WrongAddress,
)

_FIRST_NO, _UNAUTHORIZED, _PAYMENT_REQUIRED = 400, 401, 402
_UNAUTHORIZED_WORDS = "unauthorized: "
_AFTER_RESET = "Item was modified after a reset"
_FAR_FUTURE = 10**11


@dataclass(frozen=True, slots=True)
class NotTaken:
    """The server answered well and did not take the record; `words` say why."""

    words: str

    @property
    def is_after_reset(self) -> bool:
        """Whether the record is older than the server's database."""
        return self.words == _AFTER_RESET


class TimeTaggerApi:
    """One session with one server; `auth` None: as nobody."""

    def __init__(
        self, url: str, auth: TokenSource | None = None, *, timeouts: Timeouts | None = None
    ) -> None:
        self._client = HttpClient(url, auth=auth, shown_as=_shown_as, timeouts=timeouts)

    def version(self) -> str | Outcome:
        """The server's version; asked for only with a good token."""
        answer = self._read("/version")
        if not isinstance(answer, Answer):
            return answer
        version = answer.field("version")
        shown = WrongAddress(f"HTTP {answer.status}: the answer names no version")
        return version if isinstance(version, str) else shown

    def recognise(self) -> Outcome:
        """Delivered when what answers says no to nobody in the words of this API."""
        answer = self._client.get("/version")
        if not isinstance(answer, Answer):
            return answer
        if answer.status == _UNAUTHORIZED and _in_json(answer).words().startswith(
            _UNAUTHORIZED_WORDS
        ):
            return Delivered()
        outcome = outcome_of(answer)
        if isinstance(outcome, (Offline, ServerTrouble, Throttled, WrongAddress)):
            return outcome
        return WrongAddress(f"HTTP {answer.status}: not the answer of a TimeTagger server")

    def web_token(self) -> str | Outcome:
        """A new token for the web, which leaves the old one good."""
        answer = self._read("/webtoken")
        return answer if not isinstance(answer, Answer) else _token_in(answer)

    def bootstrap(self, login: str) -> str | Outcome:
        """A token for the web for what is in `login`, base64; SignedOut or Refused if not good."""
        # As JSON it stands in quotation marks, which base64 leaves out.
        answer = self._client.send("POST", "/bootstrap_authentication", login)
        if isinstance(answer, Doubtful):
            return Offline(answer.reason)  # nothing changes there, so there is no doubt
        if not isinstance(answer, Answer):
            return answer
        return outcome_of(answer) or _token_in(answer)

    def around(self, first: int, last: int | None = None) -> list[Record] | Outcome:
        """The records that cover a second from first to last, and all that run since before."""
        timerange = f"{first}-{first if last is None else last}"
        answer = self._read("/records", {"timerange": timerange})
        return answer if not isinstance(answer, Answer) else _records_in(answer)

    def changed_since(self, seconds: int) -> list[Record] | Outcome:
        """The records stored after a time of the server, wherever they lie."""
        answer = self._read("/updates", {"since": str(max(seconds, 0))})
        return answer if not isinstance(answer, Answer) else _records_in(answer)

    def server_time(self) -> float | Outcome:
        """The server's clock."""
        answer = self._read("/updates", {"since": str(_FAR_FUTURE)})
        if not isinstance(answer, Answer):
            return answer
        now = answer.field("server_time")
        shown = WrongAddress(f"HTTP {answer.status}: the answer tells no time")
        return float(now) if isinstance(now, (int, float)) else shown

    def put(self, record: Record) -> NotTaken | Outcome | None:
        """Store a record under its key, unless a newer one is there; None: it was read."""
        not_taken = self.put_all([record])
        return not_taken if isinstance(not_taken, Outcome) else not_taken.get(record.key)

    def put_all(self, records: Sequence[Record]) -> dict[str, NotTaken] | Outcome:
        """The same for several: those that were not read, by key."""
        body = [
            {"key": one.key, "t1": one.t1, "t2": one.t2, "mt": one.mt, "ds": one.ds}
            for one in records
        ]
        answer = self._client.send("PUT", "/records", body)
        if not isinstance(answer, Answer):
            return answer
        return outcome_of(answer) or _not_taken(answer, [one.key for one in records])

    def close(self) -> None:
        """Give up connections."""
        self._client.close()

    def _read(self, path: str, query: Mapping[str, str] | None = None) -> Answer | Outcome:
        answer = self._client.get(path, query=query)
        if not isinstance(answer, Answer):
            return answer
        return outcome_of(answer) or answer


def outcome_of(answer: Answer) -> Outcome | None:
    """What an answer means; None: it is to be read. A PUT here may always be repeated."""
    answer = _in_json(answer)
    words = answer.words()
    if answer.status == _UNAUTHORIZED and words:
        # "revoked" asks for another token than "expired".
        return SignedOut(f"HTTP {answer.status}: {words}")
    if answer.status == _PAYMENT_REQUIRED:
        # The account is read-only: trouble of no entry in particular, that only somebody else can
        # end. As a server in trouble it fails one task, with the words, holds all the others,
        # and everything goes by itself once the account may be written to again.
        why = words.rpartition("|")[2].strip()
        reason = f"HTTP {answer.status}: {why or phrase_of(answer.status)}"
        return ServerTrouble(reason, acted=False)
    return outcome_of_status(answer, repeatable=True)


def _in_json(answer: Answer) -> Answer:
    """A refusal as every other server says it, so that the common tables find its words."""
    if answer.status < _FIRST_NO or not answer.plain:
        return answer
    return replace(answer, json={"message": answer.plain}, is_json=True)


def _shown_as(access: str) -> Mapping[str, str]:
    return {"authtoken": access}


def _token_in(answer: Answer) -> str | Outcome:
    token = answer.field("token")
    if isinstance(token, str) and token:
        return token
    return WrongAddress(f"HTTP {answer.status}: the answer holds no token")


def _records_in(answer: Answer) -> list[Record] | Outcome:
    rows = answer.field("records")
    if not isinstance(rows, list):
        return WrongAddress(f"HTTP {answer.status}: the answer holds no records")
    return [record for record in map(record_of, rows) if record is not None]


def _not_taken(answer: Answer, keys: Sequence[str]) -> dict[str, NotTaken] | Outcome:
    accepted, failed, errors = map(_list_at(answer), ("accepted", "failed", "errors"))
    if any(key not in accepted and key not in failed for key in keys):
        return Doubtful(f"HTTP {answer.status}: the answer does not name the record", answered=True)
    words = dict(zip_longest(map(str, failed), errors[: len(failed)], fillvalue=""))
    return {
        key: NotTaken(clean_words(str(why)) or "not taken, without a reason")
        for key, why in words.items()
    }


def _list_at(answer: Answer) -> Callable[[str], list[object]]:
    def found(name: str) -> list[object]:
        value = answer.field(name)
        return value if isinstance(value, list) else []

    return found
