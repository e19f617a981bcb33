"""What programs that are not ours get of our environment."""

from __future__ import annotations

import os

from trayapp.desktop.ourselves import without_folder

FOLDER = os.path.join(os.sep, "opt", "trayapp", "_internal")  # noqa: PTH118  # text, not a path


def test_a_frozen_program_hands_none_of_its_libraries_on() -> None:
    system = os.path.join(os.sep, "usr", "share")  # noqa: PTH118  # the same
    environment = {
        "GIO_MODULE_DIR": f"{FOLDER}{os.sep}gio_modules",
        "HOME": "/home/anna",
        "NOTHING": "",
        "LD_LIBRARY_PATH": FOLDER,
        "XDG_DATA_DIRS": os.pathsep.join([f"{FOLDER}{os.sep}share", system]),
    }
    left = {"HOME": "/home/anna", "NOTHING": "", "XDG_DATA_DIRS": system}
    assert without_folder(environment, FOLDER) == left


def test_what_the_user_had_before_comes_back() -> None:
    environment = {"LD_LIBRARY_PATH": FOLDER, "LD_LIBRARY_PATH_ORIG": "/home/anna/lib"}
    assert without_folder(environment, FOLDER) == {"LD_LIBRARY_PATH": "/home/anna/lib"}
