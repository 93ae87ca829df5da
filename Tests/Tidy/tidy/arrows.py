"""Which folder uses which: found from the names that one declares and another mentions. Compared
with the allowed arrows in arrows.txt."""

import collections
import dataclasses
import re

from .swift_source import TYPE_KINDS, Declaration, SwiftSource

# Members that the standard library or SwiftNIO has under the same name: a use of them says nothing.
LIBRARY_MEMBERS = frozenset("""
    append description bytes count text isEmpty first last map init hash write read close add remove
    utf8 span data string
""".split())

_CHAIN = re.compile(r"(?<![\w.`])[A-Z]\w*(?:\s*\.\s*[A-Z]\w*)*")
_USED_MEMBER = re.compile(r"(?<!\.)\.\s*([a-z]\w*)")
_CALLED = re.compile(r"(?<![\w.`])([a-z]\w*)")
_GENERICS = re.compile(
    r"\b(?:func\s+(?:\w+|`[^`]+`|[^\w\s(<]+)|init[?!]?|subscript"
    r"|(?:struct|class|enum|actor|typealias)\s+\w+)"
    r"\s*<((?:[^<>]|<[^<>]*>)*)>")

Arrow = tuple[str, str]
_Member = tuple[SwiftSource, Declaration]

_HEAD = """\
# Which folder of the product may use which, and which module a target may import: what uses nothing
# of ours has no line. `Target/.` is what stands in no folder of its target. tidy_test compares this
# with what the files name, and fails on an arrow that is missing here and on one that is gone.
"""
_DEBT_HEAD = """
# Debts: arrows that close a circle, which there may not be. The list may only get shorter.
"""


@dataclasses.dataclass(frozen=True)
class Use:
    """A place that makes an arrow."""

    path: str
    line: int
    name: str
    declared_in: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line} names {self.name} ({self.declared_in})"


@dataclasses.dataclass
class _Type:
    source: SwiftSource
    declaration: Declaration

    def is_visible(self, source: SwiftSource) -> bool:
        if self.source is source:
            return True
        return not self.declaration.is_private and (
            self.source.target == source.target or self.source.target in source.imports)


def place(source: SwiftSource) -> str:
    """What an arrow begins or ends at: a folder of the product, a whole target of the tests. What
    stands in no folder of its target is at `Target/.`."""
    if source.path.startswith("Tests/"):
        return source.target
    return source.folder if "/" in source.folder else f"{source.folder}/."


class Uses:
    """All arrows of the tree, each with the places that make it."""

    def __init__(self, sources: list[SwiftSource]):
        self.targets = {source.target for source in sources}
        self.arrows: dict[Arrow, list[Use]] = collections.defaultdict(list)
        self.imports: dict[Arrow, list[Use]] = collections.defaultdict(list)
        self._types: dict[tuple[str, ...], list[_Type]] = collections.defaultdict(list)
        self._members: dict[str, list[_Member]] = collections.defaultdict(list)
        for source in sources:
            self._index(source)
        for source in sources:
            self._find_types(source)
            self._find_members(source)
            for module in source.imports:
                position = source.code.find(module)
                self.imports[source.target, module].append(
                    Use(source.path, source.line(position), f"import {module}", module))

    def within(self, target: str) -> dict[Arrow, list[Use]]:
        """The arrows between one target's folders."""
        return {arrow: uses for arrow, uses in self.arrows.items()
                if all(end.split("/")[0] == target for end in arrow)}

    def _index(self, source: SwiftSource) -> None:
        kinds = TYPE_KINDS.split("|")
        for declaration in source.declarations:
            if declaration.kind in kinds:
                path = (*declaration.path, declaration.name)
                self._types[path].append(_Type(source, declaration))
            elif not declaration.is_local:
                self._members[declaration.name].append((source, declaration))

    def _find_types(self, source: SwiftSource) -> None:
        generics = {name.split(":")[0].split()[-1]
                    for match in _GENERICS.finditer(source.code)
                    for name in re.split(r",(?![^<]*>)", match[1]) if name.strip()}
        for match in _CHAIN.finditer(source.code):
            chain = re.split(r"\s*\.\s*", match.group())
            if chain[0] in generics:
                continue
            for found in self._resolve(chain, source, match.start()):
                self._add(source, match.start(), ".".join(chain), found.source)

    def _resolve(self, chain: list[str], source: SwiftSource, position: int) -> list[_Type]:
        if chain[0] in self.targets:
            chain = chain[1:]
            return self._along((), chain, source) if chain else []
        around = source.types_around(position)
        # The nearest declaration counts: one nested in the types around, else one at the top.
        for depth in range(len(around), -1, -1):
            if self._visible((*around[:depth], chain[0]), source):
                return self._along(around[:depth], chain, source)
        return []

    def _along(self, path: tuple[str, ...], chain: list[str], source: SwiftSource) -> list[_Type]:
        """The declarations of A, A.B and A.B.C, as far as they are ours."""
        found = []
        for name in chain:
            path = (*path, name)
            types = self._visible(path, source)
            if not types:
                break
            found.append(types[0])
        return found

    def _visible(self, path: tuple[str, ...], source: SwiftSource) -> list[_Type]:
        types = [type_ for type_ in self._types.get(path, []) if type_.is_visible(source)]
        # This file's own goes before the target's, which goes before those of others.
        return sorted(types, key=lambda type_: (
            type_.source is not source, type_.source.target != source.target))

    def _find_members(self, source: SwiftSource) -> None:
        """A function at the top, or a member in an extension of a type that is declared elsewhere,
        if nothing else has its name."""
        own = {declaration.name for declaration in source.declarations}
        for pattern in (_USED_MEMBER, _CALLED):
            for match in pattern.finditer(source.code):
                name = match[1]
                candidates = self._members.get(name)
                if not candidates or len(candidates) != 1:
                    continue
                if name in own or name in LIBRARY_MEMBERS:
                    continue
                where, declaration = candidates[0]
                if declaration.is_private or not (
                        where.target == source.target or where.target in source.imports):
                    continue
                if pattern is _CALLED and (
                        declaration.path or not self._is_mention(source, match, declaration.kind)):
                    continue
                if pattern is _USED_MEMBER and not self._is_foreign_extension(where, declaration):
                    continue
                self._add(source, match.start(), name, where)

    def _is_mention(self, source: SwiftSource, match: re.Match[str], kind: str) -> bool:
        """A function is called; a global value has no parameter of the file with its name."""
        if kind == "func":
            return source.code.startswith("(", match.end())
        return not re.search(rf"\b{match[1]}\s*:", source.code)

    def _is_foreign_extension(self, source: SwiftSource, declaration: Declaration) -> bool:
        if not declaration.is_in_extension:
            return False
        return all(type_.source.folder != source.folder
                   for type_ in self._types.get(declaration.path, []))

    def _add(self, source: SwiftSource, position: int, name: str, where: SwiftSource) -> None:
        arrow = place(source), place(where)
        if arrow[0] != arrow[1]:
            while position < len(source.code) and not source.code[position].isalpha():
                position += 1
            self.arrows[arrow].append(Use(source.path, source.line(position), name, where.path))


def cycle_parts(arrows: set[Arrow]) -> list[set[str]]:
    """The sets of places that reach each other (Tarjan's strongly connected components)."""
    after: dict[str, list[str]] = collections.defaultdict(list)
    for start, end in sorted(arrows):
        after[start].append(end)
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    parts: list[set[str]] = []

    def visit(node: str) -> None:
        index[node] = low[node] = len(index)
        stack.append(node)
        for following in after[node]:
            if following not in index:
                visit(following)
                low[node] = min(low[node], low[following])
            elif following in stack:
                low[node] = min(low[node], index[following])
        if low[node] == index[node]:
            part = set(stack[stack.index(node):])
            del stack[stack.index(node):]
            if len(part) > 1:
                parts.append(part)

    for node in sorted({end for arrow in arrows for end in arrow}):
        if node not in index:
            visit(node)
    return parts


@dataclasses.dataclass
class Allowed:
    """What arrows.txt says."""

    arrows: set[Arrow]
    debts: set[Arrow]

    @classmethod
    def parse(cls, text: str) -> "Allowed":
        allowed = cls(set(), set())
        for line in text.splitlines():
            line = line.split("#")[0].strip()
            if not line:
                continue
            start, ends = (side.strip() for side in line.removeprefix("debt ").split("->"))
            prefix = start.split("/")[0] + "/" if "/" in start else ""
            into = allowed.debts if line.startswith("debt ") else allowed.arrows
            into |= {(start, prefix + end.strip()) for end in ends.split(",") if end.strip()}
        return allowed

    def text(self) -> str:
        return (_HEAD + _lines("", {arrow for arrow in self.arrows if "/" not in arrow[0]})
                + _lines("", {arrow for arrow in self.arrows if "/" in arrow[0]})
                + (_DEBT_HEAD + _lines("debt ", self.debts).lstrip("\n") if self.debts else ""))


def _lines(head: str, arrows: set[Arrow]) -> str:
    out, target = "", None
    for start in sorted({start for start, _ in arrows}):
        if target is None or ("/" in start and start.split("/")[0] != target):
            out += "\n"
        target = start.split("/")[0]
        ends = sorted(end.split("/", 1)[1] if "/" in start else end
                      for begin, end in arrows if begin == start)
        out += f"{head}{start} -> {', '.join(ends)}\n"
    return out


def _circles(arrows: set[Arrow]) -> list[set[str]]:
    """Between folders, and between the folders at the top of a target with all that is in them."""
    tops = {tuple("/".join(end.split("/")[:2]) for end in arrow) for arrow in arrows}
    return cycle_parts(arrows) or cycle_parts({arrow for arrow in tops if arrow[0] != arrow[1]})


def _places(uses: list[Use]) -> list[str]:
    lines = [f"    {use}" for use in uses[:5]]
    return lines + ([f"    and {len(uses) - 5} more"] if len(uses) > 5 else [])


def found(uses: Uses) -> dict[Arrow, list[Use]]:
    """All that arrows.txt is to list: between a target's folders, and from target to module."""
    folders = {arrow: places for arrow, places in uses.arrows.items()
               if "/" in arrow[0] and arrow[0].split("/")[0] == arrow[1].split("/")[0]}
    return folders | uses.imports


def check_arrows(uses: Uses, allowed: Allowed) -> list[str]:
    problems, present = [], found(uses)
    for arrow in sorted(present.keys() - allowed.arrows - allowed.debts):
        problems.append(f"{arrow[0]} -> {arrow[1]} is not in arrows.txt:")
        problems += _places(present[arrow])
    for arrow in sorted((allowed.arrows | allowed.debts) - present.keys()):
        problems.append(f"{arrow[0]} -> {arrow[1]} is in arrows.txt, and nothing makes it")
    return problems


def check_circles(uses: Uses, allowed: Allowed) -> list[str]:
    problems, present = [], found(uses)
    kept = present.keys() - allowed.debts
    for part in _circles(kept):
        problems.append(f"these use each other: {', '.join(sorted(part))}")
        for arrow in sorted(kept):
            if part >= {"/".join(end.split("/")[:2]) for end in arrow} or part >= set(arrow):
                problems.append(f"  {arrow[0]} -> {arrow[1]}")
                problems += _places(present[arrow])
    for debt in sorted(allowed.debts & present.keys()):
        if not problems and not _circles(kept | {debt}):
            problems.append(f"the debt {debt[0]} -> {debt[1]} closes no circle any more: "
                            "make it a plain arrow")
    return problems


def as_is(uses: Uses, allowed: Allowed) -> Allowed:
    """What arrows.txt would have to say. A new circle is opened at the arrow of fewest places."""
    present = found(uses)
    debts = allowed.debts & present.keys()
    while parts := _circles(present.keys() - debts):
        debts.add(min((arrow for arrow in present.keys() - debts if any(
            part >= set(arrow) or (part >= {"/".join(end.split("/")[:2]) for end in arrow}
                                   and len({"/".join(end.split("/")[:2]) for end in arrow}) > 1)
            for part in parts)), key=lambda arrow: (len(present[arrow]), arrow)))
    for debt in sorted(debts, key=lambda arrow: -len(present[arrow])):
        if not _circles(present.keys() - debts | {debt}):
            debts.remove(debt)
    return Allowed(present.keys() - debts, debts)
