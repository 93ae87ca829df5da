"""Lists of numbers that may only get lower: `12 Sources/ChatRedis/Wire`, a line for each."""


def parse(text: str) -> dict[str, int]:
    lines = (line.split("#")[0].strip() for line in text.splitlines())
    return {name: int(number) for number, name in (line.split(" ", 1) for line in lines if line)}


def text(head: str, numbers: dict[str, int]) -> str:
    return head + "\n" + "".join(f"{numbers[name]} {name}\n" for name in sorted(numbers))


def compare(found: dict[str, int], listed: dict[str, int], limit: str, file: str) -> list[str]:
    """What is higher than listed, or is not listed; and what is lower, so that the list follows."""
    problems = []
    for name in sorted(found.keys() | listed.keys()):
        number, bound = found.get(name, 0), listed.get(name, 0)
        if number > bound:
            problems.append(f"{name}: {number}, where {bound or limit} may be")
        elif name not in found:
            problems.append(f"{name}: no longer above {limit}, remove it from {file}")
        elif number < bound:
            problems.append(f"{name}: only {number} now, lower its {bound} in {file}")
    return problems
