"""The parts of a statement as statements of their own, for a read by levels."""

from collections.abc import Sequence

from graph.access_terms import NOBODY
from graph.reads.columns import Columns, ComputedColumn, GroupsColumn, ManyColumn, OneColumn
from graph.reads.cypher import ROOT, Before, Compiler


class Pieces(Compiler):
    """Writes these statements.

    Each begins at nodes whose ids it is given, `$ids`, and which the caller may see: a level before
    found them. Columns are given flat: without relations.
    """

    def node(self, name: str, columns: Columns) -> str:
        """Return the statement of one node, `$id`, as a root begins with it."""
        row = self._row(columns, ROOT, Before())
        return f"{self._by_id(name, '$id')} RETURN {row} AS row"

    def nodes(self, name: str, columns: Columns) -> str:
        """Return the statement of the nodes `$ids`, as a root begins with them."""
        return self._each(self._by_id(name, "wanted"), self._row(columns, ROOT, Before()))

    def rows(self, label: str | None, column: ManyColumn) -> str:
        """Return the statement of the pages of nodes of this label; None: of the root."""
        start = None if label is None else ROOT
        return self._from(label, self._rows(start, column))

    def counted_rows(self, label: str | None, column: ManyColumn) -> str | None:
        """Return the statement of pages and totals in one, where totals cost nothing, else None."""
        total = None if label is None else self._degree(ROOT, column)
        if total is None:
            return None
        return self._from(label, f"[{self._rows(ROOT, column)}, {total}]")

    def total(self, label: str | None, column: ManyColumn) -> str:
        """Return the statement of how many there are."""
        start = None if label is None else ROOT
        return self._from(label, self._total(start, column))

    def groups(self, label: str | None, column: ManyColumn, groups: GroupsColumn) -> str:
        """Return the statement of groups of them."""
        if label is None:
            return f"RETURN {self._groups(None, column, groups)} AS row"
        before = Before()
        named = self._placed(self._groups(ROOT, column, groups), before, aggregates=True)
        match = f"MATCH ({ROOT}:{label} {{id: wanted}}) {before.clause(ROOT).rstrip()}"
        return self._each(match, named)

    def hides(self, types: Sequence[str]) -> bool:
        """Whether the caller can see no node of these types at all."""
        return self._rules.visible(types, ROOT) == NOBODY

    def one(self, label: str, column: OneColumn) -> str:
        """Return the statement of a to-one relation."""
        return self._from(label, self._one(ROOT, column, Before()))

    def computed(self, label: str, columns: Columns, column: ComputedColumn) -> str:
        """Return the statement of what a computed field needs."""
        return self._from(label, self._computed(columns, ROOT, column))

    def _from(self, label: str | None, expression: str) -> str:
        if label is None:
            return f"RETURN {expression} AS row"
        return self._each(f"MATCH ({ROOT}:{label} {{id: wanted}})", expression)

    @staticmethod
    def _each(match: str, expression: str) -> str:
        listed = f"UNWIND $ids AS wanted {match} RETURN [{ROOT}.id, {expression}]"
        return f"RETURN COLLECT {{ {listed} }} AS row"
