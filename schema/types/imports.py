"""The loads that brought sheets into the graph."""

from domain import hub_records
from schema.declare import node, one
from schema.types.agents import Area
from schema.types.common import Node


@node
class Import(hub_records.Import, Node):
    """A load of a sheet: how many rows, what it wrote."""

    area: Area | None = one("LOADED_INTO")
