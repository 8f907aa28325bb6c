#!/usr/bin/env python3
"""Shows that the checks find what they are for.  usage: check_the_checks.py SOURCE_DIR"""
import pathlib
import shutil
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(sys.argv[1])
HEADER = "// A purpose.\n"
LONG_BODY = "  work();\n"

LAYERS_CASES = {
    "common/base/a.h": (HEADER + '#include "common/resources/b.h"\n', "common/base may not include"),
    "common/base/b.cc": ("#include <thread>\n", "is pure and may not include <thread>"),
    "common/base/c.cc": ("#include <grpcpp/grpcpp.h>\n", "is pure and may not include <grpcpp/grpcpp.h>"),
    "common/base/d.cc": ("#include <sys/socket.h>\n", "is pure and may not include <sys/socket.h>"),
    "common/intent/e.cc": ('#include "ondol/v1/admin.pb.h"\n', "common/intent may not include"),
    "common/attic/f.cc": ("int x;\n", "has no line"),
    "common/base/g.cc": ('#include "g.h"\n', "write the whole path"),
    "agent/core/h.cc": ('#include "agent/host/routes/observe_routes.h"\n', "agent/core may not include"),
    "collector/cli/i.cc": ('#include "collector/store/store.h"\n', "collector/cli may not include"),
    "common/base/j.cc": ('#include <map>\n#include <string>\n#include "common/base/a.h"\n', None),
}
SIZES_CASES = {
    "common/base/a.cc": ("int f() {\n" + LONG_BODY * 59 + "}\n", "function of 61 lines"),
    "common/base/b.cc": ("void g() {\n  auto h = [&](int x) {\n" + LONG_BODY * 9 + "  };\n}\n", "lambda of 11 lines"),
    "common/base/c.cc": ("int x;\n" * 501, "501 lines, at most 500"),
    "common/base/d.h": (HEADER + "int x;\n" * 250, "251 lines, at most 250"),
    "common/base/e.h": ("#pragma once\n", "opens with one sentence"),
    "common/base/f.h": (HEADER + "class F {\n  F(int a, int b, int c, int d, int e, int f);\n};\n", "has 6 parameters"),
    "agent/main.cc": ("int x;\n" * 151, "151 lines, at most 150"),
    "common/base/g.cc": ("namespace a {\nclass B {\n  int f() {\n" + LONG_BODY * 58 + "  }\n" + LONG_BODY * 60 + "};\n}\n", None),
    "common/base/h.h": (HEADER + "class H {\n  H(std::map<int, int> a, int b, int c, int d, int e);\n};\n", None),
    "common/base/i.cc": ('const char* text = "{ { {";\n// {{{\nint f() {\n  return 0;\n}\n', None),
}


def complaints(check, path, content):
    with tempfile.TemporaryDirectory() as tree:
        law = pathlib.Path(tree) / "common/cmake/layers.txt"
        law.parent.mkdir(parents=True)
        shutil.copy(SOURCE / "common/cmake/layers.txt", law)
        file = pathlib.Path(tree) / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
        done = subprocess.run([sys.executable, SOURCE / "common/cmake" / check, tree], capture_output=True, text=True)
        return done.returncode, done.stdout


failed = False
for check, cases in (("check_layers.py", LAYERS_CASES), ("check_sizes.py", SIZES_CASES)):
    for path, (content, expected) in cases.items():
        code, text = complaints(check, path, content)
        good = code == 0 if expected is None else code == 1 and expected in text
        if not good:
            failed = True
            print(f"{check} on {path}: wanted {expected!r}, got exit {code}: {text}")
sys.exit(1 if failed else 0)
