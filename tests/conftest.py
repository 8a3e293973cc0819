# What every test may use: the jail tree, servers to deliver to, and the collectors for unit programs and dialogues.

import os
import pathlib
import shutil
import sys
import tempfile

import pytest

from support import dialog, isolate, units
from support.dns import Dns
from support.inetd import Inetd
from support.sink import Script, Sink
from support.syslog import Syslogd
from support.tree import Tree

sys.dont_write_bytecode = True
state = {"isolated": "not tried", "dns": None, "trees": None}


def pytest_addoption(parser):
    parser.addoption("--boards", default="", help="boards whose unit programs and dialogues run too, under qemu-user")
    parser.addoption("--native-unit", action="store_true", help="the unit programs of the musl build, too")


def pytest_configure(config):
    if state["isolated"] == "not tried" and not config.option.collectonly:
        state["isolated"] = isolate.enter()
        if not state["isolated"]:
            state["dns"] = Dns()
    state["trees"] = tempfile.mkdtemp(prefix="buzon-test-")
    os.chmod(state["trees"], 0o755)


def pytest_report_header(config):
    binary = os.environ.get("BUZON", "build/native/buzon")
    lines = [f"binary: {binary}, as uid {os.getuid()}, trees in {state['trees']}"]
    if state["isolated"]:
        lines.append(f"NOT ISOLATED: this run uses the machine's network and name service ({state['isolated']})")
    return lines


def pytest_unconfigure(config):
    # Trees of failed tests stay, to be looked at; an empty folder goes.
    if state["trees"]:
        try:
            os.rmdir(state["trees"])
        except OSError:
            print(f"trees of failed tests: {state['trees']}")
    reporter = config.pluginmanager.getplugin("terminalreporter")
    if reporter and not config.option.collectonly:
        print(count(reporter.stats))


def count(stats):
    """The closing line: nothing that was to run and did not is left out of it."""
    n = {k: len(v) for k, v in stats.items()}
    failed = n.get("failed", 0) + n.get("error", 0) + n.get("xpassed", 0)
    skipped = n.get("skipped", 0) + n.get("xfailed", 0)
    return f"{n.get('passed', 0)} passed, {failed} failed" + (f", {skipped} skipped" if skipped else "")


def pytest_collect_file(file_path, parent):
    if file_path.suffix == ".dlg":
        return dialog.DialogFile.from_parent(parent, path=file_path)
    if file_path.name.endswith("_test.c"):
        return units.UnitFile.from_parent(parent, path=file_path)
    return None


def pytest_collection_modifyitems(items):
    if os.getuid() == 0:
        return
    for item in items:
        if item.get_closest_marker("root"):
            item.add_marker(pytest.mark.skip(reason="needs root"))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    if report.failed:
        item.has_failed = True
        for tree in getattr(item, "trees", []):
            report.sections.append((f"log of {tree.root}", tree.log()[-4000:]))


def tree_for(item, command=None):
    """A new tree that belongs to one test item."""
    directory = pathlib.Path(tempfile.mkdtemp(prefix=item.name[:40].replace("/", "_") + ".", dir=state["trees"]))
    directory.chmod(0o755)
    tree = Tree(directory / "root", command)
    item.trees = getattr(item, "trees", []) + [tree]
    return tree


def tree_done(item):
    for tree in getattr(item, "trees", []):
        tree.stop()
        if not getattr(item, "has_failed", False):
            shutil.rmtree(tree.root.parent, ignore_errors=True)
    item.trees = []


dialog.make_tree, dialog.drop_trees = tree_for, tree_done


@pytest.fixture
def tree(request):
    """A fresh jail tree (support/tree.py)."""
    yield tree_for(request.node)
    tree_done(request.node)


@pytest.fixture
def trees(request):
    """Makes as many fresh jail trees as a test asks for."""
    yield lambda: tree_for(request.node)
    tree_done(request.node)


@pytest.fixture
def dns():
    """The run's name server; what a test adds goes when it ends."""
    if not state["dns"]:
        pytest.fail("the run is not isolated, so there is no name server of its own")
    state["dns"].reset()                     # of what clients of other tests asked
    yield state["dns"]
    state["dns"].reset()


@pytest.fixture
def resolv(dns):
    """Puts a text into /etc/resolv.conf, which is the run's own: resolv("nameserver 127.0.0.1\\n")."""
    path = pathlib.Path("/etc/resolv.conf")
    before = path.read_text()
    yield path.write_text
    path.write_text(before)


@pytest.fixture
def sink():
    """A real SMTP server on loopback that keeps what it gets (aiosmtpd)."""
    s = Sink()
    yield s
    s.close()


@pytest.fixture
def make_sink():
    """Makes real SMTP servers with options: make_sink(data_size_limit=1000)."""
    made = []

    def make(**options):
        made.append(Sink(**options))
        return made[-1]
    yield make
    for s in made:
        s.close()


@pytest.fixture
def script():
    """Makes scripted servers: script(RCPT=b"450 4.2.0 later\\r\\n")."""
    made = []

    def make(**replies):
        made.append(Script(**replies))
        return made[-1]
    yield make
    for s in made:
        s.close()


@pytest.fixture
def syslogd(tmp_path):
    """A syslogd that a process started with preexec_fn=syslogd.enter finds at /dev/log."""
    s = Syslogd(tmp_path)
    yield s
    s.close()


@pytest.fixture
def inetd(tmp_path):
    """Makes openbsd-inetd on a config text, in the foreground, in namespaces of its own: inetd(text, services="")."""
    made = []

    def make(text, **more):
        made.append(Inetd(text, tmp_path, **more))
        return made[-1]
    yield make
    for s in made:
        s.close()
