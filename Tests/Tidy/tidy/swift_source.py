"""Reads Swift files: what is code and what is comment, and what is declared where."""

import bisect
import dataclasses
import functools
import pathlib
import re

TYPE_KINDS = "struct|class|enum|protocol|actor|typealias|associatedtype"

# The last is a regular expression's literal.
_TOKEN = re.compile(
    r'//|/\*|`|(#*)("""(?=[ \t]*\n)|")|(?:(?<=[(\[])|(?<=[,=:] ))/(?![/*\s])(?:[^/\\\n]|\\.)+/')
_COMMENT_EDGE = re.compile(r"/\*|\*/")
_DECLARATION = re.compile(
    r"[(){}\[\]]"
    rf"|(?<![\w.`])(?P<type>{TYPE_KINDS})\s+(?!func\b|var\b|let\b|subscript\b|override\b)"
    r"(?P<name>[A-Z]\w*)"
    r"|(?<![\w.`])extension\s+(?P<extended>[A-Z][\w.]*)"
    r"|(?<![\w.`])(?P<call>func|var|let|case|macro)\s+(?P<member>`[^`\n]+`|\w+)"
    r"|(?<![\w.`])(?P<special>init|deinit|subscript)(?=\s*[?!]?\s*[<({])")
_IMPORT = re.compile(
    r"^\s*(?:@\w+(?:\([\w, ]*\))?\s+)*(?:(?:public|package|internal|private|fileprivate)\s+)?"
    r"import\s+(?:(?:struct|class|enum|func|protocol|typealias|var|let)\s+)?(\w+)",
    re.MULTILINE)


@dataclasses.dataclass
class Comment:
    """A comment's text in one line, without its slashes."""

    line: int
    text: str
    is_doc: bool
    # Code precedes it on its line.
    is_trailing: bool


@dataclasses.dataclass
class Declaration:
    """A type, or something that has a name and is no type."""

    kind: str
    name: str
    # The types around it, outermost first: those of an `extension A.B` are A and B.
    path: tuple[str, ...]
    line: int
    position: int
    is_private: bool
    # Directly in an `extension`, not in the type's own braces.
    is_in_extension: bool
    # In a function's body: nobody else sees it.
    is_local: bool


@dataclasses.dataclass
class Scope:
    """What stands between two braces."""

    start: int
    end: int
    types: tuple[str, ...]
    # Nothing for braces of a statement or a closure.
    function: str | None
    first_line: int
    last_line: int


class SwiftSource:
    """One file. `code` is as long as the text, with spaces for comments and what strings say."""

    def __init__(self, path: str, text: str):
        self.path = path
        self.text = text
        self._starts = [0] + [match.end() for match in re.finditer("\n", text)]
        self.comments: list[Comment] = []
        self.code = self._strip()
        self.declarations: list[Declaration] = []
        self.scopes: list[Scope] = []
        self._find_declarations()
        self._scope_starts = [scope.start for scope in self.scopes]

    @classmethod
    def read(cls, root: pathlib.Path, path: str) -> "SwiftSource":
        return cls(path, (root / path).read_text(encoding="utf-8"))

    @functools.cached_property
    def folder(self) -> str:
        """The folder within Sources or Tests: `ChatCore/Rooms`."""
        return str(pathlib.PurePosixPath(self.path).parent).split("/", 1)[1]

    @functools.cached_property
    def target(self) -> str:
        return self.path.split("/")[1]

    @property
    def line_count(self) -> int:
        return self.text.count("\n") + (not self.text.endswith("\n") and bool(self.text))

    @functools.cached_property
    def imports(self) -> set[str]:
        return set(_IMPORT.findall(self.code))

    def line(self, position: int) -> int:
        return bisect.bisect_right(self._starts, position)

    def types_around(self, position: int) -> tuple[str, ...]:
        """The types whose braces enclose a position, outermost first."""
        index = bisect.bisect_right(self._scope_starts, position) - 1
        while index >= 0:
            if self.scopes[index].end >= position:
                return self.scopes[index].types
            index -= 1
        return ()

    # Comments and strings.

    def _strip(self) -> str:
        self._out = list(self.text)
        self._code_until(0, closing=False)
        out = "".join(self._out)
        del self._out
        return out

    def _blank(self, start: int, end: int) -> None:
        for index in range(start, end):
            if self._out[index] != "\n":
                self._out[index] = " "

    def _code_until(self, position: int, closing: bool) -> int:
        """Goes through code; if `closing`, only to the parenthesis that ends an interpolation."""
        text, depth = self.text, 0
        pattern = re.compile(_TOKEN.pattern + "|[()]") if closing else _TOKEN
        while match := pattern.search(text, position):
            token = match.group()
            if token == "//":
                position = self._line_comment(match.start())
            elif token == "/*":
                position = self._block_comment(match.start())
            elif token.startswith("/"):
                self._blank(match.start(), match.end())
                position = match.end()
            elif token == "`":
                position = self._quoted_name(match.end())
            elif token == "(":
                depth, position = depth + 1, match.end()
            elif token == ")":
                if depth == 0:
                    return match.end()
                depth, position = depth - 1, match.end()
            else:
                position = self._string(match.start(), match.end(), match[1], match[2])
        return len(text)

    def _line_comment(self, start: int) -> int:
        end = self.text.find("\n", start)
        end = len(self.text) if end < 0 else end
        body = self.text[start:end]
        line = self.line(start)
        is_trailing = bool(self.text[self._starts[line - 1]:start].strip())
        self.comments.append(
            Comment(line, body.lstrip("/").removeprefix(" "), body.startswith("///"), is_trailing))
        self._blank(start, end)
        return end

    def _block_comment(self, start: int) -> int:
        depth, position = 1, start + 2
        while depth and (match := _COMMENT_EDGE.search(self.text, position)):
            depth += 1 if match.group() == "/*" else -1
            position = match.end()
        end = position if depth == 0 else len(self.text)
        is_doc = self.text.startswith("/**", start)
        for offset, body in enumerate(self.text[start:end].split("\n")):
            body = body.removeprefix("/*").removesuffix("*/").strip().lstrip("*").strip()
            self.comments.append(Comment(self.line(start) + offset, body, is_doc, False))
        self._blank(start, end)
        return end

    def _quoted_name(self, start: int) -> int:
        """A test's name is a sentence between backquotes: its braces and quotes mean nothing."""
        end = self.text.find("`", start)
        for index in range(start, end):
            if not (self.text[index].isalnum() or self.text[index] in " _\n"):
                self._out[index] = "_"
        return max(end, start) + 1

    def _string(self, start: int, inside: int, hashes: str, quote: str) -> int:
        # Its quotes stay, so that a literal is still seen to be there.
        pattern = re.compile(
            rf"(?P<open>\\{hashes}\()|\\{hashes}.|(?P<end>{quote}{hashes})"
            + ("" if quote == '"""' else r"|(?P<line>\n)"), re.DOTALL)
        position = inside
        while match := pattern.search(self.text, position):
            self._blank(position, match.start())
            if match["open"]:
                self._blank(match.start(), match.end() - 1)
                position = self._code_until(match.end(), closing=True)
            elif match["end"] or match.groupdict().get("line"):
                return match.end()
            else:
                self._blank(match.start(), match.end())
                position = match.end()
        self._blank(position, len(self.text))
        return len(self.text)

    # Declarations.

    def _find_declarations(self) -> None:
        open_scopes: list[tuple[Scope, bool, bool]] = []
        # How many parentheses are open in the present braces.
        round_depth = 0
        # What the next `{` at this depth of parentheses is the body of.
        pending: tuple[int, tuple[str, ...], str | None, int, bool] | None = None
        # Both, for each of the open scopes, as they were before it: a closure may stand among the
        # arguments of what has yet to get its body.
        before: list[tuple[int, tuple[int, tuple[str, ...], str | None, int, bool] | None]] = []
        for match in _DECLARATION.finditer(self.code):
            token, at = match.group(), match.start()
            around, is_extension, is_local = (), False, False
            if open_scopes:
                scope, is_extension, is_local = open_scopes[-1]
                around = scope.types
            if token in "([":
                round_depth += 1
            elif token in ")]":
                round_depth -= 1
            elif token == "{":
                types, function, first, extends = around, None, self.line(at), False
                if pending and pending[0] == round_depth:
                    _, types, function, first, extends = pending
                    pending = None
                scope = Scope(at, len(self.code), types, function, first, 0)
                self.scopes.append(scope)
                local = is_local or (function is not None) or (types == around and not extends)
                open_scopes.append((scope, extends, local))
                before.append((round_depth, pending))
                round_depth, pending = 0, None
            elif token == "}":
                if open_scopes:
                    scope = open_scopes.pop()[0]
                    scope.end, scope.last_line = at, self.line(at)
                    round_depth, pending = before.pop()
            elif match["type"]:
                self._declare(match["type"], match["name"], around, at, is_extension, is_local)
                if match["type"] not in ("typealias", "associatedtype"):
                    pending = (round_depth, (*around, match["name"]), None, self.line(at), False)
            elif match["extended"]:
                types = tuple(match["extended"].split("."))
                pending = (round_depth, types, None, self.line(at), True)
            else:
                name = (match["member"] or match["special"]).strip("`")
                kind = match["call"] or match["special"]
                if round_depth == 0:
                    # What comes before has no body: a protocol asks for it.
                    pending = None
                if kind in ("func", "var", "let", "case", "macro") and round_depth == 0:
                    self._declare(kind, name, around, at, is_extension, is_local)
                if kind in ("func", "init", "deinit", "subscript") or (
                        kind == "var" and self._has_body(match.end())):
                    pending = (round_depth, around, name, self.line(at), False)

    def _has_body(self, position: int) -> bool:
        """A `var` computes if its line opens a brace and assigns nothing."""
        end = self.code.find("\n", position)
        line = self.code[position:end if end >= 0 else len(self.code)]
        return line.rstrip().endswith("{") and "=" not in line

    def _declare(self, kind: str, name: str, around: tuple[str, ...], at: int,
                 is_extension: bool, is_local: bool) -> None:
        before = self.code[self._starts[self.line(at) - 1]:at]
        is_private = bool(re.search(r"\b(?:file)?private\b(?!\(set\))", before))
        self.declarations.append(Declaration(
            kind, name, around, self.line(at), at, is_private, is_extension, is_local))


def swift_files(root: pathlib.Path) -> list[SwiftSource]:
    """All Swift files of the product and its tests."""
    paths = sorted(path.relative_to(root).as_posix()
                   for top in ("Sources", "Tests") for path in (root / top).rglob("*.swift"))
    return [SwiftSource.read(root, path) for path in paths]
