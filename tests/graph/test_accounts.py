"""Accounts and grants: who may make them, and what is in force when."""

from datetime import timedelta

import pytest

from domain.access import HeldGrant, Viewer
from domain.errors import BadInput, Forbidden, NotFound, NotSignedIn
from domain.identity import new_id
from domain.vocabulary import Role
from graph.driver import Graph
from resolvers.accounts import GrantRequest, create_account, viewer_of
from tests.graph.builders import Neighbourhood, dump

pytestmark = pytest.mark.anyio
ADMIN = Viewer(account_id="admin", grants=(HeldGrant(Role.ADMIN),))


@pytest.fixture
async def here(graph: Graph) -> Neighbourhood:
    return await Neighbourhood(graph).build()


async def create(here: Neighbourhood, *grants: GrantRequest, viewer: Viewer = ADMIN) -> str:
    return await create_account(
        here.graph, viewer=viewer, name="somebody", grants=grants, clock=here.clock
    )


async def test_an_account_holds_what_it_was_granted(here: Neighbourhood) -> None:
    account_id = await create(
        here,
        GrantRequest(Role.COORDINATOR, area_id=here.subdistrict),
        GrantRequest(Role.LIAISON, agent_id=here.unit),
        GrantRequest(Role.APP),
    )
    viewer = await viewer_of(here.graph, account_id, now=here.clock())
    assert viewer.coordinated_paths == (here.path("subdistrict"),)
    assert viewer.own_agents == (here.unit,)
    assert viewer.reads_everything_published
    assert not viewer.is_admin


async def test_a_grant_ends_when_its_time_is_over(here: Neighbourhood) -> None:
    until = here.clock() + timedelta(hours=1)
    account_id = await create(here, GrantRequest(Role.ADMIN, valid_until=until))
    assert (await viewer_of(here.graph, account_id, now=here.clock())).is_admin
    assert (await viewer_of(here.graph, account_id, now=until)).grants == ()


async def test_an_account_that_exists_is_left_as_it_is(here: Neighbourhood) -> None:
    account_id = new_id()
    for name in ("first", "second"):
        await create_account(
            here.graph,
            viewer=ADMIN,
            name=name,
            grants=[GrantRequest(Role.ADMIN)],
            account_id=account_id,
            clock=here.clock,
        )
    viewer = await viewer_of(here.graph, account_id, now=here.clock())
    assert viewer.grants == (HeldGrant(Role.ADMIN),)


async def test_only_an_administrator_makes_accounts(here: Neighbourhood) -> None:
    before = await dump(here.graph)
    coordinator = Viewer(
        account_id="someone", grants=(HeldGrant(Role.COORDINATOR, area_path=here.path("district")),)
    )
    with pytest.raises(Forbidden):
        await create(here, GrantRequest(Role.APP), viewer=coordinator)
    assert await dump(here.graph) == before


@pytest.mark.parametrize(
    "role", [Role.COORDINATOR, Role.LOADER, Role.LIAISON, Role.MEMBER], ids=lambda role: role.name
)
async def test_a_role_needs_its_scope(here: Neighbourhood, role: Role) -> None:
    before = await dump(here.graph)
    unscoped = GrantRequest(role)
    with pytest.raises(BadInput):
        await create(here, unscoped)
    unknown = (
        GrantRequest(role, area_id=new_id())
        if role in {Role.COORDINATOR, Role.LOADER}
        else GrantRequest(role, agent_id=new_id())
    )
    with pytest.raises(NotFound):
        await create(here, unknown)
    assert await dump(here.graph) == before


@pytest.mark.parametrize("name", ["", "  \u3000"])
async def test_an_account_has_a_name(here: Neighbourhood, name: str) -> None:
    before = await dump(here.graph)
    with pytest.raises(BadInput) as refused:
        await create_account(
            here.graph,
            viewer=ADMIN,
            name=name,
            grants=[GrantRequest(Role.ADMIN)],
            clock=here.clock,
        )
    assert refused.value.details["field"] == "name"
    assert await dump(here.graph) == before


async def test_nobody_signs_in_without_an_account(here: Neighbourhood) -> None:
    with pytest.raises(NotSignedIn):
        await viewer_of(here.graph, new_id(), now=here.clock())
