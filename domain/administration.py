"""Who may give and take roles: nobody more than they hold, and never the last administrator."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.access import Viewer
from domain.errors import BadInput
from domain.hub_records import Account, Grant
from domain.language import Phrase
from domain.vocabulary import Role

LONGEST_DEPUTYSHIP = timedelta(days=366)
SCOPED_BY_AREA = frozenset({Role.COORDINATOR, Role.LOADER})
SCOPED_BY_AGENT = frozenset({Role.LIAISON, Role.MEMBER})


@dataclass(frozen=True, slots=True)
class PlacedGrant:
    """A grant with the part of the graph it is for.

    `path` is that of its area, or of the area that its agent belongs to; None for everything.
    """

    grant: Grant
    area_id: str | None = None
    agent_id: str | None = None
    path: str | None = None

    def in_force(self, now: datetime) -> bool:
        """Whether it counts now."""
        return self.grant.valid_from <= now and not self.over(now)

    def over(self, now: datetime) -> bool:
        """Whether it will never count again."""
        until = self.grant.valid_until
        return until is not None and until <= max(now, self.grant.valid_from)


@dataclass(frozen=True, slots=True)
class AccountFile:
    """An account with all grants that it ever held."""

    account: Account
    grants: tuple[PlacedGrant, ...]

    def living(self, now: datetime) -> tuple[PlacedGrant, ...]:
        """Return the grants that count now or are yet to come."""
        return tuple(placed for placed in self.grants if not placed.over(now))


def may_give(viewer: Viewer, role: Role, path: str | None) -> bool:
    """Whether an account may give or take this role for the part of the graph at a path.

    ADMIN may for everything. COORDINATOR may within its areas: liaisons, members and loaders, and
    coordinators of what is properly below. APP reads claims of everywhere, which is more than a
    coordinator does.
    """
    if viewer.is_admin:
        return True
    match role:
        case Role.LIAISON | Role.MEMBER | Role.LOADER:
            return viewer.coordinates(path)
        case Role.COORDINATOR:
            return path is not None and any(
                path.startswith(above) and path != above for above in viewer.coordinated_paths
            )
        case _:
            return False


def sees_account(viewer: Viewer, file: AccountFile) -> bool:
    """Whether an account may know of another one."""
    return (
        viewer.is_admin
        or viewer.account_id == file.account.id
        or any(viewer.coordinates(placed.path) for placed in file.grants)
    )


def administers(viewer: Viewer, file: AccountFile, now: datetime) -> bool:
    """Whether an account may act on another one as a whole: on all that it holds."""
    living = file.living(now)
    return viewer.is_admin or (
        viewer.account_id != file.account.id
        and bool(living)
        and all(may_give(viewer, placed.grant.role, placed.path) for placed in living)
    )


def is_oneself(viewer: Viewer, account_id: str) -> bool:
    """Whether somebody acts on the own account, and in the own name."""
    return viewer.account_id == account_id and viewer.acting_for is None


def may_give_to(viewer: Viewer, account_id: str) -> bool:
    """Whether somebody may give this account any role at all: nobody but ADMIN the own one."""
    return viewer.is_admin or (bool(viewer.coordinated_paths) and viewer.account_id != account_id)


def may_revoke(viewer: Viewer, placed: PlacedGrant, holder_id: str) -> bool:
    """Whether an account may end a grant: as its holder, or as who may give it."""
    own = is_oneself(viewer, holder_id)
    return own or may_give(viewer, placed.grant.role, placed.path)


def may_update(viewer: Viewer, file: AccountFile, now: datetime) -> bool:
    """Whether an account may say how another one, or itself, is called and spoken to."""
    return viewer.account_id == file.account.id or administers(viewer, file, now)


def may_appoint(viewer: Viewer, file: AccountFile, now: datetime) -> bool:
    """Whether an account may appoint deputies of another one, or of itself; a deputy none."""
    return viewer.acting_for is None and may_update(viewer, file, now)


def may_end_deputyship(viewer: Viewer, file: AccountFile, deputy_id: str, now: datetime) -> bool:
    """Whether an account may end a deputyship: as either of the two, or over the account."""
    own = any(is_oneself(viewer, each) for each in (file.account.id, deputy_id))
    return own or administers(viewer, file, now)


def check_period(
    valid_from: datetime, valid_until: datetime | None, now: datetime, longest: timedelta | None
) -> None:
    """Check from when to when something is to hold. Raises BadInput."""
    if valid_from < now:
        raise BadInput(field="validFrom", value=str(valid_from), expected=Phrase("expected.later"))
    if valid_until is not None and valid_until <= valid_from:
        raise BadInput(
            field="validUntil", value=str(valid_until), expected=Phrase("expected.after_begin")
        )
    if longest is not None and (valid_until is None or valid_until - valid_from > longest):
        expected = Phrase("expected.days", {"days": longest.days})
        raise BadInput(field="validUntil", value=str(valid_until), expected=expected)


def leaves_administrators(
    before: Iterable[PlacedGrant], after: Iterable[PlacedGrant], now: datetime
) -> bool:
    """Whether a change of the ADMIN grants of active accounts leaves somebody who may do all.

    One that ends by itself does not make up for the last one that does not.
    """

    def counts(placed: PlacedGrant, *, lasting: bool) -> bool:
        ends = placed.grant.valid_until is not None
        return placed.in_force(now) and not (lasting and ends)

    kept, held = list(after), list(before)
    lasting = any(counts(placed, lasting=True) for placed in held)
    return any(counts(placed, lasting=lasting) for placed in kept)
