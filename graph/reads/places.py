"""How agents lie in areas: the relationships from an agent up to where it is."""

TO_AREA = "LOCATED_IN|OF_AREA|OF_UNIT|LIVES_IN|WORKS_AT|BELONGS_TO"
"""The relationships by which an agent lies in areas, followed through its unit or branch."""
TO_AREA_HOPS = 3


def within_areas(variable: str, inner: str, condition: str) -> str:
    """Return the test that an agent lies in, or is, an area for which the condition holds."""
    return (
        f"EXISTS {{ MATCH ({variable})-[:{TO_AREA}*0..{TO_AREA_HOPS}]->({inner}:Area) "
        f"WHERE {condition} }}"
    )
