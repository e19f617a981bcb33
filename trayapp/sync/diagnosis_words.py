"""The words for a diagnosis: title, what happened and when, what it means, what to do.

Pure; may be called from any thread. Reasons of the server are quoted word for word.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, tzinfo

from trayapp.i18n import _, ngettext
from trayapp.light import dataclass
from trayapp.sync.cause import Cause
from trayapp.sync.diagnosis import Action, Diagnosis, Duplicates, Finding, Pattern, Run, Span
from trayapp.sync.diagnosis_repeats import joined
from trayapp.sync.explanations import certificate_advice, explain, reason_words
from trayapp.sync.words import clock_time

DUPLICATES = "duplicates"
"""The name of the repeats among the findings of `failed --json`."""
_CERTIFICATE = "Network error: certificate"
_MOST_PATTERNS = 3
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingWords:
    """What is shown of a finding; `when` is empty where `happened` tells the times."""

    title: str
    happened: str
    when: str
    meaning: str
    advice: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedFinding:
    """A finding as `failed` lists it; `cause` is a `Cause` or DUPLICATES."""

    cause: str
    count: int
    task_ids: tuple[int, ...]
    message: str
    advice: str


@dataclass(frozen=True, slots=True)
class Moments:
    """How times are written: in this zone (None: the system's), seen from this moment."""

    as_of: datetime
    zone: tzinfo | None = None

    def words(self, at: datetime) -> str:
        """Such as "16:37:39", with the day where it is another."""
        return clock_time(at, self.zone, as_of=self.as_of, with_seconds=True)

    def span(self, span: Span) -> str:
        """Such as "16:37:39 – 16:37:40", or one time."""
        first, last = self.words(span.first_at), self.words(span.last_at)
        return first if first == last else f"{first} – {last}"


def finding_words(
    finding: Finding, moments: Moments, *, url: str = "", unsent: int = 0
) -> FindingWords:
    """The words for the tasks of one cause; `url` is the address that was tried.

    `unsent`: how many events wait for the active account, those that failed included.
    """
    known = explain(finding.cause, finding.count, url=url, unsent=unsent)
    return FindingWords(
        title=known.title,
        happened=_happened(finding),
        when=_when(finding, moments),
        meaning=known.meaning,
        advice=_advice(finding) or known.advice,
    )


def duplicates_words(duplicates: Duplicates, moments: Moments) -> FindingWords:
    """The words for the repeats."""
    count = duplicates.count
    title = ngettext("{count} repeated click", "{count} repeated clicks", count)
    return FindingWords(
        title=title.format(count=count),
        happened=_patterns(duplicates, moments),
        when="",
        meaning=_("Your hours are the same without them: they repeat what was so already."),
        advice=_("Choose “Remove duplicates”: the first of each stays and is sent."),
    )


def action_label(action: Action) -> str:
    """What is written on the button that does it."""
    words = {
        Action.SIGN_IN: _("Sign in…"),
        Action.SERVER_SETTINGS: _("Server settings…"),
        Action.RETRY: _("Retry"),
        Action.FIX: _("Fix…"),
        Action.CHOOSE: _("Choose…"),
        Action.REPORT: _("Report…"),
        Action.REMOVE_DUPLICATES: _("Remove duplicates"),
    }
    return words[action]


def listed(
    diagnosis: Diagnosis, moments: Moments, *, url: str = "", unsent: int = 0
) -> tuple[ListedFinding, ...]:
    """The findings as `failed` prints them, the repeats last; see `finding_words`."""
    found = [
        _listed(
            group.cause.value,
            group.task_ids,
            finding_words(group, moments, url=url, unsent=unsent),
        )
        for group in diagnosis.groups
    ]
    if diagnosis.duplicates is not None:
        words = duplicates_words(diagnosis.duplicates, moments)
        found.append(_listed(DUPLICATES, diagnosis.duplicates.task_ids, words))
    return tuple(found)


def _listed(cause: str, task_ids: Sequence[int], words: FindingWords) -> ListedFinding:
    parts = (words.title, words.happened, words.when, words.meaning)
    return ListedFinding(
        cause=cause,
        count=len(task_ids),
        task_ids=tuple(task_ids),
        message=" ".join(_closed(part) for part in parts if part),
        advice=words.advice,
    )


def _closed(sentence: str) -> str:
    return sentence if sentence.endswith((".", "!", "?", "…")) else f"{sentence}."


# -- what happened -------------------------------------------------------------------------


def _happened(finding: Finding) -> str:
    reason = reason_words(finding.message)
    if finding.count == 1 or not finding.message:
        return reason
    if len(finding.reasons) == 1:
        return _("All of them: {reason}").format(reason=reason)
    return _("Most often ({count} of {total}): {reason}").format(
        count=len(finding.reasons[0].task_ids), total=finding.count, reason=reason
    )


def _when(finding: Finding, moments: Moments) -> str:
    span = finding.span
    if finding.count == 1:
        return _("Clicked: {times}.").format(times=moments.span(span))
    if span.together:
        text = _("All clicked within one second: {times}.")
        return text.format(times=moments.words(span.first_at))
    text = _("Clicked at different times, {times}: the trouble is in sending.")
    return text.format(times=moments.span(span))


def _advice(finding: Finding) -> str:
    """Where there is more to say than what goes for every task of the cause; else empty."""
    if finding.cause is Cause.REFUSED:
        return _("Read what the server said: put it right and send again, or discard it.")
    if finding.cause is Cause.SERVER_TROUBLE and finding.needs_user:
        return _(
            "Choose “Retry all” when the server works again. "
            "If it lasts, tell the server's administrator."
        )
    if finding.cause is not Cause.NETWORK:
        return ""
    check = _("Check the connection.")
    if finding.message.startswith(_CERTIFICATE):
        check = certificate_advice()
    goes = _("Everything then goes by itself.")
    if finding.needs_user:
        goes = _("Then choose “Retry all”.")
    return f"{check} {goes}"


# -- repeats -------------------------------------------------------------------------------


def _patterns(duplicates: Duplicates, moments: Moments) -> str:
    """Such as "20 every 30 s (17:08:00 – 17:18:00), 9 within one second (16:37:39 – …)"."""
    found = sorted(_alike(duplicates).items(), key=lambda item: -_count(item[1]))
    named, others = found[:_MOST_PATTERNS], found[_MOST_PATTERNS:]
    parts = [
        _pattern_words(pattern, interval, runs, moments) for (pattern, interval), runs in named
    ]
    if others:
        rest = sum(_count(runs) for _kind, runs in others)
        parts.append(ngettext("{count} more", "{count} more", rest).format(count=rest))
    return ", ".join(parts) + "."


def _alike(duplicates: Duplicates) -> Mapping[tuple[Pattern, int], list[Run]]:
    """The runs by pattern and interval in seconds."""
    alike: dict[tuple[Pattern, int], list[Run]] = {}
    for run in duplicates.runs:
        seconds = (run.interval or timedelta()) // _SECOND
        alike.setdefault((run.pattern, seconds), []).append(run)
    return alike


def _count(runs: list[Run]) -> int:
    return sum(len(run.task_ids) for run in runs)


def _pattern_words(pattern: Pattern, seconds: int, runs: list[Run], moments: Moments) -> str:
    count = _count(runs)
    texts = {
        Pattern.BURST: ngettext(
            "{count} within one second of another ({times})",
            "{count} within one second of others ({times})",
            count,
        ),
        Pattern.STEADY: ngettext(
            "{count} every {seconds} s ({times})", "{count} every {seconds} s ({times})", count
        ),
        Pattern.IRREGULAR: ngettext(
            "{count} at another time ({times})", "{count} at other times ({times})", count
        ),
    }
    times = moments.span(joined(run.span for run in runs))
    return texts[pattern].format(count=count, seconds=seconds, times=times)
