"""From the text of a request to a document that may run: parsed, valid, within the limits."""

from typing import Any, cast

from graphql import (
    ASTValidationRule,
    DocumentNode,
    FieldNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValidationContext,
    parse,
    specified_rules,
    validate,
)

MOST_TOKENS = 20_000
DEEPEST_SELECTION = 24
"""Levels of fields within fields; the standard introspection query has 15."""
MOST_FIELDS = 3_000
"""Fields of an operation with its fragments written out."""
MOST_ERRORS = 20


class SelectionLimits(ASTValidationRule):
    """No operation selects deeper, or more fields, than the limits; fragments count where used."""

    def enter_operation_definition(self, node: OperationDefinitionNode, *_: object) -> None:
        """Measure an operation, its fragments written out."""
        if self._fields(node.selection_set, 1, frozenset()) > MOST_FIELDS:
            message = f"The operation selects more than {MOST_FIELDS} fields."
            self.report_error(GraphQLError(message, node))

    def _fields(self, selection_set: SelectionSetNode, depth: int, within: frozenset[str]) -> int:
        if depth > DEEPEST_SELECTION:
            message = f"The operation nests more than {DEEPEST_SELECTION} levels of fields."
            self.report_error(GraphQLError(message, selection_set))
            return 0
        count = 0
        for selection in selection_set.selections:
            if isinstance(selection, FieldNode):
                count += 1
                if selection.selection_set is not None:
                    count += self._fields(selection.selection_set, depth + 1, within)
            elif isinstance(selection, InlineFragmentNode):
                count += self._fields(selection.selection_set, depth, within)
            elif isinstance(selection, FragmentSpreadNode):
                name = selection.name.value
                fragment = cast("ValidationContext", self.context).get_fragment(name)
                if fragment is not None and name not in within:
                    count += self._fields(fragment.selection_set, depth, within | {name})
            if count > MOST_FIELDS:
                return count
        return count


_RULES: tuple[Any, ...] = (*specified_rules, SelectionLimits)


def parsed(query: str) -> DocumentNode:
    """Return the document of a text. Raises GraphQLSyntaxError."""
    return parse(query, max_tokens=MOST_TOKENS, allow_empty_selection_sets=False)


def faults(schema: GraphQLSchema, document: DocumentNode) -> list[GraphQLError]:
    """Return what is not valid in a document."""
    return validate(schema, document, _RULES, MOST_ERRORS, allow_empty_selection_sets=False)
