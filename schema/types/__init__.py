"""The types of the graph: each inherits its record, and declares its relations."""
