"""What the driver raises, as our errors: what is wrong, where, and what was said of it."""

from neo4j.exceptions import AuthError, ConfigurationError, Neo4jError

from domain.errors import EngineUnavailable, StatementTimedOut
from graph.endpoint import Endpoint


def translated(error: Exception, endpoint: Endpoint, statement_time: float | None) -> Exception:
    """Return our error for what the driver raised; a fault of ours stays what it is."""
    if isinstance(error, AuthError):
        return unavailable(error, "sign_in", endpoint)
    if isinstance(error, Neo4jError):
        code = error.code or ""
        if code.endswith("Database.DatabaseNotFound"):
            return unavailable(error, "database", endpoint)
        if ".Transaction.TransactionTimedOut" in code:
            return StatementTimedOut(limit=statement_time)
        return error
    if isinstance(error, (ConfigurationError, ValueError)):
        return unavailable(error, "address", endpoint)
    return unavailable(error, "unreachable", endpoint)


def unavailable(error: Exception, problem: str, endpoint: Endpoint) -> EngineUnavailable:
    """Return the error that says what is wrong with the engine."""
    return EngineUnavailable(
        problem=problem,
        address=endpoint.uri,
        user=endpoint.user,
        database=endpoint.database,
        reason=_reason(error),
    )


def _reason(error: Exception) -> str:
    """Return what happened in one line, without the codes around it."""
    said = error.message if isinstance(error, Neo4jError) else str(error)
    return (said or str(error)).strip().partition("\n")[0].rstrip(":. ")
