"""The model names every label and every relationship type that a statement speaks of."""

import importlib
import pkgutil
import re

import graph
from graph.model import AGENT, ANY, NODES, OF_THE_ENGINE, RELATIONSHIPS
from graph.statements import STATEMENTS

TYPES = re.compile(r"\[\w*:([A-Z_|]+)")
LABELS = re.compile(r"\(\w*:([A-Za-z:]+)")


def texts() -> list[str]:
    for module in pkgutil.walk_packages(graph.__path__, "graph."):
        importlib.import_module(module.name)
    return [statement.text for statement in STATEMENTS.values()]


def test_every_label_is_in_the_model() -> None:
    found = {
        label for text in texts() for group in LABELS.findall(text) for label in group.split(":")
    }
    assert "DemandOrder" in found
    assert found <= NODES.keys() | OF_THE_ENGINE | {AGENT}


def test_every_relationship_type_is_in_the_model() -> None:
    found = {kind for text in texts() for group in TYPES.findall(text) for kind in group.split("|")}
    assert "FOR_ORDER" in found
    assert found <= RELATIONSHIPS.keys()


def test_ends_of_relationships_are_labels() -> None:
    ends = {end for ends in RELATIONSHIPS.values() for end in ends}
    assert ends <= NODES.keys() | {AGENT, ANY}
