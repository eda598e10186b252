"""The errors of the domain: one tree, each leaf a code that a client can act on.

    DomainError
    ├── InputError                  what was asked cannot be read
    │   ├── BadInput                a field's value is impossible
    │   ├── UnknownMeasure          no such measure
    │   ├── BadIdentifier           not a global id of this hub, or of another type
    │   ├── BadCursor               not a cursor of this connection
    │   ├── PageTooLarge            more than a page holds
    │   └── QueryTooCostly          the pages within pages of a query are too many nodes
    ├── LimitError                  more than this hub takes
    │   ├── LimitExceeded           a request is larger than a limit
    │   ├── RateExceeded            too many requests in a time
    │   ├── Overloaded              the hub has as much work as it can carry
    │   └── StatementTimedOut       the graph took too long for what was asked
    ├── DocumentError               a document is not run here
    │   ├── DocumentNotFound        no trusted document has this id
    │   ├── DocumentNotTrusted      only trusted documents are run here
    │   ├── DocumentsNotPersisted   this hub keeps no documents: send the text
    │   └── IntrospectionRefused    the schema is not shown to this caller
    ├── NotFound                    no such node, or not for this caller
    ├── AccessError
    │   ├── NotSignedIn             the token is missing, expired or not ours
    │   ├── Forbidden               the account holds no role for this
    │   ├── OriginRefused           a browser's cookie, sent from a page that is not ours
    │   ├── LastAdministrator       nobody would be left who may do everything
    │   └── SignInUnavailable       the issuer of tokens does not answer
    ├── ChangeError                 a node cannot be changed so
    │   ├── StateRefused            not possible from its state
    │   ├── InUse                   what is live refers to it
    │   ├── Retired                 it is no longer in use
    │   ├── AlreadyTaken            another node has this code
    │   └── TermsOverlap            two chairs of an alliance at one time
    ├── ClaimError                  the claim machine refuses
    │   ├── TransitionRefused       not in the table from this state
    │   ├── NotThisSide             this side may not take this step
    │   ├── QuantityExceeded        more than is left
    │   ├── SlotUnavailable         no such slot, past, or taken
    │   ├── LotViolated             the minimum lot would not hold
    │   ├── PartnerLimitReached     as many deal with it as may
    │   ├── MeasuresDiffer          no exact rule between the two measures
    │   ├── BoundByPackage          a package does not allow it alone
    │   ├── SameSides               supplier and receiver are one agent
    │   ├── NotClaimable            the offer or order is not open for claims
    │   ├── HeldByClaims            an edit would break live claims
    │   ├── TooManyOpen             the limit of open proposals
    │   ├── VersionConflict         somebody else changed it first
    │   └── IdempotencyConflict     the key was used with another input
    ├── SheetError                  a sheet or a row of it cannot be read
    ├── MatchingError               a run cannot be made or used
    └── EngineError                 the graph cannot be used
        ├── EngineUnavailable       it does not answer
        ├── EngineUnusable          port, disk or data directory
        ├── GraphTooNew             written by a newer hub
        └── DumpError               a dump cannot be written or read

Every error carries its details as data; its text, in both languages, is the catalogue's entry
`error.CODE` filled with them.
"""

from dataclasses import dataclass
from enum import Enum
from typing import ClassVar

from domain.language import Language, action_name, kind_name, text


class DomainError(Exception):
    """Base of all errors that a person can act on. `details` are plain JSON values."""

    code: ClassVar[str] = "DOMAIN_ERROR"

    def __init__(self, **details: object) -> None:
        super().__init__(details)
        self.details = details

    def message(self, language: Language) -> str:
        """Return what happened and what would be right, in the reader's language."""
        return text(f"error.{self.code}", language, **self.details)

    def __str__(self) -> str:
        return self.message(Language.ZH)


class InputError(DomainError):
    """What was asked cannot be read."""


class BadInput(InputError):
    """A field's value is impossible. Details: field, value, expected."""

    code = "BAD_INPUT"


class UnknownMeasure(InputError):
    """No such measure. Details: value, nearest (codes of measures that are written alike)."""

    code = "UNKNOWN_MEASURE"


class BadIdentifier(InputError):
    """Not a global id of this hub, or of another type. Details: value, expected."""

    code = "BAD_IDENTIFIER"


class BadCursor(InputError):
    """Not a cursor of this connection. Details: value."""

    code = "BAD_CURSOR"


class PageTooLarge(InputError):
    """A page outside 1..limit. Details: asked, limit."""

    code = "PAGE_TOO_LARGE"


class QueryTooCostly(InputError):
    """Pages within pages would read more nodes than a query may. Details: asked, limit."""

    code = "QUERY_TOO_COSTLY"


class LimitError(DomainError):
    """More than this hub takes."""


class LimitExceeded(LimitError):
    """A request is larger than a limit. Details: what (a `Limit`), asked, limit.

    `asked` is at least what was found: counting ends where the limit is passed.
    """

    code = "LIMIT_EXCEEDED"


class RateExceeded(LimitError):
    """Too many requests. Details: what (a `Rate`), limit, seconds (of the window), retry_after."""

    code = "RATE_EXCEEDED"


class Overloaded(LimitError):
    """The hub has as much work as it can carry. Details: retry_after (seconds)."""

    code = "OVERLOADED"


class StatementTimedOut(LimitError):
    """The graph took too long for what was asked. Details: limit (seconds)."""

    code = "STATEMENT_TIMED_OUT"


class DocumentError(DomainError):
    """A document is not run here."""


class DocumentNotFound(DocumentError):
    """No trusted document has this id. Details: id."""

    code = "PERSISTED_QUERY_NOT_FOUND"


class DocumentNotTrusted(DocumentError):
    """Only trusted documents are run here. No details."""

    code = "DOCUMENT_NOT_TRUSTED"


class DocumentsNotPersisted(DocumentError):
    """This hub keeps no documents: the text has to be sent. No details."""

    code = "PERSISTED_QUERY_NOT_SUPPORTED"


class IntrospectionRefused(DocumentError):
    """The schema is not shown to this caller. Details: allowed (who it is shown to)."""

    code = "INTROSPECTION_REFUSED"


class NotFound(DomainError):
    """No such node, or not for this caller. Details: type, id."""

    code = "NOT_FOUND"

    def message(self, language: Language) -> str:
        """Return what was not found, its type by the name that people use."""
        kind = kind_name(str(self.details["type"]), language)
        return text(f"error.{self.code}", language, **{**self.details, "type": kind})


class AccessError(DomainError):
    """The caller may not."""


class NotSignedIn(AccessError):
    """The token is missing, expired or not ours. Details: reason."""

    code = "NOT_SIGNED_IN"


class Forbidden(AccessError):
    """The account holds no role for this. Details: action."""

    code = "FORBIDDEN"

    def message(self, language: Language) -> str:
        """Return what may not be done, by the name that people use."""
        action = self.details["action"]
        if not isinstance(action, Enum):
            action = action_name(str(action), language)
        return text(f"error.{self.code}", language, action=action)


class OriginRefused(AccessError):
    """A browser's cookie, sent from a page that is not ours. Details: origin."""

    code = "ORIGIN_REFUSED"


class LastAdministrator(AccessError):
    """Nobody would be left who may do everything. Details: account."""

    code = "LAST_ADMINISTRATOR"


class SignInUnavailable(AccessError):
    """The issuer of tokens does not answer, or not as it should. Details: issuer."""

    code = "SIGN_IN_UNAVAILABLE"


class ChangeError(DomainError):
    """A node cannot be changed so."""


class StateRefused(ChangeError):
    """Not possible from the node's state. Details: node, action, state, allowed (actions)."""

    code = "STATE_REFUSED"


class InUse(ChangeError):
    """What is live refers to it. Details: node, users (ids of some of them), count."""

    code = "IN_USE"


class Retired(ChangeError):
    """It is no longer in use, so nothing new may refer to it. Details: node."""

    code = "RETIRED"


class AlreadyTaken(ChangeError):
    """Another node has this code already. Details: field, value, node."""

    code = "ALREADY_TAKEN"


class TermsOverlap(ChangeError):
    """Two chairs of an alliance at one time. Details: node (the other term), starts, ends."""

    code = "TERMS_OVERLAP"


class ClaimError(DomainError):
    """The claim machine refuses."""


class TransitionRefused(ClaimError):
    """Not in the table. Details: action, state, allowed (list of actions from that state)."""

    code = "TRANSITION_REFUSED"


class NotThisSide(ClaimError):
    """This side may not take this step. Details: action."""

    code = "NOT_THIS_SIDE"


class QuantityExceeded(ClaimError):
    """More than is left. Details: asked, left, measure, node (id of the order, offer or slot)."""

    code = "QUANTITY_EXCEEDED"


class SlotUnavailable(ClaimError):
    """No such slot, past, or taken. Details: slot, node."""

    code = "SLOT_UNAVAILABLE"


class LotViolated(ClaimError):
    """The minimum lot would not hold. Details: asked, lot, left."""

    code = "LOT_VIOLATED"


class PartnerLimitReached(ClaimError):
    """An order or offer deals with as many partners as it may. Details: node, limit."""

    code = "PARTNER_LIMIT_REACHED"


class MeasuresDiffer(ClaimError):
    """No exact rule between the two measures. Details: order_measure, offer_measure."""

    code = "MEASURES_DIFFER"


class BoundByPackage(ClaimError):
    """What is in a package is not changed, or decided of, alone. Details: action."""

    code = "BOUND_BY_PACKAGE"


class SameSides(ClaimError):
    """Supplier and receiver are one agent. Details: agent."""

    code = "SAME_SIDES"


class NotClaimable(ClaimError):
    """The offer or order is not open for claims. Details: node, state."""

    code = "NOT_CLAIMABLE"


class HeldByClaims(ClaimError):
    """An edit would break live claims. Details: node, claims (ids)."""

    code = "HELD_BY_CLAIMS"


class TooManyOpen(ClaimError):
    """The limit of open proposals of an agent. Details: agent, limit."""

    code = "TOO_MANY_OPEN"


@dataclass(frozen=True, slots=True)
class PastChange:
    """What somebody changed of a node: when, by which action, which fields."""

    at: str
    action: str
    fields: tuple[str, ...]


class VersionConflict(ClaimError):
    """Somebody else changed it first. Details: node, expected, actual, and changes where known."""

    code = "VERSION_CONFLICT"


class IdempotencyConflict(ClaimError):
    """The key was used with another input. Details: key."""

    code = "IDEMPOTENCY_CONFLICT"


class SheetError(DomainError):
    """A sheet or a row cannot be read.

    Details: file, sheet, cell, value, reason (a key of the catalogues under `loading.reason.`)
    and what that text speaks of, such as expected.
    """

    code = "SHEET_ERROR"

    def message(self, language: Language) -> str:
        """Return the place, the value, and what would be right."""
        reason = text(f"loading.reason.{self.details['reason']}", language, **self.details)
        key = f"error.{self.code}" if self.details["value"] != "" else "loading.problem"
        return text(key, language, **{**self.details, "reason": reason})


class MatchingError(DomainError):
    """A run cannot be made or used. Details: reason (a `Phrase`, `matching.problem.*`)."""

    code = "MATCHING_ERROR"


class EngineError(DomainError):
    """The graph cannot be used.

    Where the details have a `problem`, the text is the catalogue's `error.CODE.problem`.
    """

    def message(self, language: Language) -> str:
        """Return what happened and what would be right, in the reader's language."""
        if problem := self.details.get("problem"):
            return text(f"error.{self.code}.{problem}", language, **self.details)
        return super().message(language)


class EngineUnavailable(EngineError):
    """It does not answer. Details: address, reason, and a problem where the cause is known."""

    code = "ENGINE_UNAVAILABLE"


class EngineUnusable(EngineError):
    """Port, disk or data directory. Details: what, reason, remedy."""

    code = "ENGINE_UNUSABLE"


class GraphTooNew(EngineError):
    """Written by a newer hub. Details: found, known."""

    code = "GRAPH_TOO_NEW"


class DumpError(EngineError):
    """A dump cannot be written or read. Details: problem, and file, line, what or reason."""

    code = "DUMP_ERROR"
