"""What was to go and stayed: notes to oneself, code that is commented out, traps, files of nothing,
and words that the project no longer has."""

import functools
import pathlib
import re

from .swift_source import SwiftSource

_NOTE = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
_TRAP = re.compile(r"\b(?:try|as)!|(?<=[\w)\]}\"`?])!(?!=)")
_PRINT = re.compile(r"(?<![\w.])(?:debugPrint|print|dump|NSLog)\s*\(")
# Folders whose code speaks to the terminal by itself: none.
PRINTERS: tuple[str, ...] = ()

_STATEMENT = re.compile(
    r"\s*(?:(?:(?:private|public|static|final|mutating|override)\s+)*"
    r"(?:(?:let|var)\s+\w+\s*[:=]|func\s+\w+\s*[(<]|(?:struct|class|enum|actor)\s+[A-Z]\w*\b.*\{)"
    r"|import\s+[A-Z]\w*$|(?:guard|if|for|while|switch|do|defer|else)\b.*\{$|case\s+\.?\w+.*:$"
    r"|return\s+[\w.]+\(.*\)$|(?:try|await)\s+[\w.]+\(.*\)$|[})\]]+[,;)]*\s*$|.*[{;]$"
    r"|[\w.]+\(.*\)$|[\w.]+\s[-+*/|&]?=\s\S|@\w+\b|#(?:if|expect|require)\b)")

# Of a part of an identifier, whatever its capitals: `reignOver` and `LastReign` have the first.
OLD_WORDS = frozenset("""
    reign lineage limbo tenancy footing horizon standing doubtful departure choir crew swarm crowd
    chore door keeper desk entrance reception audience sight pulse junk hearing envelope remembered
""".split())
# Names that are no longer anything's, though each of their parts is a word.
OLD_NAMES = frozenset("""
    RedisHome RedisPort RedisFeed RedisControl RedisHighest BusPayload FirstRequest SessionID seeOff
    byHand sureUntil Guest Watch Pace Trouble Outage
""".split())

_DESIGN_PAGE = re.compile(
    r"\b(?:PROTOCOL|CLUSTER|HOUSE|OPERATIONS|DESIGN|ARCHITECTURE)(?:\.md)?,? ?§"
    r"|\.\./shared\b|\bshared/design\b|/work/\w")


def notes(root: pathlib.Path) -> list[str]:
    return _lines_with(_NOTE, root)


def design_pages(root: pathlib.Path) -> list[str]:
    return _lines_with(_DESIGN_PAGE, root)


def traps(sources: list[SwiftSource]) -> list[str]:
    return _matches(_TRAP, [source for source in sources if source.path.startswith("Sources/")])


def prints(sources: list[SwiftSource]) -> list[str]:
    return _matches(_PRINT, [
        source for source in sources
        if source.path.startswith("Sources/") and source.folder not in PRINTERS])


def commented_code(sources: list[SwiftSource]) -> list[str]:
    return [f"{source.path}:{comment.line} {comment.text}" for source in sources
            for comment in source.comments
            if not comment.is_doc and not comment.is_trailing and _STATEMENT.match(comment.text)]


def old_words(sources: list[SwiftSource]) -> list[str]:
    found = []
    for source in sources:
        for match in re.finditer(r"[A-Za-z]\w*", re.sub(r"`[^`\n]*`", _blanked, source.code)):
            if _is_old(match.group()):
                found.append(f"{source.path}:{source.line(match.start())} {match.group()}")
    return found


@functools.cache
def _is_old(name: str) -> bool:
    parts = {part.lower() for part in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)}
    singular = {part.removesuffix("s") for part in parts}
    return bool((parts | singular) & OLD_WORDS) or name in OLD_NAMES


def orphans(root: pathlib.Path) -> list[str]:
    """Swift files of a folder that is no target, and other files that no other file names."""
    package = (root / "Package.swift").read_text(encoding="utf-8")
    targets = set(re.findall(r'arget\(\s*name: "(\w+)"', package)) | set(
        re.findall(r'systemLibrary\(\s*name: "(\w+)"', package))
    texts = _texts(root, (
        "Sources", "Tests", "deploy", "Benchmarks", ".ci", "Package.swift", "Makefile"))
    found = []
    for path in _paths(root, ("Sources", "Tests")):
        parts = path.split("/")
        is_of_target = parts[1] in targets
        if path.endswith((".swift", ".c", "/module.modulemap")):
            if not is_of_target:
                found.append(f"{path} is in no target of Package.swift")
        elif not path.startswith("Tests/Tidy/") and not _is_named(path, texts):
            found.append(f"{path} is named nowhere")
    return found


def _is_named(path: str, texts: list[tuple[str, str]]) -> bool:
    name = path.rsplit("/", 1)[1]
    # A Python module is named without its ending, and a package by its folder.
    if name.endswith(".py"):
        name = path.split("/")[-2] if name == "__init__.py" else name.removesuffix(".py")
    pattern = re.compile(rf"(?<![\w-]){re.escape(name)}(?![\w-])")
    return any(other != path and name in text and pattern.search(text) for other, text in texts)


def _lines_with(pattern: re.Pattern[str], root: pathlib.Path) -> list[str]:
    return [f"{path}:{number} {line.strip()}" for path, text in _texts(root) if pattern.search(text)
            for number, line in enumerate(text.splitlines(), 1) if pattern.search(line)]


def _blanked(match: re.Match[str]) -> str:
    return " " * len(match.group())


def _matches(pattern: re.Pattern[str], sources: list[SwiftSource]) -> list[str]:
    found = []
    for source in sources:
        lines = source.text.split("\n")
        for match in pattern.finditer(source.code):
            number = source.line(match.start())
            found.append(f"{source.path}:{number} {lines[number - 1].strip()}")
    return found


def _paths(root: pathlib.Path, tops: tuple[str, ...]) -> list[str]:
    paths = []
    for top in tops:
        place = root / top
        files = [place] if place.is_file() else sorted(place.rglob("*"))
        paths += [file.relative_to(root).as_posix() for file in files
                  if file.is_file() and not {"__pycache__", ".work"} & set(file.parts)]
    return paths


def _texts(
        root: pathlib.Path, tops: tuple[str, ...] = ("Sources", "Tests")) -> list[tuple[str, str]]:
    """Every text with its path, but not this test's own, which names all that it forbids."""
    found = []
    for path in _paths(root, tops):
        if path.startswith("Tests/Tidy/") and len(tops) == 2:
            continue
        try:
            found.append((path, (root / path).read_text(encoding="utf-8")))
        except UnicodeDecodeError:
            continue
    return found
