"""The .deb: stages what it installs, writes its control files, has dpkg-deb pack it.

Usage: python packaging/package_deb.py WHEEL DIRECTORY

No debhelper: a private directory, ten files and two short scripts need none.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from email.utils import format_datetime
from pathlib import Path

import make_icons
from completions import completion
from man_pages import man_page
from releases import Release, releases

PACKAGING = Path(__file__).resolve().parent
LINUX = PACKAGING / "linux"
COMPONENT = "app.trayapp.trayapp"
_MAINTAINER = "Trayapp maintainers <maintainers@trayapp.example>"
_COMPLETIONS = {
    "bash": "usr/share/bash-completion/completions/trayapp",
    "zsh": "usr/share/zsh/vendor-completions/_trayapp",
    "fish": "usr/share/fish/vendor_completions.d/trayapp.fish",
}
_NOT_NEEDED = (
    "bin",
    "vendor/bin",
    "**/*.dist-info",
    "**/py.typed",
    "**/*.pyi",
    "trayapp/locale/**/*.po",
    "trayapp/locale/*.pot",
    # The desktop finds them in its theme; the program reads one, for notifications.
    "trayapp/icons/rendered",
    "trayapp/icons/app-*.svg",
    "trayapp/icons/tray-*.svg",
)
"""Of what lies in the wheels."""


def build(wheel: Path, directory: Path) -> Path:
    """Pack this wheel; the .deb's path."""
    release = releases()[0]
    if f"-{release.version}-" not in wheel.name:
        message = f"{wheel.name} is not of {release.version}, the newest in CHANGELOG.md"
        raise SystemExit(message)
    deb = directory / f"trayapp_{release.version}_all.deb"
    os.umask(0o022)
    with tempfile.TemporaryDirectory(prefix="deb-") as name:
        stage = Path(name) / "stage"
        stage.mkdir()
        _stage_program(stage, wheel)
        _stage_desktop(stage, release)
        _stage_documents(stage, release)
        _write_control(stage, release)
        seconds = int(release.moment.timestamp())
        for path in (stage, *stage.rglob("*")):
            os.utime(path, (seconds, seconds))
        words = ["dpkg-deb", "--root-owner-group", "-Zxz", "--build", str(stage), str(deb)]
        _run(words, SOURCE_DATE_EPOCH=str(seconds))
    return deb


def _stage_program(stage: Path, wheel: Path) -> None:
    home = stage / "usr/lib/trayapp"
    pip = [sys.executable, "-m", "pip", "-q", "--disable-pip-version-check", "install"]
    pip += ["--no-deps", "--no-compile", "--only-binary=:all:", "--root-user-action=ignore"]
    _run([*pip, "--target", str(home), str(wheel)])
    vendored = ["--require-hashes", "-r", str(LINUX / "vendored.txt")]
    _run([*pip, "--target", str(home / "vendor"), *vendored])
    for found in [path for pattern in _NOT_NEEDED for path in home.glob(pattern)]:
        shutil.rmtree(found) if found.is_dir() else found.unlink()
    _copy(LINUX / "launcher", stage / "usr/bin/trayapp", mode=0o755)


def _stage_desktop(stage: Path, release: Release) -> None:
    make_icons.install(stage / "usr")
    _copy(LINUX / "trayapp.desktop", stage / "usr/share/applications/trayapp.desktop")
    _copy(LINUX / "autostart.desktop", stage / "etc/xdg/autostart/trayapp.desktop")
    told = "\n".join(
        f'    <release version="{one.version}" date="{one.day.isoformat()}"/>' for one in releases()
    )
    metainfo = (LINUX / "metainfo.xml").read_text(encoding="utf-8").replace("@RELEASES@", told)
    _write(stage / f"usr/share/metainfo/{COMPONENT}.metainfo.xml", metainfo)
    for shell, place in _COMPLETIONS.items():
        _write(stage / place, completion(shell))
    for language, place in (("en", "man1"), ("ru", "ru/man1")):
        page = man_page(language, release.day)
        _write_packed(stage / f"usr/share/man/{place}/trayapp.1.gz", page)


def _stage_documents(stage: Path, release: Release) -> None:
    documents = stage / "usr/share/doc/trayapp"
    _copy(PACKAGING / "copyright", documents / "copyright")
    news = (PACKAGING / "CHANGELOG.md").read_text(encoding="utf-8")
    _write_packed(documents / "NEWS.md.gz", news)
    _write_packed(
        documents / "changelog.gz",
        "\n".join(
            f"trayapp ({one.version}) stable; urgency=medium\n\n"
            f"  * Release {one.version}; NEWS.md.gz says what is new.\n\n"
            f" -- {_MAINTAINER}  {format_datetime(one.moment)}\n"
            for one in releases()
            if one.day <= release.day
        ),
    )
    _copy(LINUX / "lintian-overrides", stage / "usr/share/lintian/overrides/trayapp")


def _write_control(stage: Path, release: Release) -> None:
    control = stage / "DEBIAN"
    files = sorted(path for path in stage.rglob("*") if path.is_file())
    kilobytes = sum(-(-path.stat().st_size // 1024) for path in files)
    text = (LINUX / "control").read_text(encoding="utf-8")
    text = text.replace("@VERSION@", release.version).replace("@SIZE@", str(kilobytes))
    sums = (
        f"{hashlib.md5(path.read_bytes()).hexdigest()}  {path.relative_to(stage)}\n"  # noqa: S324  # dpkg's own
        for path in files
        if not path.is_relative_to(stage / "etc")
    )
    _write(control / "control", text)
    _write(control / "md5sums", "".join(sums))
    _write(control / "conffiles", "/etc/xdg/autostart/trayapp.desktop\n")
    for name in ("postinst", "prerm"):
        _copy(LINUX / name, control / name, mode=0o755)


def _copy(source: Path, place: Path, *, mode: int = 0o644) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, place)
    place.chmod(mode)


def _write(place: Path, text: str) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text, encoding="utf-8")


def _write_packed(place: Path, text: str) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(gzip.compress(text.encode(), 9, mtime=0))


def _run(command: Sequence[str], **variables: str) -> None:
    subprocess.run(command, env=os.environ | variables, check=True)  # noqa: S603  # our own words


if __name__ == "__main__":
    print(build(Path(sys.argv[1]), Path(sys.argv[2])))
