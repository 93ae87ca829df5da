"""How long files and functions may be. Those that are longer are listed with their length."""

from .swift_source import SwiftSource

FILE_LINES = 300
FUNCTION_LINES = 60

HEAD = f"""\
# Files of more than {FILE_LINES} lines and functions of more than {FUNCTION_LINES}, with how many they have.
# The numbers may only get lower, and the list shorter. Files in a folder `Tables` may have any
# length.
"""


def too_long(sources: list[SwiftSource]) -> dict[str, int]:
    """The files, by path, and the functions, by path and name."""
    found: dict[str, int] = {}
    for source in sources:
        if "/Tables/" in source.path:
            continue
        if source.line_count > FILE_LINES:
            found[source.path] = source.line_count
        for scope in source.scopes:
            lines = scope.last_line - scope.first_line + 1
            if scope.function and lines > FUNCTION_LINES:
                name = f"{source.path} {scope.function}"
                found[name] = max(lines, found.get(name, 0))
    return found
