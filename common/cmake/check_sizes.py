#!/usr/bin/env python3
"""Fails when a file, function, lambda or constructor is longer than the house allows.  usage: check_sizes.py SOURCE_DIR

Functions are found by their braces, after comments and strings are blanked: an approximation that errs towards silence.
"""
import pathlib
import re
import sys

ROOMS = ("common", "agent", "collector", "tests")
FILE_LIMITS = {".cc": 500, ".h": 250}
MAIN_LIMIT, FUNCTION_LIMIT, LAMBDA_LIMIT, PARAMETER_LIMIT = 150, 60, 10, 5

BLANK = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"([^(]*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|(?<![0-9a-fA-F])\'(?:\\.|[^\'\\\n])\'|^\s*#(?:\\\n|[^\n])*',
    re.DOTALL | re.MULTILINE)
SCOPE = re.compile(r"\b(namespace|class|struct|union|enum|extern)\b")
CONTROL = re.compile(r"^\s*(if|else|for|while|switch|do|try|catch)\b")
LAMBDA = re.compile(r"\[[^\[\]]*\]\s*(\([^{}]*\))?\s*(mutable|noexcept|->[^{]*)?\s*$", re.DOTALL)


def blanked(text):
    return BLANK.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), text)


def kind_of(head):
    """What a brace opens, from the text since the last ; { or }."""
    if LAMBDA.search(head):
        return "lambda"
    if CONTROL.match(head):
        return "block"
    if SCOPE.search(re.sub(r"<[^<>]*>|\([^()]*\)", "", head)) and not re.search(r"\)\s*(const|noexcept|override|final|\s)*$", head):
        return "scope"
    return "function" if ")" in head else "block"


def braces(text):
    """Yields (kind, first line, last line) of every closed brace pair; functions only where functions can be."""
    stack, start = [], 0
    for match in re.finditer(r"[{};]", text):
        at = match.start()
        if match.group() == "{":
            head = text[start:at]
            kind = kind_of(head)
            inside = any(opened in ("function", "lambda") for opened, _ in stack)
            if kind == "function" and inside:
                kind = "block"
            stripped = len(head) - len(head.lstrip())
            begin = at if kind == "lambda" else start + stripped
            stack.append((kind, text.count("\n", 0, begin) + 1))
        elif match.group() == "}" and stack:
            kind, first = stack.pop()
            yield kind, first, text.count("\n", 0, at) + 1
        start = at + 1


def parameters(text):
    depth, count = 0, 1 if text.strip() else 0
    for character in text:
        depth += (character in "(<{[") - (character in ")>}]")
        count += character == "," and depth == 0
    return count


def constructors(text):
    """Yields (line, class, number of parameters) for declarations inside a class body."""
    for opened in re.finditer(r"\b(?:class|struct)\s+(\w+)[^;{()]*\{", text):
        name = opened.group(1)
        for found in re.finditer(r"(?<![\w:~.>])" + name + r"\s*\(((?:[^()]|\([^()]*\))*)\)\s*(?=[:;{]|noexcept|=)", text[opened.end():]):
            yield text.count("\n", 0, opened.end() + found.start()) + 1, name, parameters(found.group(1))


def check_file(path, relative):
    raw = path.read_text()
    lines = raw.count("\n")
    limit = MAIN_LIMIT if path.name == "main.cc" else FILE_LIMITS[path.suffix]
    wrong = [f"{relative}: {lines} lines, at most {limit}"] if lines > limit else []
    if path.suffix == ".h" and not raw.startswith("// "):
        wrong.append(f"{relative}:1: a header opens with one sentence of purpose")
    text = blanked(raw)
    for kind, first, last in braces(text):
        most = {"function": FUNCTION_LIMIT, "lambda": LAMBDA_LIMIT}.get(kind)
        if most and last - first + 1 > most:
            wrong.append(f"{relative}:{first}: {kind} of {last - first + 1} lines, at most {most}")
    for line, name, count in constructors(text):
        if count > PARAMETER_LIMIT:
            wrong.append(f"{relative}:{line}: constructor of {name} has {count} parameters, at most {PARAMETER_LIMIT}")
    return wrong


def main():
    source = pathlib.Path(sys.argv[1])
    files = sorted(path for room in ROOMS for path in (source / room).rglob("*") if path.suffix in FILE_LIMITS)
    if not files:
        sys.exit(f"{source}: no source files found")
    wrong = [text for path in files for text in check_file(path, path.relative_to(source))]
    print("\n".join(wrong) if wrong else f"{len(files)} files keep to the sizes")
    sys.exit(1 if wrong else 0)


main()
