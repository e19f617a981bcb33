"""The start window: what to track, for which project, and since when.

Runs on Tk's thread. It closes when the app has written the start down, or says why not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from trayapp.clock import SystemClock
from trayapp.control.messages import Reply, Request
from trayapp.desktop.windows.account import text
from trayapp.desktop.windows.field import Field
from trayapp.desktop.windows.field_form import ASK_SECONDS, FieldForm
from trayapp.desktop.windows.start_model import Choices
from trayapp.desktop.windows.suggestions import Suggestions
from trayapp.desktop.windows.widgets import Role
from trayapp.desktop.windows.window import Opening, Sign, Window
from trayapp.i18n import _, pgettext


def open_window(opening: Opening) -> Window:
    """The window, asking the app already."""
    window = Window(opening, title=_("Start – Trayapp"))
    Start(window)
    return window


class Start:
    """One page: three fields, and what came of it."""

    def __init__(self, window: Window) -> None:
        self._window = window
        self._clock = SystemClock()
        self._choices = Choices()
        window.ask(Request("choices"), self._on_choices, timeout=ASK_SECONDS)

    def _on_choices(self, reply: Reply) -> None:
        if not reply.ok:
            title = _("Nothing can be started now.")
            self._window.say(Sign.NEEDS_YOU, title, reply.message)
            return
        self._choices = Choices.read(reply.value)
        self._build()
        self._read_on()

    def _read_on(self) -> None:
        """A long list comes in parts."""
        if self._choices.next:
            request = Request("choices", {"after": self._choices.next})
            self._window.ask(
                request, self._on_more, timeout=ASK_SECONDS, failed=lambda _error: None
            )

    def _on_more(self, reply: Reply) -> None:
        more = Choices.read(reply.value)
        # One that brings nothing on would be asked for ever.
        more = more if more.next > self._choices.next else replace(more, next=0)
        self._choices = self._choices.joined(more)
        self._read_on()

    def _build(self) -> None:
        window, widgets = self._window, self._window.widgets
        page = window.page()
        widgets.label(page, pgettext("title", "Start"), role=Role.TITLE).grid(row=0, sticky="w")
        self._note = Field(page, widgets, _("What are you doing?"))
        self._project = Field(page, widgets, _("Project"), hint=self._project_hint())
        hint = _("HH:MM of today; empty means now.")
        self._at = Field(page, widgets, _("Started at"), hint=hint)
        self._fields = {"note": self._note, "project": self._project, "at": self._at}
        label = pgettext("menu", "Start")
        self._form = FieldForm(window, page, self._fields, row=1, label=label, done=self._start)
        Suggestions(page, widgets, self._note, found=self._past_labels, taken=self._take_past)
        Suggestions(
            page,
            widgets,
            self._project,
            found=self._projects,
            taken=self._take_project,
        )
        window.show(self._note.entry, default=self._form.default)

    def _project_hint(self) -> str:
        if self._choices.binds:
            return _("One of those on your server; type to find it.")
        return ""

    # -- what could be typed ---------------------------------------------------------------

    def _past_labels(self, typed: str) -> list[str]:
        return [one.label for one in self._choices.pasts_for(typed)]

    def _take_past(self, typed: str, number: int) -> None:
        past = self._choices.pasts_for(typed)[number]
        self._note.text, self._project.text = past.note, past.project

    def _projects(self, typed: str) -> Sequence[str]:
        return self._choices.projects_for(typed)

    def _take_project(self, typed: str, number: int) -> None:
        self._project.text = self._choices.projects_for(typed)[number]

    # -- starting --------------------------------------------------------------------------

    def _start(self) -> None:
        stamp = self._clock.stamp()
        if not self._choices.takes(self._project.text):
            self._form.refuse(self._no_project(), "project")
            return
        arguments = {name: field.text for name, field in self._fields.items()}
        self._form.send(Request("start_typed", arguments, stamp), self._on_answer)

    def _no_project(self) -> str:
        if not self._project.text:
            return _("Your server takes no time without a project. Name one.")
        words = _("Your server has no active project “{name}”. Name one of those that it lists.")
        return words.format(name=self._project.text)

    def _on_answer(self, reply: Reply) -> None:
        if reply.changed:
            self._window.close()
        elif reply.ok:  # it runs already
            self._form.refuse(reply.message, sign=Sign.NOTE)
        else:
            self._form.refuse(reply.message, text(reply.value, "field"))
