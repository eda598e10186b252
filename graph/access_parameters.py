"""The parameters of the rules of access: which sets a caller has, and the instant."""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from domain.access import CONTACTS_AFTER_COMPLETION, COUNTERPART_STATES, Viewer
from domain.availability import DEFAULT_TIME_ZONE, instant_text
from domain.vocabulary import ClaimState
from graph.publishing import ITEMS, LISTS, PUBLIC_STATES
from graph.reads.shapes import doubled
from graph.statements import CompiledStatement

PATHS, AGENTS, ACCOUNT, LOADED = "viewerPaths", "viewerAgents", "viewerAccount", "viewerLoads"
NOW, TODAY = "now", "today"
SINCE, COUNTERPART, COMPLETED = "contactsSince", "counterpartStates", "completedStates"
AREAS = "viewerAreas"

_CONSTANTS: dict[str, Any] = {
    **{each.parameter: sorted(PUBLIC_STATES[each.vocabulary]) for each in (ITEMS, LISTS)},
    COUNTERPART: [state.value for state in COUNTERPART_STATES],
    COMPLETED: [ClaimState.COMPLETED.value, ClaimState.EVALUATED.value],
}

_VALUES: Mapping[str, Callable[[Viewer, datetime], Any]] = {
    PATHS: lambda viewer, _: doubled(viewer.coordinated_paths),
    AREAS: lambda viewer, _: doubled(
        [path.rstrip("/").rpartition("/")[2] for path in viewer.coordinated_paths]
    ),
    AGENTS: lambda viewer, _: doubled(viewer.own_agents),
    ACCOUNT: lambda viewer, _: viewer.account_id or "",
    LOADED: lambda viewer, _: doubled(viewer.loader_paths),
    NOW: lambda _, now: instant_text(now),
    TODAY: lambda _, now: now.astimezone(ZoneInfo(DEFAULT_TIME_ZONE)).date().isoformat(),
    SINCE: lambda _, now: instant_text(now - CONTACTS_AFTER_COMPLETION),
}
PARAMETERS = frozenset({*_CONSTANTS, *_VALUES})
"""The parameters of the rules."""


def access_parameters(
    viewer: Viewer, now: datetime, names: Collection[str] = PARAMETERS
) -> dict[str, Any]:
    """Return the values of parameters that the rules use, of all where none are named."""
    return {
        name: _CONSTANTS[name] if name in _CONSTANTS else _VALUES[name](viewer, now)
        for name in names
    }


def used_parameters(statement: CompiledStatement, viewer: Viewer, now: datetime) -> dict[str, Any]:
    """Return the values of those parameters of the rules that a statement has."""
    return access_parameters(viewer, now, PARAMETERS & statement.parameters)
