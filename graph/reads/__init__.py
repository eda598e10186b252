"""The read compiler: a root field's selection becomes one Cypher statement and one response."""
