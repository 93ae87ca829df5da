"""All checks of one tree, and the three lists that it keeps."""

import functools
import pathlib

from . import arrows, comments, leftovers, lengths, ratchet
from .swift_source import SwiftSource, swift_files

LISTS = pathlib.PurePosixPath("Tests/Tidy")


class Tree:
    """A checkout: Package.swift, Sources and Tests."""

    def __init__(self, root: pathlib.Path):
        self.root = root

    @functools.cached_property
    def sources(self) -> list[SwiftSource]:
        return swift_files(self.root)

    @functools.cached_property
    def uses(self) -> arrows.Uses:
        return arrows.Uses(self.sources)

    @functools.cached_property
    def comments(self) -> dict[str, list[str]]:
        return comments.by_folder(self.sources)

    @property
    def allowed(self) -> arrows.Allowed:
        return arrows.Allowed.parse(self._list("arrows.txt"))

    def checks(self) -> list[tuple[str, list[str]]]:
        """What must hold, and what speaks against it."""
        sources, root = self.sources, self.root
        return [
            ("every arrow between folders and targets is allowed",
             arrows.check_arrows(self.uses, self.allowed)),
            ("no folders use each other", arrows.check_circles(self.uses, self.allowed)),
            ("files and functions are short", ratchet.compare(
                lengths.too_long(sources), ratchet.parse(self._list("lengths.txt")),
                "the limit", "lengths.txt")),
            ("comments begin with their subject and speak plainly", self._comment_problems()),
            ("no notes to oneself", leftovers.notes(root)),
            ("no references to pages outside the project", leftovers.design_pages(root)),
            ("no try!, as! or forced unwrapping in the product", leftovers.traps(sources)),
            ("nothing in the product prints by itself", leftovers.prints(sources)),
            ("no code is commented out", leftovers.commented_code(sources)),
            ("no identifier has a word of old", leftovers.old_words(sources)),
            ("every file is built or named", leftovers.orphans(root)),
        ]

    def report(self) -> int:
        """Prints TAP; the exit code."""
        failures = 0
        checks = self.checks()
        for number, (title, problems) in enumerate(checks, 1):
            failures += bool(problems)
            print(f"{'not ok' if problems else 'ok'} {number} - {title}")
            for problem in problems:
                print(f"# {problem}")
        print(f"1..{len(checks)}")
        return 1 if failures else 0

    def record(self) -> None:
        self._write("arrows.txt", arrows.as_is(self.uses, self.allowed).text())
        self._write("lengths.txt", ratchet.text(lengths.HEAD, lengths.too_long(self.sources)))
        self._write("comments.txt", ratchet.text(comments.HEAD, self._comment_counts()))

    def _comment_counts(self) -> dict[str, int]:
        return {folder: len(faults) for folder, faults in self.comments.items()}

    def _comment_problems(self) -> list[str]:
        listed = ratchet.parse(self._list("comments.txt"))
        counts = self._comment_counts()
        problems = ratchet.compare(counts, listed, "none", "comments.txt")
        for folder, faults in self.comments.items():
            if counts[folder] > listed.get(folder, 0):
                problems += [f"    {fault}" for fault in faults]
        return problems

    def _list(self, name: str) -> str:
        path = self.root / LISTS / name
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def _write(self, name: str, text: str) -> None:
        path = self.root / LISTS / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
