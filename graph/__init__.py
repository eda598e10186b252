"""The Neo4j graph: engines, driver, migrations, Cypher by aggregate, the read compiler."""
