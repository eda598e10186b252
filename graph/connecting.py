"""Drivers as the hub opens them."""

from typing import Any

from neo4j import AsyncDriver, AsyncGraphDatabase
from neo4j.api import AsyncBookmarkManager
from neo4j.exceptions import ConfigurationError

from domain.errors import EngineUnavailable
from graph.endpoint import DriverLimits, Endpoint

OTHER_NOTIFICATIONS = (
    "GENERIC",
    "HINT",
    "PERFORMANCE",
    "SCHEMA",
    "SECURITY",
    "TOPOLOGY",
    "UNRECOGNIZED",
    "UNSUPPORTED",
)


def bookmarks_of(endpoint: Endpoint) -> AsyncBookmarkManager | None:
    """Read what was written, also from another member of a cluster; one server needs no help."""
    routed = endpoint.uri.startswith("neo4j")
    return AsyncGraphDatabase.bookmark_manager() if routed else None


def open_driver(endpoint: Endpoint, limits: DriverLimits) -> AsyncDriver:
    """Return a driver of an endpoint. Raises EngineUnavailable for an address that is none."""
    notifications: dict[str, Any] = {"notifications_min_severity": "OFF"}
    if limits.warn_of_deprecations:
        notifications = {
            "notifications_min_severity": "WARNING",
            "notifications_disabled_classifications": list(OTHER_NOTIFICATIONS),
        }
    try:
        return AsyncGraphDatabase.driver(  # pyright: ignore[reportUnknownMemberType]
            endpoint.uri,
            auth=(endpoint.user, endpoint.password),
            max_connection_pool_size=limits.pool_size,
            connection_acquisition_timeout=limits.acquisition_time,
            connection_timeout=limits.connect_time,
            liveness_check_timeout=60,
            user_agent="renling",
            telemetry_disabled=True,
            **notifications,
        )
    except (ConfigurationError, ValueError) as error:
        raise EngineUnavailable(
            problem="address", address=endpoint.uri, reason=str(error)
        ) from error
