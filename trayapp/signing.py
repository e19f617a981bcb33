"""Signing: testing a connection, signing in, signing out, and what becomes of the queue then.

Every method may wait a minute for the server and as long for the keyring, so a running app calls
it on a thread of its own. Raises QueueError where the queue cannot be written.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping

from trayapp.accounts.keyring_port import KeyringFailed
from trayapp.accounts.tokens import Tokens, TokensLocked
from trayapp.accounts.vault import AccountTokens, Vault
from trayapp.core import Core
from trayapp.i18n import _
from trayapp.light import dataclass
from trayapp.log import conceal
from trayapp.sync import sign_in
from trayapp.sync.kind import ServerKind, SignedIn
from trayapp.sync.outcome import Delivered, Outcome, WrongAddress
from trayapp.sync.sign_in import BadAddress, Finding, Form, Problem
from trayapp.sync.status import AccountView

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """Somebody is signed in. `earlier`: entries tracked without an account, not sent to this one.

    `message` is for the user.
    """

    account: AccountView
    earlier: int
    message: str


class _Stopped(Exception):  # noqa: N818  # carries a finding, not an error
    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.problem.value)
        self.finding = finding


class Signing:
    """Accounts in and out, one call at a time."""

    def __init__(
        self,
        core: Core,
        kinds: Mapping[str, ServerKind],
        vault: Vault,
        *,
        is_passing: bool = False,
    ) -> None:
        """`is_passing`: this process ends soon, so tokens that nothing keeps are of no use."""
        self._core = core
        self._kinds = kinds
        self._vault = vault
        self._is_passing = is_passing

    def test(self, form: Form) -> Finding:
        """What would come of signing in; nothing is kept. Never raises."""
        try:
            kind, url = self._reached(form)
            if _is_incomplete(form, kind):
                text = _("This is {server}. Type name and password to sign in.")
                return _finding(Problem.INCOMPLETE, text.format(server=kind.label), url)
            signed = self._admitted(form, kind, url)
        except _Stopped as stopped:
            return stopped.finding
        kind.sign_out(url, signed.tokens)
        text = _("All is well: {server} knows you as {user}.")
        return _finding(Problem.NONE, text.format(server=kind.label, user=signed.user), url)

    def enter(self, form: Form) -> Entered | Finding:
        """Sign in: keep the tokens, use the account, send what was held for want of it."""
        try:
            kind, url = self._reached(form)
            _demand_credentials(form, kind)
            signed = self._admitted(form, kind, url)
        except _Stopped as stopped:
            return stopped.finding
        account = AccountView(kind=kind.name, url=url, user=signed.user)
        tokens = self._tokens_of(account)
        tokens.save(signed.tokens)
        if tokens.is_session_only and self._is_passing:
            kind.sign_out(url, signed.tokens)  # nobody would be left to use the session
            words = _(
                "No keyring here keeps a sign-in. Start Trayapp, then sign in: it lasts then."
            )
            return _finding(Problem.KEYRING, words, url)
        earlier = self._core.enter(account, user_id=signed.user_id)
        text = _("Signed in to {server} as {user}.").format(server=kind.label, user=signed.user)
        if tokens.is_session_only:
            text += " " + _("No keyring keeps this sign-in: it lasts until Trayapp ends.")
        logger.info("Signed in to a server of the kind %s", kind.name)
        return Entered(account=account, earlier=earlier, message=text)

    def leave(self) -> str:
        """Sign out; what is unsent waits for the next sign-in. A sentence for the user."""
        account = self._core.leave()
        kind = self._kinds.get(account.kind)
        if kind is None:
            return _("Nobody was signed in.")
        held, stays = _forgotten(self._tokens_of(account))
        # The server is told last and in vain where it cannot be reached: here all is done.
        if held is not None:
            kind.sign_out(account.url, held)
        if stays:
            return _(
                "Signed out. The keyring is locked, so its entry “Trayapp” stays there; "
                "it is not used any more."
            )
        return _("Signed out. What is tracked now stays on this computer.")

    def _tokens_of(self, account: AccountView) -> AccountTokens:
        self._vault.allow_prompt()
        return self._vault.tokens_of(account.kind, account.url, account.user)

    def _reached(self, form: Form) -> tuple[ServerKind, str]:
        """The kind and the address that answers as that kind does."""
        kind = self._kinds.get(form.kind)
        if kind is None:
            text = _("There is no server of the kind “{kind}”. Known are: {names}.")
            words = text.format(kind=form.kind, names=", ".join(self._kinds))
            raise _Stopped(_finding(Problem.INCOMPLETE, words))
        for secret in (form.credentials.password, form.credentials.token):
            conceal(secret)
        try:
            url = sign_in.address_of(form.url)
        except BadAddress as error:
            raise _Stopped(_finding(Problem.BAD_ADDRESS, str(error))) from error
        if sign_in.needs_consent(url) and not form.plain_http:
            text = _(
                "{url} is not encrypted: anybody on the way can read your password and your "
                "hours. Use https, or agree to send them unencrypted."
            )
            raise _Stopped(_finding(Problem.NEEDS_CONSENT, text.format(url=url), url))
        return kind, self._recognised(kind, url, form)

    def _recognised(self, kind: ServerKind, url: str, form: Form) -> str:
        outcome = kind.recognise(url)
        if isinstance(outcome, Delivered):
            return url
        if not isinstance(outcome, WrongAddress):
            raise _Stopped(self._no(outcome, kind, url, form))
        for other in sign_in.candidates(url, kind.prefixes):
            if isinstance(kind.recognise(other), Delivered):
                if not sign_in.has_path(url):
                    return other  # only the host was typed: that is its prefix
                text = _("{server} does not answer at {url}, but at {other}. Use that address.")
                words = text.format(server=kind.label, url=url, other=other)
                raise _Stopped(_finding(Problem.WRONG_PREFIX, words, other))
        raise _Stopped(self._no(outcome, kind, url, form))

    def _admitted(self, form: Form, kind: ServerKind, url: str) -> SignedIn:
        answer = kind.sign_in(url, form.credentials)
        if isinstance(answer, Outcome):
            raise _Stopped(self._no(answer, kind, url, form))
        return answer

    def _no(self, outcome: Outcome, kind: ServerKind, url: str, form: Form) -> Finding:
        words = sign_in.words_of(
            outcome,
            label=kind.label,
            url=url,
            by_token=bool(form.credentials.token),
            now=self._core.clock.now(),
        )
        return _finding(sign_in.problem_of(outcome), words)


def _forgotten(tokens: AccountTokens) -> tuple[Tokens | None, bool]:
    """The tokens that were kept, as far as they can be read; and whether they stay there."""
    held, stays = None, False
    try:
        held = tokens.load()
    except (TokensLocked, KeyringFailed) as error:
        logger.warning("The tokens cannot be read, so the server is not told: %s", error)
    try:
        tokens.delete()
    except (TokensLocked, KeyringFailed) as error:
        logger.warning("The tokens stay in the keyring: %s", error)
        stays = True
    return held, stays


def _is_incomplete(form: Form, kind: ServerKind) -> bool:
    typed = form.credentials
    by_token = kind.takes_token and bool(typed.token)
    return not by_token and not (kind.takes_password and typed.user and typed.password)


def _demand_credentials(form: Form, kind: ServerKind) -> None:
    if _is_incomplete(form, kind):
        words = _("Name and password are needed. Nothing was changed; type both.")
        raise _Stopped(_finding(Problem.INCOMPLETE, words))


def _finding(problem: Problem, message: str, url: str = "") -> Finding:
    return Finding(problem=problem, message=message, url=url)
