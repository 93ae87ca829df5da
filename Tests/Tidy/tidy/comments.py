"""How comments may begin, and what they may not say."""

import collections
import re

from .swift_source import SwiftSource

# First words of a doc comment after which a reader must guess what it is about.
OPENERS = re.compile(r"(?:Where\b[^.]*,|Whoever\b|Nobody\b|Somebody\b|Whatever\b|So many\b)")

# What can be said plainly: a number N, the process or the caller by its name, the glossary's word.
PHRASES = re.compile(
    r"\b(so many|so much|whoever|whosoever|somebody|nobody"
    # Words that the types had, and the comments may still have.
    r"|reigns?|lineages?|limbo|tenanc(?:y|ies)|footings?|horizons?|doubtful|departures?"
    r"|choirs?|crews?|swarms?|crowds?|guests?|chores?|doors?|keepers?|desks?|entrances?|receptions?"
    r"|audiences?|junk|stretch(?:es)?)\b", re.IGNORECASE)

HEAD = """\
# Comments that begin or speak otherwise than tidy/comments.py asks, by folder. The numbers may only
# get lower; a folder that is not here has none and gets none.
"""


def faults(source: SwiftSource) -> list[str]:
    """What is wrong with a file's comments, with the place."""
    found = []
    last_doc_line, in_example = -1, False
    for comment in source.comments:
        is_first = comment.is_doc and comment.line != last_doc_line + 1
        if comment.is_doc:
            last_doc_line = comment.line
        if is_first:
            in_example = False
        if comment.text.startswith("```"):
            in_example = not in_example
            continue
        if in_example:
            continue
        where = f"{source.path}:{comment.line}"
        text = re.sub(r"`[^`]*`", "`code`", comment.text)
        if is_first and (fault := _opener_fault(text)):
            found.append(f"{where} {fault}: {comment.text}")
        for match in PHRASES.finditer(text):
            if not (is_first and OPENERS.match(text) and match.start() == 0):
                found.append(f"{where} says \"{match.group()}\": {comment.text}")
    return found


def _opener_fault(text: str) -> str | None:
    if OPENERS.match(text):
        return f"begins with \"{text.split()[0]}\""
    if not re.match(r"[\W_]*[^\W_]", text):
        return "begins with no word"
    first = re.search(r"[^\W_]|`", text).group()
    return "begins with a small letter" if first.islower() else None


def by_folder(sources: list[SwiftSource]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = collections.defaultdict(list)
    for source in sources:
        if faults_here := faults(source):
            found[source.path.rsplit("/", 1)[0]] += faults_here
    return found
