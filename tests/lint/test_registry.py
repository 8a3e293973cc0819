# Each applet, key, module and page is where a reader looks for it; nothing third-party came along.

import re
import subprocess

import pytest

from source import REPO, applet_rows, conf_keys, files, modules, rel


def test_the_list_of_applets_is_read():
    names = {name for _, name, _, _ in applet_rows()}
    assert {"smtpd", "queue-runner", "access-check", "tcpd", "sendmail", "mailq"} <= names


@pytest.mark.parametrize("row", applet_rows(), ids=lambda row: row[1])
def test_an_applet_has_all_its_parts(row):
    entry, name, _, help = row
    missing = []
    source = REPO / f"applets/{entry}.c"
    if not source.exists():
        missing.append(rel(source))
    elif not re.search(rf"^int {entry}_main\(int argc, char \*\*argv\)", source.read_text(), re.M):
        missing.append(f"{entry}_main in {rel(source)}")
    for path in (f"docs/man/{name}.8", f"tests/applet/test_{entry}.py"):
        if not (REPO / path).exists():
            missing.append(path)
    readme = REPO / "README.md"
    if not readme.exists() or not re.search(rf"^\| *(?:\[)?`{name}`", readme.read_text(), re.M):
        missing.append(f"a line `| `{name}` |` in README's table of applets")
    if not help or len(help) > 80:
        missing.append("a help text of one line")
    assert not missing, "missing: " + ", ".join(missing)


def test_no_applet_without_a_row():
    entries = {entry for entry, _, _, _ in applet_rows()}
    assert {p.stem for p in files("applets/*.c")} - {"main"} == entries


def test_every_key_is_in_the_manual():
    page = REPO / "docs/man/buzon.conf.5"
    keys = conf_keys()
    assert {"hostname", "local-domains", "smarthost", "message-size-limit"} <= set(keys), f"keys found: {keys}"
    assert page.exists(), "no docs/man/buzon.conf.5"
    text = page.read_text().replace("\\-", "-")
    lines = "\n".join(re.findall(r"^\.(?:It )?(?:Xo )?(?:Ic|Cm|Sy|Li) .*", text, re.M))
    missing = [k for k in keys if not re.search(rf"(?<![\w-]){re.escape(k)}(?![\w-])", lines)]
    assert not missing, f"not in buzon.conf.5: {missing}"


PAGES = sorted({REPO / "docs/man/buzon.conf.5", *files("docs/man/*.[1-9]")})


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_manual_page_is_clean(page):
    out = subprocess.run(["mandoc", "-Tlint", "-Wwarning", str(page)], capture_output=True, text=True)
    assert out.returncode == 0 and not out.stdout, out.stdout + out.stderr
    assert re.search(r"^\.Dd ", page.read_text(), re.M), "not mdoc"


def test_every_pure_module_has_a_unit_test():
    missing = []
    for path in files("lib/base/*.c", "lib/mail/*.c"):
        if not any((REPO / f"tests/unit/{stem}_test.c").exists() for stem in modules(rel(path))):
            missing.append(rel(path))
    assert not missing, f"no unit test for {missing}"


def test_unit_tests_use_the_harness():
    faults = []
    for path in files("tests/unit/*_test.c"):
        text = path.read_text()
        if "TEST_DONE()" not in text or '"test.h"' not in text:
            faults.append(f"{rel(path)}: no test.h or no TEST_DONE()")
        cases = set(re.findall(r"^static void (\w+)\(void\)", text, re.M))
        run = set(re.findall(r"\bRUN\((\w+)\)", text))
        helpers = {c for c in cases - run if len(re.findall(rf"\b{c}\(\)", text)) > 0}
        if cases - run - helpers:
            faults.append(f"{rel(path)}: never run: {sorted(cases - run - helpers)}")
    assert not faults, "\n".join(faults)


THIRD_PARTY_MARKS = ("br_ssl_client_init_full", "HASH_JEN", "UTHASH_VERSION", "musl as a whole is licensed")


def test_nothing_third_party_is_kept():
    out = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=REPO, capture_output=True, text=True)
    assert out.returncode == 0, out.stderr
    faults = []
    for name in out.stdout.splitlines():
        path = REPO / name
        if not path.is_file() or name.startswith("build/"):
            continue
        if re.search(r"(^|/)(uthash|utlist|bearssl\w*|musl|libc)\.[hac]$|\.(tar|tgz|xz|gz|zip|deb|o|a|so|elf)$", name):
            faults.append(name)
            continue
        data = path.read_bytes()
        if b"\x7fELF" == data[:4]:
            faults.append(f"{name}: a program")
        elif name != "tests/lint/test_registry.py" and any(m.encode() in data for m in THIRD_PARTY_MARKS):
            faults.append(f"{name}: looks like somebody else's source")
    assert not faults, "\n".join(faults)


def test_every_row_of_the_layout_is_there():
    missing = [d for d in ("Makefile", "README.md", "LICENSE", "applets", "lib", "board", "rootfs", "tests", "docs",
                           ".gitignore", "docs/ARCHITECTURE.md", "docs/HACKING.md") if not (REPO / d).exists()]
    assert not missing, f"missing: {missing}"
    allowed = {"Makefile", "README.md", "LICENSE", "applets", "lib", "board", "rootfs", "tests", "docs"}
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=REPO, capture_output=True, text=True)
    top = {name.split("/")[0] for name in listed.stdout.splitlines() if (REPO / name).exists()}
    foreign = {t for t in top - allowed if not t.startswith(".")}
    assert not foreign, f"not in the layout: {sorted(foreign)}"
