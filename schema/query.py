"""What can be read: nodes by id, one by one and together, and the connection of each type."""

import strawberry

from graph.mapping import AnyById, AnyByIds, ById
from schema.context import Info
from schema.declare import page, root
from schema.labels import Vocabularies
from schema.person_mutations import PersonalData, personal_data
from schema.special_roots import SpecialRoots
from schema.types.accounts import Account, Deputyship, Grant
from schema.types.agents import Area, Member, PartyBranch, Unit
from schema.types.claims import Claim, Evaluation, EvidenceFile
from schema.types.co_building import Agreement, Alliance, ChairTerm, CheckIn, Pairing
from schema.types.common import Connection, Node
from schema.types.history import Event
from schema.types.imports import Import
from schema.types.items import Category, DemandOrder, NeedList, ResourceList, ResourceOffer
from schema.types.matching import MatchRun, Package, Proposal
from schema.types.webhooks import Webhook
from schema.viewer import Viewer, viewer_of


@strawberry.type
class Query(SpecialRoots, Vocabularies):
    """What can be read."""

    node: Node | None = root(AnyById(), id=strawberry.ID)
    nodes: list[Node | None] = root(AnyByIds(), ids=list[strawberry.ID])
    area: Area | None = root(ById(), id=strawberry.ID)
    areas: Connection[Area] = page()
    unit: Unit | None = root(ById(), id=strawberry.ID)
    units: Connection[Unit] = page()
    branch: PartyBranch | None = root(ById(), id=strawberry.ID)
    branches: Connection[PartyBranch] = page()
    member: Member | None = root(ById(), id=strawberry.ID)
    members: Connection[Member] = page()
    category: Category | None = root(ById(), id=strawberry.ID)
    categories: Connection[Category] = page(order="path")
    resource_list: ResourceList | None = root(ById(), id=strawberry.ID)
    resource_lists: Connection[ResourceList] = page()
    need_list: NeedList | None = root(ById(), id=strawberry.ID)
    need_lists: Connection[NeedList] = page()
    offer: ResourceOffer | None = root(ById(), id=strawberry.ID)
    offers: Connection[ResourceOffer] = page()
    order: DemandOrder | None = root(ById(), id=strawberry.ID)
    orders: Connection[DemandOrder] = page()
    claim: Claim | None = root(ById(), id=strawberry.ID)
    claims: Connection[Claim] = page()
    evaluation: Evaluation | None = root(ById(), id=strawberry.ID)
    evaluations: Connection[Evaluation] = page()
    pairing: Pairing | None = root(ById(), id=strawberry.ID)
    pairings: Connection[Pairing] = page()
    agreement: Agreement | None = root(ById(), id=strawberry.ID)
    agreements: Connection[Agreement] = page()
    alliance: Alliance | None = root(ById(), id=strawberry.ID)
    alliances: Connection[Alliance] = page()
    chair_term: ChairTerm | None = root(ById(), id=strawberry.ID)
    chair_terms: Connection[ChairTerm] = page()
    check_in: CheckIn | None = root(ById(), id=strawberry.ID)
    check_ins: Connection[CheckIn] = page()
    account: Account | None = root(ById(), id=strawberry.ID)
    accounts: Connection[Account] = page()
    grant: Grant | None = root(ById(), id=strawberry.ID)
    grants: Connection[Grant] = page()
    deputyship: Deputyship | None = root(ById(), id=strawberry.ID)
    deputyships: Connection[Deputyship] = page()
    webhook: Webhook | None = root(ById(), id=strawberry.ID)
    webhooks: Connection[Webhook] = page()
    match_run: MatchRun | None = root(ById(), id=strawberry.ID)
    evidence_file: EvidenceFile | None = root(ById(), id=strawberry.ID)
    match_runs: Connection[MatchRun] = page()
    proposal: Proposal | None = root(ById(), id=strawberry.ID)
    proposals: Connection[Proposal] = page()
    package: Package | None = root(ById(), id=strawberry.ID)
    packages: Connection[Package] = page()
    import_: Import | None = root(ById(), "import", id=strawberry.ID)
    imports: Connection[Import] = page()
    event: Event | None = root(ById(), id=strawberry.ID)
    events: Connection[Event] = page(order="position")

    @strawberry.field
    async def personal_data(self, info: Info, id: strawberry.ID) -> PersonalData:  # noqa: A002
        """Return all that the hub holds of a person."""
        return await personal_data(info, id)

    @strawberry.field
    def viewer(self, info: Info) -> Viewer:
        """Return who asks, and what for."""
        return viewer_of(info.context.viewer, info.context.language)
