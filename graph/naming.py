"""The names of properties."""


def camel(name: str) -> str:
    """Return a snake_case name in camelCase."""
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def constant(name: str) -> str:
    """Return a name in the form of an enum's values: `createdAt` is CREATED_AT."""
    parted = "".join(f"_{each}" if each.isupper() else each for each in name)
    return parted.lstrip("_").upper()
