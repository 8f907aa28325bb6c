#!/usr/bin/env python3
"""Fails when a manual page does not please man and mandoc, or lacks a flag or command that --help shows.  usage: check_pages.py BUILD_DIR"""
import pathlib
import re
import subprocess
import sys

PROGRAMS = {"ondolctl": 1, "ondol-agent": 8, "ondol-undo": 8, "ondol-restore": 8, "ondol-collector": 8}
FILES = ("ondol-agent.yaml", "ondol-collector.yaml", "ondol-guard.yaml")
FLAG = re.compile(r"^ +((?:-\w,)?--[a-z][a-z-]*(?:,--[a-z][a-z-]*)*|-\w\b)", re.MULTILINE)
COMMAND = re.compile(r"^  ([a-z][a-z-]*) ")


def run(*words):
    return subprocess.run(words, capture_output=True, text=True, timeout=60,
                          env={"PATH": "/usr/bin:/bin:/usr/local/bin", "MANWIDTH": "120", "LC_ALL": "C.UTF-8"})


def helps(program, words=()):
    """(command path, help text) of the program and of everything below it."""
    said = run(str(program), *words, "--help")
    if said.returncode != 0 or not said.stdout:
        raise SystemExit(f"{program.name} {' '.join(words)} --help: exit code {said.returncode}: {said.stderr}")
    yield words, said.stdout
    _, _, below = said.stdout.partition("Subcommands:\n")
    for line in below.splitlines():
        name = COMMAND.match(line)
        if name:
            yield from helps(program, (*words, name[1]))


def page_text(page):
    shown = run("man", "--warnings", "-E", "UTF-8", "-l", str(page))
    wrong = [f"{page.name}: man says {line}" for line in shown.stderr.splitlines()]
    if shown.returncode != 0:
        wrong.append(f"{page.name}: man ends with {shown.returncode}")
    plain = re.sub(r".\x08", "", shown.stdout)
    lint = run("mandoc", "-T", "lint", "-W", "warning", str(page))
    # A page belongs to a version, not to a day: two builds of one commit are equal.
    wrong += [f"mandoc says {line}" for line in lint.stdout.splitlines() if "missing date" not in line]
    return re.sub(r"\x1b\[[0-9;]*m", "", plain), wrong


def section_of(text, words, program):
    """The part of the page about one command: from its own heading to the next one."""
    if not words:
        return text
    heading = " ".join((program, *words))
    start = text.find("\n   " + heading + "\n")
    if start < 0:
        return None
    end = re.search(r"\n(   )?\S", text[start + 4 + len(heading):])
    return text[start:start + 4 + len(heading) + (end.start() if end else len(text))]


def missing_in(text, program):
    wrong, flags, commands = [], 0, 0
    for words, said in helps(program):
        is_leaf = "Subcommands:" not in said
        if words and not is_leaf:
            continue
        part = section_of(text, words, program.name)
        commands += 1
        if part is None:
            wrong.append(f"{program.name}: the page has no heading for {' '.join(words)}")
            continue
        for found in FLAG.findall(said):
            for flag in found.split(","):
                flags += 1
                if not re.search(rf"(?<![\w-]){re.escape(flag)}(?![\w-])", part):
                    wrong.append(f"{program.name} {' '.join(words)}: {flag} is not in the page")
    return wrong, flags, commands


def main():
    build = pathlib.Path(sys.argv[1])
    wrong = []
    for name, number in PROGRAMS.items():
        text, complaints = page_text(build / "man" / f"{name}.{number}")
        lacks, flags, commands = missing_in(text, build / "bin" / name)
        wrong += complaints + lacks
        if flags < 1:
            wrong.append(f"{name}: --help shows no flag at all: this test looks in the wrong place")
        print(f"{name}({number}): {commands} commands, {flags} flags")
    for name in FILES:
        text, complaints = page_text(build / "man" / f"{name}.5")
        wrong += complaints + ([] if "KEYS" in text else [f"{name}: no keys"])
    print("\n".join(wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
