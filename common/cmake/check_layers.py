#!/usr/bin/env python3
"""Fails when a file includes what common/cmake/layers.txt does not allow.  usage: check_layers.py SOURCE_DIR"""
import pathlib
import re
import sys

ROOMS = ("common", "agent", "collector")
INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)', re.MULTILINE)


def read_law(path):
    allow, pure, banned = {}, [], []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        words = line.split("#")[0].split()
        if not words:
            continue
        verb, rest = words[0], words[1:]
        if verb == "allow" and rest and rest[0].endswith(":"):
            allow[rest[0][:-1]] = rest[1:]
        elif verb == "pure":
            pure += rest
        elif verb == "banned":
            banned += rest
        else:
            sys.exit(f"{path}:{number}: cannot read '{line}'")
    return allow, pure, banned


def is_under(folder, root):
    return folder == root or folder.startswith(root + "/")


def line_for(folder, allow):
    """The most specific line that covers the folder."""
    covering = [name for name in allow if is_under(folder, name)]
    return max(covering, key=len) if covering else None


def target_of(include):
    if include.startswith("ondol/v1/"):
        return "proto"
    return str(pathlib.PurePosixPath(include).parent)


def may_include(name, target, allow):
    own_line = line_for(target, allow)
    if own_line == name:
        return True
    return any(word == "*" or word == target or is_under(target, word) for word in allow[name])


def is_banned(include, banned):
    return any(include == word or include.startswith(word) and (word.endswith("/") or include[len(word)] in "./_+p")
               for word in banned)


def check_file(path, relative, law):
    allow, pure, banned = law
    folder = str(relative.parent)
    name = line_for(folder, allow)
    if name is None:
        return [f"{relative}: {folder} has no line in common/cmake/layers.txt"]
    wrong = []
    for quoted, angle in INCLUDE.findall(path.read_text()):
        if quoted and not may_include(name, target_of(quoted), allow):
            wrong.append(f'{relative}: {name} may not include "{quoted}"')
        if quoted and "/" not in quoted:
            wrong.append(f'{relative}: write the whole path of "{quoted}"')
        if angle and is_banned(angle, banned) and any(is_under(folder, room) for room in pure):
            wrong.append(f"{relative}: {folder} is pure and may not include <{angle}>")
    return wrong


def main():
    source = pathlib.Path(sys.argv[1])
    law = read_law(source / "common/cmake/layers.txt")
    files = sorted(path for room in ROOMS for path in (source / room).rglob("*") if path.suffix in (".h", ".cc"))
    if not files:
        sys.exit(f"{source}: no source files found")
    wrong = [text for path in files for text in check_file(path, path.relative_to(source), law)]
    print("\n".join(wrong) if wrong else f"{len(files)} files keep to the layers")
    sys.exit(1 if wrong else 0)


main()
