"""Talk: asks the running app without making a window wait.

Each question has a short-lived thread of its own; the answer is handed to Tk's thread. Call from
Tk's thread only. A question may carry a password: nothing of it is kept, logged or shown.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from trayapp.control.client import ControlClient, NotAnsweringError, Subscription
from trayapp.control.endpoint import ChannelError
from trayapp.control.messages import MessageError, Reply, Request
from trayapp.i18n import _

Answer = Reply | ChannelError
Then = Callable[[Answer], None]
Post = Callable[[Callable[[], None]], None]


class Question:
    """What was asked and not yet answered."""

    def __init__(self) -> None:
        self.is_over = False
        self._answers: Subscription | None = None

    def cancel(self) -> None:
        """Wait no longer: its answer will not be heard. What the app does meanwhile, it does."""
        self.is_over = True
        if self._answers is not None:
            self._answers.close()

    def attach(self, answers: Subscription) -> None:
        """Its end of the channel, to be closed by `cancel`; on the question's own thread."""
        self._answers = answers
        if self.is_over:  # cancelled while it was being connected
            answers.close()


class Talk:
    """A window's line to the app."""

    def __init__(self, channel_dir: Path, post: Post) -> None:
        self._client = ControlClient(channel_dir)
        self._post = post
        self._open: set[Question] = set()

    def ask(self, request: Request, then: Then, *, timeout: float) -> Question:
        """Have `then` called once, on Tk's thread, with the answer or why there is none."""
        return self._start(request, then, timeout=timeout, once=True)

    def subscribe(self, request: Request, then: Then, *, timeout: float) -> Question:
        """Have `then` called with each answer, the last time with why there are no more."""
        return self._start(request, then, timeout=timeout, once=False)

    def close(self) -> None:
        """Wait for nothing any more."""
        for question in tuple(self._open):
            question.cancel()
        self._open.clear()

    def _start(self, request: Request, then: Then, *, timeout: float, once: bool) -> Question:
        question = Question()
        self._open.add(question)

        def deliver(answer: Answer) -> None:
            if question.is_over:
                return
            if once or isinstance(answer, ChannelError):
                question.is_over = True
                self._open.discard(question)
            then(answer)

        def post(answer: Answer) -> None:
            self._post(lambda: deliver(answer))

        def run() -> None:
            try:
                self._listen(request, post, question=question, timeout=timeout, once=once)
            except ChannelError as error:
                post(error)

        threading.Thread(target=run, name=f"ask {request.name}", daemon=True).start()
        return question

    def _listen(
        self,
        request: Request,
        post: Callable[[Answer], None],
        *,
        question: Question,
        timeout: float,
        once: bool,
    ) -> None:
        try:
            answers = self._client.subscribe(request, timeout)
        except MessageError as error:
            raise ChannelError(str(error), _("Shorten what you typed, then try again.")) from error
        with answers:
            question.attach(answers)
            for answer in answers:
                post(answer)
                if once:
                    return
        raise NotAnsweringError(
            _("Trayapp has ended."), _("What is recorded is safe. Start it again.")
        )
