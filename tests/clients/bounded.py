"""The schema seen through a narrow window, for requests in which the arguments vary most.

What is generated from the whole schema is mostly selection: hundreds of choices whether to ask for
a field, and filters within filters. This view keeps every operation, every argument and every field
of every input, and bounds what lies behind: nodes are asked for a few plain fields, members of a
union that are problems are left out, and an input that leads to itself does so once.

It also says of more values what they are: an id is of a kind, the size of a page is not any number.
The names of input types do not occur in a document without variables, so that a value of one that
only the view has is a value of the one it stands for.
"""

from collections.abc import Mapping
from typing import Any

LEAVES = 3
"""How many plain fields a type keeps that is not the operation's own."""
PROBLEM = "Problem"
ID_OF = "IdOf"
NULL_OR_ID_OF = "NullOrIdOf"
SEPARATOR = "_"
"""Between the words of a scalar's name: `IdOf_Account_Member`."""
KINDS = {
    "account": ("Account",),
    "alliance": ("Alliance",),
    "area": ("Area",),
    "branch": ("PartyBranch",),
    "category": ("Category",),
    "claim": ("Claim",),
    "deputy": ("Account",),
    "deputyship": ("Deputyship",),
    "file": ("EvidenceFile",),
    "from": ("ResourceOffer", "DemandOrder", "Area", "Unit"),
    "grant": ("Grant",),
    "offer": ("ResourceOffer",),
    "order": ("DemandOrder",),
    "package": ("Package",),
    "person": ("Account", "Member"),
    "proposal": ("Proposal",),
    "run": ("MatchRun",),
    "serves": ("Area",),
    "substitute": ("Category",),
    "successor": ("Account",),
    "to": ("ResourceOffer", "DemandOrder", "Area", "Unit"),
    "unit": ("Unit",),
    "within": ("Area",),
}
"""What an id is of, by the name of the argument; of an agent otherwise."""
ANY = ""
"""Instead of a kind: ids of all kinds; beside kinds: of all kinds mostly."""
AGENTS = ("Unit", "Area", "PartyBranch", "Member")
COMPARED = {"eq", "ne", "in", "notIn"}
"""Ids that filters are made of; of the operation's own kind as well."""
OWN = {"id", "ids", "listId", "parentId"}
"""Ids of the operation's own kind."""
SELDOM = {"RunMatchingInput", "StartMatchingInput", "bestOffers", "whoCouldHelp", "whyPair"}
"""Where ids are right in a quarter of the draws: an answer costs as much as many others."""
SCALARS = {
    ("Int", "first"): "PageSize",
    ("Int", "last"): "LastSize",
    ("Int", "expectedVersion"): "Version",
    ("Int", "version"): "Version",
    ("String", "after"): "Cursor",
    ("String", "before"): "Cursor",
    ("String", "email"): "Email",
    ("String", "evidence"): "Words",
    ("String", "idempotencyKey"): "IdempotencyKey",
    ("String", "language"): "LanguageCode",
    ("String", "measure"): "MeasureCode",
    ("String", "name"): "Words",
    ("String", "phone"): "Phone",
    ("String", "reason"): "Words",
    ("String", "timeZone"): "TimeZone",
    ("String", "title"): "Words",
}
"""What stands in the view for a plain type, by the name of the argument."""
PLAIN = {"Int": "Small"}
"""What stands for one whatever the name."""

Introspected = dict[str, Any]


def kinds_named(name: str) -> tuple[str, ...]:
    """Return the kinds of nodes that an argument of this name takes, none for the own kind."""
    if name in OWN:
        return ()
    return KINDS.get(name.removesuffix("s").removesuffix("Id"), KINDS.get(name, AGENTS))


def named(type_: Introspected) -> Introspected:
    """Return the innermost type of a reference to a type."""
    while type_["ofType"] is not None:
        type_ = type_["ofType"]
    return type_


def bounded(introspection: Mapping[str, Any]) -> Introspected:
    """Return the introspection of the narrower schema."""
    return {"__schema": _Bounded(introspection["__schema"]).schema()}


class _Bounded:
    def __init__(self, whole: Introspected) -> None:
        self._whole = whole
        self._roots = {whole[each]["name"] for each in ("queryType", "mutationType")}
        self._types: dict[str, Introspected] = {each["name"]: each for each in whole["types"]}
        self._inputs = {
            name: each for name, each in self._types.items() if each["kind"] == "INPUT_OBJECT"
        }
        self._circular = {name for name in self._inputs if name in self._reached(name)}
        self._scalars = dict[str, Introspected]()

    def schema(self) -> Introspected:
        outputs = [
            self._output(each) for name, each in self._types.items() if name not in self._inputs
        ]
        inputs = [self._input(name, inner=False) for name in self._inputs]
        inner = [self._input(name, inner=True) for name in self._circular if not self._ends(name)]
        return {**self._whole, "types": [*outputs, *inputs, *inner, *self._scalars.values()]}

    def _output(self, type_: Introspected) -> Introspected:
        if type_["name"] in self._roots:
            return {**type_, "fields": [self._root(field) for field in type_["fields"]]}
        if type_["kind"] == "UNION":
            members = [
                each
                for each in type_["possibleTypes"]
                if all(one["name"] != PROBLEM for one in self._types[each["name"]]["interfaces"])
            ]
            return {**type_, "possibleTypes": members or type_["possibleTypes"]}
        if type_["kind"] not in {"OBJECT", "INTERFACE"}:
            return type_
        fields: list[Introspected] = type_["fields"]
        plain = [each for each in fields if named(each["type"])["kind"] in {"SCALAR", "ENUM"}]
        is_node = any(each["name"] == "id" for each in fields)
        others = [] if is_node else [each for each in fields if each not in plain]
        return {**type_, "fields": plain[:LEAVES] + others}

    def _root(self, field: Introspected) -> Introspected:
        return {**field, "args": [self._said(each, field["name"]) for each in field["args"]]}

    def _said(self, value: Introspected, holder: str) -> Introspected:
        """Return an argument or a field of an input with a type that says more, where one does."""
        type_, name = value["type"], value["name"]
        plain = named(type_)["name"]
        if plain != "ID":
            scalar = SCALARS.get((plain, name)) or PLAIN.get(plain)
        elif name in COMPARED:
            scalar = None
        elif holder in SELDOM:
            scalar = SEPARATOR.join((ID_OF, *kinds_named(name), ANY))
            type_ = _required(type_)
        elif type_["kind"] == "SCALAR" and name.endswith("Id"):
            # What may be left out, but is often needed, is always there, and null at times.
            scalar = SEPARATOR.join((NULL_OR_ID_OF, *kinds_named(name)))
            type_ = _required(type_)
        else:
            scalar = SEPARATOR.join((ID_OF, *kinds_named(name)))
        if scalar is None:
            return value
        self._scalars[scalar] = {**self._types["ID"], "name": scalar}
        return {**value, "type": _renamed(type_, scalar)}

    def _input(self, name: str, *, inner: bool) -> Introspected:
        """Return an input, or what stands for it in an input that led to it from itself."""
        plain, fields = 0, list[Introspected]()
        for field in self._inputs[name]["inputFields"]:
            target = named(field["type"])["name"]
            if target not in self._circular:
                plain += 1
                if not inner or plain <= LEAVES:
                    fields.append(self._said(field, name))
            elif not inner:
                renamed = target if self._ends(target) else _inner(target)
                fields.append({**field, "type": _renamed(field["type"], renamed)})
        return {
            **self._inputs[name],
            "name": _inner(name) if inner else name,
            "inputFields": fields,
        }

    def _ends(self, name: str) -> bool:
        """Whether an input has nothing but what leads back, as a filter on a relation."""
        fields: list[Introspected] = self._inputs[name]["inputFields"]
        return all(named(each["type"])["name"] in self._circular for each in fields)

    def _reached(self, name: str) -> set[str]:
        found = set[str]()
        waiting = [name]
        while waiting:
            for field in self._inputs[waiting.pop()]["inputFields"]:
                target = named(field["type"])["name"]
                if target in self._inputs and target not in found:
                    found.add(target)
                    waiting.append(target)
        return found


def _required(type_: Introspected) -> Introspected:
    if type_["kind"] == "NON_NULL":
        return type_
    return {"kind": "NON_NULL", "name": None, "ofType": type_}


def _inner(name: str) -> str:
    return f"{name}Within"


def _renamed(type_: Introspected, name: str) -> Introspected:
    if type_["ofType"] is None:
        return {**type_, "name": name}
    return {**type_, "ofType": _renamed(type_["ofType"], name)}
