"""What clients of the last release may rely on: nothing breaks, or goes, without notice."""

import re
from datetime import date
from pathlib import Path

from graphql import (
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    build_schema,
    find_breaking_changes,
)

from schema.build import build_schema as built_schema
from schema.build import graphql_schema_of

ROOT = Path(__file__).parents[2]
RELEASED = (ROOT / "schema" / "released.graphql").read_text(encoding="utf-8")
CHANGELOG = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
BUILT = graphql_schema_of(built_schema())
COORDINATE = re.compile(r"\b[A-Z]\w*(?:\.\w+)?")
DEPRECATED = re.compile(r"\S.* until (\d{4}-\d{2}-\d{2})\b")


def unannounced(released: str, changelog: str) -> list[str]:
    """Return the breaking changes since a release that the changelog does not name."""
    section = changelog.partition("## Unreleased")[2].partition("\n## ")[0]
    return [
        change.description
        for change in find_breaking_changes(build_schema(released), BUILT)
        if not any(f"`{found}`" in section for found in COORDINATE.findall(change.description))
    ]


def test_no_breaking_change_goes_unannounced() -> None:
    assert unannounced(RELEASED, CHANGELOG) == []


def test_a_breaking_change_is_found_and_may_be_announced() -> None:
    once = RELEASED + "\nextend type Unit { gone: String }\n"
    assert unannounced(once, "## Unreleased\n") == ["Field Unit.gone was removed."]
    assert unannounced(once, "## Unreleased\n\n- `Unit.gone` is gone.\n\n## 0.1.0\n") == []
    assert unannounced(once, "## Unreleased\n\n## 0.1.0\n\n- `Unit.gone`\n") != []


def test_what_is_deprecated_says_why_and_until_when() -> None:
    said: list[str] = []
    for each in BUILT.type_map.values():
        if isinstance(each, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType):
            for name, field in each.fields.items():
                if field.deprecation_reason is not None:
                    found = DEPRECATED.search(field.deprecation_reason)
                    assert found, f"{each.name}.{name}: why, and 'until YYYY-MM-DD'"
                    date.fromisoformat(found[1])
                    said.append(f"{each.name}.{name}")
    assert "ClaimStepInput.version" in said
