"""The ttk styles of what is filled in, chosen, scrolled or watched, each for `Theme.once`.

Runs on Tk's thread.
"""

from __future__ import annotations

from trayapp.desktop.windows.looks import (
    CHIP_CORNER,
    CORNER,
    RADIUS,
    RING,
    TICK_UNITS,
    States,
    box,
    chip,
    clear,
    dot,
    element,
    focused_box,
    lay_out,
    mark,
    part,
    ring,
    tick,
)
from trayapp.desktop.windows.signs import draw_chevron
from trayapp.desktop.windows.theme import Theme

ROW_UNITS = 28
_RUNNER_UNITS = 72


def segments(theme: Theme) -> None:
    """Radio buttons side by side in one trough, for two or three choices."""
    palette, style = theme.palette, theme.style
    trough = box(theme, "segments", (palette.line, palette.hover), radius=RADIUS + 1)
    element(theme, "Segments.box", [trough], corner=CORNER + 1)
    lay_out(theme, "Segments.TFrame", part("Segments.box"))
    style.configure("Segments.TFrame", background=palette.background)
    chosen = (palette.edge, palette.card)
    faces: States = [
        clear(theme, "segment rest", CHIP_CORNER),
        ("focus", "selected", chip(theme, "segment focus on", chosen, focused=True)),
        ("focus", chip(theme, "segment focus", None, focused=True)),
        ("disabled", "selected", chip(theme, "segment off", (palette.line, palette.background))),
        ("selected", chip(theme, "segment on", chosen)),
        ("active", "!disabled", chip(theme, "segment over", (palette.selection,) * 2)),
    ]
    element(theme, "Segment.face", faces, corner=CHIP_CORNER)
    label = part("Radiobutton.padding", part("Radiobutton.label"))
    lay_out(theme, "Segment.TRadiobutton", part("Segment.face", label))
    style.map("Segment.TRadiobutton", background=[("!invalid", palette.hover)])
    style.configure(
        "Segment.TRadiobutton",
        background=palette.hover,
        padding=(theme.px(12), theme.px(5)),
        anchor="center",
    )


def ticks(theme: Theme) -> None:
    """Check boxes and radio buttons."""
    theme.once(ring)
    style = theme.style
    for name, states in (("Check", _check_states(theme)), ("Radio", _radio_states(theme))):
        element(theme, f"{name}.mark", states, least=(TICK_UNITS + 8, TICK_UNITS), sticky="w")
        sign = part(f"{name}.mark", side="left", sticky="")
        label = part(f"{name}button.label", side="left")
        inside = part(f"{name}button.padding", sign, label)
        lay_out(theme, f"T{name}button", part("Ring", inside))
        style.configure(f"T{name}button", padding=(0, theme.px(2), theme.px(4), theme.px(2)))


def _check_states(theme: Theme) -> States:
    palette = theme.palette
    return [
        mark(theme, "check rest", (palette.edge, palette.card), radius=4),
        ("disabled", "selected", tick(theme, "check on off", (palette.line, palette.edge))),
        ("disabled", mark(theme, "check off", (palette.line, palette.background), radius=4)),
        ("selected", tick(theme, "check on", (palette.accent, palette.on_accent))),
        ("active", mark(theme, "check over", (palette.text, palette.card), radius=4)),
    ]


def _radio_states(theme: Theme) -> States:
    palette, round_ = theme.palette, TICK_UNITS / 2
    return [
        mark(theme, "radio rest", (palette.edge, palette.card), radius=round_),
        ("disabled", "selected", dot(theme, "radio on off", (palette.line, palette.edge))),
        ("disabled", mark(theme, "radio off", (palette.line, palette.background), radius=round_)),
        ("selected", dot(theme, "radio on", (palette.accent, palette.on_accent))),
        ("active", mark(theme, "radio over", (palette.text, palette.card), radius=round_)),
    ]


def fields(theme: Theme) -> None:
    """What is typed into, and lists to open."""
    palette, style = theme.palette, theme.style
    states: States = [
        box(theme, "field", (palette.edge, palette.card)),
        ("disabled", box(theme, "field off", (palette.line, palette.background))),
        ("focus", focused_box(theme, "field focus")),
        ("active", box(theme, "field over", (palette.text, palette.card))),
    ]
    element(theme, "Field.box", states, corner=CORNER)
    chevron, faint = (
        str(theme.picture(f"chevron {ink}", draw_chevron(ink, pixels=theme.px(16))))
        for ink in (palette.muted, palette.line)
    )
    element(theme, "Field.chevron", [chevron, ("disabled", faint)], least=(28, 16), sticky="w")
    text = part("Entry.padding", part("Entry.textarea"))
    lay_out(theme, "TEntry", part("Field.box", text))
    text = part("Combobox.padding", part("Combobox.textarea"), expand=True)
    opener = part("Field.chevron", side="right", sticky="")
    lay_out(theme, "TCombobox", part("Field.box", opener, text))
    lay_out(theme, "Suggestions.TFrame", part("Field.box"))
    style.configure("Suggestions.TFrame", background=palette.background)
    inner = (theme.px(RING + 9), theme.px(RING + 7))
    style.configure("TEntry", padding=inner)
    style.map(
        "TEntry",
        selectbackground=[("!focus", palette.selection)],
        selectforeground=[("!focus", palette.text)],
    )
    style.configure("TCombobox", padding=inner)
    style.map(
        "TCombobox",
        selectbackground=[("readonly", palette.card)],
        selectforeground=[("readonly", palette.text)],
        foreground=[("disabled", palette.edge), ("readonly", palette.text)],
    )


def progress(theme: Theme) -> None:
    """A slim bar."""
    palette = theme.palette
    for name, colour in (("trough", palette.line), ("pbar", palette.accent)):
        picture = theme.nine(name, 3, (0, 3, colour), middle=(96, 0))
        # The least length of the bar is how long it is while it runs to and fro.
        least = (_RUNNER_UNITS if name == "pbar" else 0, 0)
        element(theme, f"Slim.{name}", [picture], corner=3, least=least, sticky="we")
    bar = part("Slim.pbar", side="left", sticky="we")
    lay_out(theme, "Horizontal.TProgressbar", part("Slim.trough", bar, sticky="we"))


def scrollbar(theme: Theme) -> None:
    """A slim one without arrows."""
    palette, style = theme.palette, theme.style
    thumb = theme.nine("thumb", 5, (2, 4, palette.edge), middle=(2, 64))
    over = theme.nine("thumb over", 5, (2, 4, palette.muted), middle=(2, 64))
    element(theme, "Slim.thumb", [thumb, ("active", over)], corner=5, least=(12, 36), sticky="ns")
    place = part("Slim.thumb", sticky="ns", expand=True)
    lay_out(theme, "Vertical.TScrollbar", part("Vertical.Scrollbar.trough", place, sticky="ns"))
    style.configure(
        "Vertical.TScrollbar",
        troughcolor=palette.card,
        background=palette.card,
        bordercolor=palette.card,
        darkcolor=palette.card,
        lightcolor=palette.card,
    )


def tables(theme: Theme) -> None:
    """Rows to choose from."""
    palette, style = theme.palette, theme.style
    lay_out(theme, "Treeview", part("Treeview.treearea"))
    # The height of a row never follows the font by itself.
    row = max(theme.px(ROW_UNITS), theme.fonts.text.metrics("linespace") + theme.px(10))
    style.configure(
        "Treeview", background=palette.card, fieldbackground=palette.card, rowheight=row
    )
    style.map(
        "Treeview",
        background=[("selected", palette.selection)],
        foreground=[("selected", palette.text)],
    )
    style.configure(
        "Treeview.Heading",
        background=palette.card,
        foreground=palette.muted,
        relief="flat",
        padding=4,
    )
    style.map("Treeview.Heading", background=[("active", palette.hover)])
