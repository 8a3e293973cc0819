# Each lint is shown a copy of the repository with one fault in it, and must find it.

import os
import shutil
import subprocess
import sys

import pytest

from source import REPO

# (what is wrong, file, text to append or (old, new), the test that must fail)
FAULTS = [
    ("base includes mail", "lib/base/str.c", '\n#include "mail/dot.h"\n', "test_includes_follow_the_table"),
    ("mail includes sys", "lib/mail/dot.c", '\n#include "sys/io.h"\n', "test_includes_follow_the_table"),
    ("sys includes applets", "lib/sys/io.c", '\n#include "applets.h"\n', "test_includes_follow_the_table"),
    ("uthash outside map.c", "lib/base/str.c", "\n#include <uthash.h>\n", "test_includes_follow_the_table"),
    ("bearssl outside tls.c", "lib/sys/io.c", "\n#include <bearssl.h>\n", "test_includes_follow_the_table"),
    ("mail opens files", "lib/mail/dot.c", "\n#include <fcntl.h>\n", "test_includes_follow_the_table"),
    ("an applet calls another", "applets/mailq.c", "\nint f(void) { return smtpd_main(0, 0); }\n",
     "test_no_applet_includes_or_calls_another"),
    ("a library exits", "lib/sys/io.c", "\nvoid io_x(void) { exit(1); }\n", "test_only_applets_exit"),
    ("an applet sends", "applets/smtpd.c", "\nvoid f(void) { send(0, \"\", 0, 0); }\n",
     "test_peers_are_spoken_to_in_io_alone"),
    ("an applet writes", "applets/smtpd.c", "\nvoid f(void) { write(1, \"\", 0); }\n",
     "test_peers_are_spoken_to_in_io_alone"),
    ("no opening comment", "lib/base/new.c", "#include <string.h>\n", "test_every_file_opens_by_saying"),
    ("own header not first", "lib/base/new.c", '/* New. */\n#include <string.h>\n#include "base/new.h"\n',
     "test_own_header_comes_first"),
    ("guard of another name", "lib/base/new.h", "/* New. */\n#ifndef NEW_H\n#define NEW_H\n#endif\n",
     "test_guards_bear_the_path"),
    ("typedef", "lib/base/str.h", "\ntypedef struct str str_t;\n", "test_no_struct_hides_behind_a_typedef"),
    ("no contract", "lib/base/str.h", "\nint str_extra(void);\n", "test_every_public_function_has_a_contract"),
    ("long function", "lib/base/str.c", "\nvoid str_long(void)\n{\n" + "    ;\n" * 90 + "}\n",
     "test_functions_are_short"),
    ("long line", "lib/base/str.c", "\n/* " + "x" * 130 + " */\n", "test_lines_are_at_most_120_columns"),
    ("left to do", "lib/base/str.c", "\n/* TO" + "DO: this */\n", "test_nothing_is_left_to_do"),
    ("trailing blank", "lib/base/str.c", "\n \n", "test_no_trailing_blanks"),
    ("ifdef", "lib/base/str.c", "\n#ifdef FANCY\n#endif\n", "test_options_of_the_preprocessor_use_if"),
    ("shell script", "tests/bad", "#!/bin/sh\nrm -rf $1\n", "test_shell_scripts_pass_shellcheck"),
    ("applet without parts", "applets/applets.h", '\nAPPLET(frob, "frob", "", "do it")\n',
     "test_an_applet_has_all_its_parts"),
    ("applet without a row", "applets/frob.c", "/* Frob. */\nint frob_main(int argc, char **argv) { return 0; }\n",
     "test_no_applet_without_a_row"),
    ("key without a manual", "lib/mail/conf.c", '\nstatic struct { const char *k; int v; } f = { "frob-key", 0 };\n',
     "test_every_key_is_in_the_manual"),
    ("faulty manual page", "docs/man/smtpd.8", "\n.Frob\n.It\n", "test_manual_page_is_clean"),
    ("module without a test", "lib/base/new.c", '/* New. */\n#include "base/new.h"\n',
     "test_every_pure_module_has_a_unit_test"),
    ("case never run", "tests/unit/new_test.c", '/* New. */\n#include "test.h"\nstatic void lonely(void)\n{\n}\n'
     "int main(void)\n{\n    TEST_DONE();\n}\n", "test_unit_tests_use_the_harness"),
    ("somebody's header", "lib/base/uthash.h", "/* x */\n", "test_nothing_third_party_is_kept"),
    ("file outside the layout", "notes.txt", "hello\n", "test_every_row_of_the_layout_is_there"),
]

# Objects, compiled for the purpose: (what, where, source, the test that must fail)
OBJECTS = [
    ("base asks the time", "lib/base", "#include <time.h>\nlong crc32c_x(void) { return (long)time(0); }\n", "crc32c",
     "test_pure_layers_call_nothing_with_an_effect"),
    ("mail allocates", "lib/mail", "#include <stdlib.h>\nvoid *dot_x(void) { return malloc(1); }\n", "dot",
     "test_pure_layers_call_nothing_with_an_effect"),
    ("foreign public name", "lib/sys", "int helper(void) { return 1; }\n", "io",
     "test_public_names_bear_their_files_name"),
]


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """The sources and the native objects; git knows the copy too, for the lints that ask it."""
    to = tmp_path_factory.mktemp("lints") / "copy"
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=REPO, capture_output=True, text=True,
                            check=True).stdout.splitlines()
    for name in listed:
        if (REPO / name).is_file() and not name.startswith("build/"):
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(REPO / name, to / name)
    shutil.copytree(REPO / "build/native/obj", to / "build/native/obj")
    for name in ("buzon", "buzon.debug"):
        shutil.copy2(REPO / "build/native" / name, to / "build/native" / name)
    subprocess.run(["git", "init", "-q"], cwd=to, check=True)
    return to


def lint(copy, test):
    """Does the test fail on the copy?"""
    env = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST")}
    argv = [sys.executable, "-m", "pytest", "-q", "-x", "-c", "tests/pytest.ini", "tests/lint", "-k", test]
    out = subprocess.run(argv, cwd=copy, capture_output=True, text=True, env=env)
    assert out.returncode in (0, 1), out.stdout + out.stderr
    return out.returncode == 1, out.stdout


@pytest.mark.parametrize("what,name,text,test", FAULTS, ids=[f[0].replace(" ", "-") for f in FAULTS])
def test_lint_finds(copy, what, name, text, test):
    path = copy / name
    before = path.read_bytes() if path.exists() else None
    assert not lint(copy, test)[0], "it fails without the fault already"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes((before or b"") + text.encode())
    try:
        failed, said = lint(copy, test)
        assert failed and (path.name in said or "frob" in said), said
    finally:
        if before is None:
            path.unlink()
        else:
            path.write_bytes(before)


@pytest.mark.parametrize("what,where,text,stem,test", OBJECTS, ids=[o[0].replace(" ", "-") for o in OBJECTS])
def test_lint_of_objects_finds(copy, what, where, text, stem, test, tmp_path):
    obj = copy / "build/native/obj" / where / f"{stem}.o"
    before = obj.read_bytes()
    (tmp_path / "x.c").write_text(text)
    assert not lint(copy, test)[0], "it fails without the fault already"
    subprocess.run(["gcc", "-c", "-o", str(obj), str(tmp_path / "x.c")], check=True)
    try:
        assert lint(copy, test)[0]
    finally:
        obj.write_bytes(before)
