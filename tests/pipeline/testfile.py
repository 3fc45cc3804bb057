"""Reads a .test file: comment, then sections that begin with `--- name arguments`. docs/testing.md describes them.

A file becomes inputs (name -> bytes), a configuration, an environment and steps; a step is one command line and
what is expected after it. Errors name file and line, because people write these files by hand.
"""
import ast
import bz2
import dataclasses
import gzip
import lzma
import shlex

DEFAULT_CONFIG = "source:\n  path: in\nsink:\n  path: lake\n"
DEFAULT_COMMAND = "cupel run pipeline.yaml --json"
COMPRESSORS = {"gzip": lambda data: gzip.compress(data, mtime=0), "bz2": bz2.compress, "xz": lzma.compress}
EXPECTATIONS = {"rows", "rejects", "schema", "books", "files", "absent", "same", "exit", "stdout", "stderr"}


class FormatError(Exception):
    """The .test file itself is wrong."""


@dataclasses.dataclass
class Section:
    name: str
    arguments: list
    options: dict
    lines: list
    line: int


@dataclasses.dataclass
class Step:
    command: str
    line: int
    expectations: list = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class Case:
    summary: str
    inputs: dict = dataclasses.field(default_factory=dict)
    environment: dict = dataclasses.field(default_factory=dict)
    steps: list = dataclasses.field(default_factory=list)


def read_sections(path):
    """The comment on top, and the sections below it."""
    summary, sections = [], []
    with open(path, encoding="utf-8", newline="\n") as file:
        for number, line in enumerate(file.read().split("\n"), 1):
            if line.startswith("--- "):
                words = shlex.split(line[4:])
                options = dict(word.split("=", 1) for word in words[1:] if "=" in word)
                plain = [word for word in words[1:] if "=" not in word]
                sections.append(Section(words[0], plain, options, [], number))
            elif sections:
                sections[-1].lines.append(line)
            elif line.startswith("#") or not line:
                summary.append(line.lstrip("# "))
            else:
                raise FormatError(f"{path}:{number}: text before the first section; comments begin with #")
    for section in sections:
        while section.lines and not section.lines[-1]:
            section.lines.pop()
    return " ".join(summary).strip(), sections


def unescape(line, where):
    """Bytes of a line in which Python's escapes (\\n \\r \\t \\\\ \\xNN) stand for bytes."""
    try:
        return ast.literal_eval("b'" + line.replace("'", "\\x27") + "'") if line.isascii() else \
            line.encode().decode("unicode_escape").encode("latin-1")
    except (SyntaxError, ValueError, UnicodeError) as error:
        raise FormatError(f"{where}: bad escape: {error}") from None


def input_bytes(section, where):
    """The bytes of an `input` section, by its options."""
    lines = list(section.lines)
    if "repeat" in section.options:
        pattern = lines.pop()
        lines += [pattern.replace("{i}", str(i)) for i in range(int(section.options["repeat"]))]
    if "escaped" in section.arguments:
        data = b"".join(unescape(line, where) for line in lines)
    else:
        newline = {"lf": "\n", "crlf": "\r\n", "cr": "\r"}[section.options.get("newline", "lf")]
        text = newline.join(lines) + (newline if lines and "no-final-newline" not in section.arguments else "")
        data = text.encode(section.options.get("charset", "utf-8"))
    if "compress" in section.options:
        data = COMPRESSORS[section.options["compress"]](data)
    return data


def load(path):
    """A Case. Without a `config` section the default one is used, without a `command` the default one runs."""
    summary, sections = read_sections(path)
    if not summary:
        raise FormatError(f"{path}:1: say in a comment on top what the test shows")
    case = Case(summary, inputs={"pipeline.yaml": DEFAULT_CONFIG.encode()})
    for section in sections:
        where = f"{path}:{section.line}"
        if section.name == "input":
            case.inputs["in/" + section.arguments.pop(0)] = input_bytes(section, where)
        elif section.name == "config":
            name = section.arguments[0] if section.arguments else "pipeline.yaml"
            case.inputs[name] = ("\n".join(section.lines) + "\n").encode()
        elif section.name == "environment":
            case.environment.update(line.split("=", 1) for line in section.lines if line)
        elif section.name == "command":
            case.steps += [Step(line, section.line) for line in section.lines if line]
        elif section.name in EXPECTATIONS:
            if not case.steps:
                case.steps.append(Step(DEFAULT_COMMAND, section.line))
            case.steps[-1].expectations.append(section)
        else:
            raise FormatError(f"{where}: unknown section '{section.name}'")
    if not case.steps:
        raise FormatError(f"{path}: expects nothing; add at least one of {', '.join(sorted(EXPECTATIONS))}")
    return case
