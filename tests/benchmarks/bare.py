"""The bare programs that ours are measured against: `tray` or `window`; run as a file.

The window says when its text is painted.
"""

from __future__ import annotations

import sys


def tray() -> None:
    """An icon and three menu items."""
    import pystray  # noqa: PLC0415  # each of the two loads only its own
    from PIL import Image  # noqa: PLC0415

    items = [pystray.MenuItem(f"Item {number}", lambda: None) for number in range(3)]
    pystray.Icon("bare", Image.new("RGBA", (44, 44), "green"), menu=pystray.Menu(*items)).run()


def window() -> None:
    """A label."""
    import tkinter as tk  # noqa: PLC0415

    root = tk.Tk()
    label = tk.Label(root, text="Failed tasks")
    label.pack()

    def painted(_event: tk.Event[tk.Label]) -> None:
        root.update_idletasks()
        root.winfo_pointerx()  # the answer comes when the screen has done all before it
        sys.stdout.write("painted\n")
        sys.stdout.flush()

    label.bind("<Expose>", painted)
    root.mainloop()


if __name__ == "__main__":
    {"tray": tray, "window": window}[sys.argv[1]]()
