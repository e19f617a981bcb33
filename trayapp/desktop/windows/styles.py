"""The ttk styles: which picture each element shows in which state.

A style named "Card.X" is the style "X" on a card. All controls carry a free ring of `RING` units
for the focus, and so do labels and cards: what stands in one column lines up, focused or not.
Runs on Tk's thread: `apply` once per process; the buttons are for `Theme.once`.
"""

from __future__ import annotations

from trayapp.desktop.windows.looks import (
    CARD_RADIUS,
    FACE_CORNER,
    RING,
    States,
    box,
    clear,
    element,
    face,
    lay_out,
    part,
    ring,
)
from trayapp.desktop.windows.theme import Theme

BUTTONS = ("Normal", "Accent", "Quiet", "Danger")
_WIDGETS = (
    "TFrame",
    "TLabel",
    *(f"{role}.TLabel" for role in ("Muted", "Bold", "Heading", "Title", "Mono")),
    "TEntry",
    "TCombobox",
    "TCheckbutton",
    "TRadiobutton",
    "Horizontal.TProgressbar",
    *(f"{name}.TButton" for name in BUTTONS),
)


def apply(theme: Theme) -> None:
    """Give the process our look."""
    theme.style.theme_use("clam")
    _grounds(theme)
    _cards(theme)


def _grounds(theme: Theme) -> None:
    palette, fonts, style = theme.palette, theme.fonts, theme.style
    style.configure(
        ".",
        background=palette.background,
        foreground=palette.text,
        font=fonts.text,
        borderwidth=0,
        focuscolor=palette.accent,
        insertcolor=palette.text,
        insertwidth=max(1, theme.px(1.5)),
        selectbackground=palette.accent,
        selectforeground=palette.on_accent,
    )
    style.map(".", foreground=[("disabled", palette.edge)])
    for ground, colour in (("", palette.background), ("Card.", palette.card)):
        for widget in _WIDGETS:
            style.configure(f"{ground}{widget}", background=colour)
            style.map(f"{ground}{widget}", background=[("!invalid", colour)])  # in every state
        style.configure(f"{ground}TLabel", padding=(theme.px(RING), 0))
        style.configure(f"{ground}Muted.TLabel", foreground=palette.muted)
        for name, used in (
            ("Bold", fonts.bold),
            ("Heading", fonts.heading),
            ("Title", fonts.title),
            ("Mono", fonts.mono),
        ):
            style.configure(f"{ground}{name}.TLabel", font=used)


def _cards(theme: Theme) -> None:
    palette = theme.palette
    corner = RING + CARD_RADIUS + 1
    look = (palette.line, palette.card)
    picture = box(theme, "card", look, radius=CARD_RADIUS, middle=(256, 32))
    element(theme, "Card.box", [picture], corner=corner)
    # Its own background shows in the free ring only.
    lay_out(theme, "Box.TFrame", part("Card.box"))
    theme.style.configure("Box.TFrame", background=palette.background)


def normal_button(theme: Theme) -> None:
    """One among others."""
    _button(theme, "Normal", _button_looks(theme, theme.palette.edge, theme.palette.card))


def accent_button(theme: Theme) -> None:
    """Filled: it helps most."""
    _button(theme, "Accent", _accent_looks(theme))
    ink = theme.palette.on_accent
    theme.style.configure("Accent.TButton", foreground=ink, font=theme.fonts.bold)


def quiet_button(theme: Theme) -> None:
    """Without a face until it is pointed at."""
    _button(theme, "Quiet", _quiet_looks(theme))
    padding = (theme.px(8), theme.px(7))
    ink = theme.palette.accent
    theme.style.configure("Quiet.TButton", foreground=ink, padding=padding, width=0)


def danger_button(theme: Theme) -> None:
    """It cannot be taken back."""
    ink = theme.palette.needs_you
    _button(theme, "Danger", _button_looks(theme, ink, theme.palette.card))
    theme.style.configure("Danger.TButton", foreground=ink)


def _button(theme: Theme, name: str, states: States) -> None:
    theme.once(ring)
    element(theme, f"{name}.face", states, corner=FACE_CORNER)
    label = part("Button.padding", part("Button.label"))
    lay_out(theme, f"{name}.TButton", part("Ring", part(f"{name}.face", label)))
    theme.style.configure(
        f"{name}.TButton",
        padding=(theme.px(14), theme.px(7)),
        anchor="center",
        font="TkDefaultFont",
    )


def _button_looks(theme: Theme, edge: str, ground: str) -> States:
    palette = theme.palette
    kind = f"button {edge}"
    return [
        face(theme, f"{kind} rest", (edge, ground)),
        ("disabled", face(theme, f"{kind} off", (palette.line, palette.background))),
        ("pressed", face(theme, f"{kind} down", (edge, palette.selection))),
        ("active", face(theme, f"{kind} over", (edge, palette.hover))),
    ]


def _accent_looks(theme: Theme) -> States:
    palette = theme.palette
    over = face(theme, "accent over", (palette.accent_hover, palette.accent_hover))
    return [
        face(theme, "accent rest", (palette.accent, palette.accent)),
        ("disabled", face(theme, "accent off", (palette.line, palette.line))),
        ("pressed", over),
        ("active", over),
    ]


def _quiet_looks(theme: Theme) -> States:
    palette = theme.palette
    nothing = clear(theme, "quiet rest", FACE_CORNER)
    return [
        nothing,
        ("disabled", nothing),
        ("pressed", face(theme, "quiet down", (palette.selection, palette.selection))),
        ("active", face(theme, "quiet over", (palette.hover, palette.hover))),
    ]
