"""Files are their owner's only: whatever the umask, and whatever others have put there."""

from __future__ import annotations

import contextlib
import logging
import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.core_support import bench_inside
from tests.integration.program import ROOT, until
from tests.security.strangers import NOBODY, as_nobody, as_root
from tests.unit.queue.support import a_queue, database_in
from tests.unit.queue.test_legacy import V1, load
from trayapp.__main__ import main
from trayapp.config import Paths
from trayapp.control.client import ControlClient
from trayapp.control.endpoint import ChannelError, UnsafeChannelError, claim_directory
from trayapp.control.messages import Request
from trayapp.log import start_logging, stop_logging
from trayapp.sync.status import AccountView
from trayapp.tracking.tracker import Start

UMASKS = [pytest.param(0, id="000"), pytest.param(0o777, id="777")]


@contextlib.contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def modes_below(root: Path) -> dict[str, str]:
    """What others than the owner may do, and what the owner may not."""
    found = {}
    for path in root.rglob("*"):
        mode = stat.S_IMODE(path.lstat().st_mode)
        wanted = 0o700 if path.is_dir() else 0o600
        if mode != wanted:
            found[str(path.relative_to(root))] = oct(mode)
    return found


def run(mask: int, *typed: str) -> None:
    with umask(mask):
        assert main(typed) == 0
        assert os.umask(mask) == mask  # as it was


@pytest.mark.parametrize("mask", UMASKS)
def test_every_file_and_directory_is_for_its_owner_only(
    mask: int, home: Path, runtime: Path
) -> None:
    paths = Paths.of_user()
    run(mask, "start", "Website")
    run(mask, "report", "--save", str(home / "report.txt"))
    with subprocess.Popen(
        [sys.executable, "-m", "trayapp", "--no-tray"], cwd=ROOT, umask=mask
    ) as app:
        try:
            until(lambda: _answers(paths), "the app answers")
            run(mask, "pause")
            run(mask, "resume")
            until(paths.last_seen.exists, "the app has seen it run")
            until(is_open(paths.database), "what is clicked is kept")
            until(is_open(paths.embedded_database), "something was delivered")
            assert paths.log.exists()
            assert len(list(paths.data_dir.iterdir())) >= 8
            assert (modes_below(home), modes_below(runtime)) == ({}, {})
        finally:
            app.terminate()


def is_open(database: Path) -> Callable[[], bool]:
    """Whether somebody uses it: SQLite makes the index of its WAL last."""
    return database.with_name(f"{database.name}-shm").exists


def _answers(paths: Paths) -> bool:
    with contextlib.suppress(ChannelError):
        return ControlClient(paths.channel_dir).ask(Request("hello"), 5).ok
    return False


def test_so_are_the_copies_before_an_upgrade_and_the_damaged_files_that_are_kept(
    tmp_path: Path,
) -> None:
    old, hurt = tmp_path / "old", tmp_path / "hurt"
    for folder in (old, hurt):
        folder.mkdir(mode=0o700)
    load(old, V1.dump)
    with umask(0):
        with a_queue(old):
            pass
        with a_queue(hurt) as queue:
            queue.click("e1")
        with database_in(hurt).open("r+b") as file:
            file.seek(4096)
            file.write(b"\xff" * 4096)
        with a_queue(hurt):
            pass
    assert len(list(old.glob("queue.db.*"))) == 1
    assert list(hurt.glob("*.damaged-*"))
    assert modes_below(tmp_path) == {}


def test_so_are_rotated_logs(tmp_path: Path) -> None:
    with umask(0):
        start_logging(tmp_path / "log")
        for _ in range(25):
            logging.getLogger("trayapp").info("a line of the log, " * 2_500)
        stop_logging()
    assert len(list(tmp_path.iterdir())) == 2
    assert modes_below(tmp_path) == {}


def test_the_directories_above_are_made_for_the_owner_only(tmp_path: Path) -> None:
    with umask(0):
        Paths.under(tmp_path / "a" / "b").make()
    assert modes_below(tmp_path) == {}


@pytest.mark.parametrize("mode", [0o777, 0o755, 0o770])
def test_a_directory_that_was_open_to_others_is_closed(tmp_path: Path, mode: int) -> None:
    paths = Paths.under(tmp_path)
    paths.make()
    paths.data_dir.chmod(mode)
    paths.make()
    assert paths.data_dir.stat().st_mode & 0o777 == 0o700
    assert paths.open_to_others() == []


def test_a_directory_that_its_owner_made_smaller_stays_so(tmp_path: Path) -> None:
    paths = Paths.under(tmp_path)
    paths.make()
    paths.data_dir.chmod(0o500)
    paths.make()
    assert paths.data_dir.stat().st_mode & 0o777 == 0o500


NAMES = ("trayapp.db", "trayapp.db-wal", "instance.lock", "writer.lock")


@as_root
def test_links_that_others_put_into_an_open_directory_are_taken_out(tmp_path: Path) -> None:
    paths = Paths.under(tmp_path)
    paths.make()
    victim = tmp_path / "victim"
    victim.write_text("precious")
    victim.chmod(0o644)
    links = [paths.data_dir / name for name in NAMES] + [paths.log, paths.last_seen]
    for link in links:
        link.symlink_to(victim)
        os.lchown(link, NOBODY, NOBODY)
    own = paths.data_dir / "own"
    own.symlink_to(victim)
    for directory in (paths.data_dir, paths.state_dir):
        directory.chmod(0o777)
    with bench_inside(tmp_path) as (bench, _plug):
        bench.click(Start("Website"))
        start_logging(paths.log)
        stop_logging()
    assert (victim.read_text(), victim.stat().st_mode & 0o777) == ("precious", 0o644)
    assert not any(link.is_symlink() for link in links)
    assert own.is_symlink()


@as_root
def test_a_directory_of_another_user_is_left_as_it_is_and_told(tmp_path: Path) -> None:
    paths = Paths.under(tmp_path)
    paths.make()
    paths.data_dir.chmod(0o777)
    os.chown(paths.data_dir, NOBODY, NOBODY)
    paths.make()
    assert paths.open_to_others() == [paths.data_dir]


TRAPS = """
import os, sys
os.umask(0)
place, elsewhere = sys.argv[1:3]
os.symlink(elsewhere, place) if elsewhere else os.mkdir(place)
"""


@as_root
@pytest.mark.parametrize("is_link", [False, True])
def test_a_place_in_tmp_that_another_user_took_first_is_refused(
    runtime: Path, *, is_link: bool
) -> None:
    common, own = runtime / "tmp", runtime / "own"
    common.mkdir()
    common.chmod(0o1777)
    own.mkdir(mode=0o700)
    runtime.chmod(0o755)
    as_nobody(TRAPS, str(common / "trayapp-0"), str(own) if is_link else "")
    channel = common / "trayapp-0" / "trayapp"
    with pytest.raises(UnsafeChannelError, match="another user may replace it"):
        claim_directory(channel)
    with pytest.raises(ChannelError):
        ControlClient(channel).ask(Request("status"), 5)


EVIL = ("../../evil", "a/../../../evil", "evil\n/../evil", "/evil", "evil\0", "~/evil", "evil\n")


def test_no_name_becomes_a_path(tmp_path: Path) -> None:
    with bench_inside(tmp_path / "root" / "of" / "all") as (bench, _plug):
        for name in EVIL:
            bench.core.use_account(AccountView(kind=name, url=name, user=name))
            bench.clock.advance(60)
            bench.click(Start(name, name))
        bench.work()
    made = [str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")]
    assert len(made) > 5
    assert [path for path in (*made, *os.listdir("/")) if "evil" in path] == []  # noqa: PTH208  # names
