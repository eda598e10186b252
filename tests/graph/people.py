"""The accounts of a neighbourhood, and what they ask about accounts and grants."""

from datetime import timedelta
from typing import Any

import orjson

from domain.access import ActingAccount, Viewer
from domain.identity import global_id, new_id
from domain.language import Language
from graph.accounts import viewer as viewer_of
from graph.statements import CompiledStatement
from schema.context import Context
from tests.contract.asking import EXECUTOR
from tests.graph.builders import Neighbourhood, dump

ISSUER = "https://issuer.example"
PROBLEM = "... on Problem { code message } ... on BadInputProblem { field }"
ACCOUNT = """... on AccountPayload { account { id name active language signInEmail
    grants { nodes { id role validFrom validUntil area { id } agent { id } } } } }"""
GRANT = """... on GrantPayload { grant { id role validFrom validUntil area { id } account { id }
    grantedBy { id } } }"""
DEPUTYSHIP = """... on DeputyshipPayload { deputyship { id validFrom validUntil account { id }
    deputy { id } } }"""
RESULTS = {
    "grantRole": GRANT,
    "revokeGrant": GRANT,
    "appointDeputy": DEPUTYSHIP,
    "endDeputyship": DEPUTYSHIP,
}
INPUTS = {
    "inviteAccount": "InviteAccountInput",
    "updateAccount": "UpdateAccountInput",
    "suspendAccount": "AccountInput",
    "reactivateAccount": "AccountInput",
    "grantRole": "GrantRoleInput",
    "revokeGrant": "RevokeGrantInput",
    "appointDeputy": "AppointDeputyInput",
    "endDeputyship": "EndDeputyshipInput",
    "handOverAccount": "HandOverAccountInput",
}


class People:
    """The accounts of a neighbourhood, and what they ask."""

    def __init__(self, here: Neighbourhood) -> None:
        self.here = here
        self.graph = here.graph

    def account(self, who: str) -> str:
        return global_id("Account", self.here.id(f"account {who}"))

    def area(self, name: str) -> str:
        return global_id("Area", self.here.id(name))

    def unit(self, name: str = "unit") -> str:
        return global_id("Unit", self.here.id(name))

    async def viewer(self, who: str, acting_for: str | None = None) -> Viewer | None:
        account_id = self.here.id(f"account {who}")
        if acting_for is not None:
            account_id = ActingAccount(account_id, self.here.id(f"account {acting_for}"))
        return await viewer_of(self.graph.read, account_id, self.here.clock())

    async def ask(
        self, who: str | None, query: str, acting_for: str | None = None, **variables: object
    ) -> dict[str, Any]:
        viewer = Viewer() if who is None else await self.viewer(who, acting_for)
        assert viewer is not None
        context = Context(
            graph=self.graph,
            viewer=viewer,
            language=Language.EN,
            clock=self.here.clock,
            issuer=ISSUER,
        )
        answer = orjson.loads((await EXECUTOR.answer(query, variables, None, context)).body)
        assert "errors" not in answer, answer
        return answer["data"]

    async def change(
        self, who: str | None, field: str, acting_for: str | None = None, **given: object
    ) -> dict[str, Any]:
        query = (
            f"mutation ($input: {INPUTS[field]}!) "
            f"{{ result: {field}(input: $input) {{ {RESULTS.get(field, ACCOUNT)} {PROBLEM} }} }}"
        )
        asked = {"idempotencyKey": new_id(), **given}
        return (await self.ask(who, query, acting_for, input=asked))["result"]

    async def code(self, who: str | None, field: str, **given: object) -> str:
        """Ask for what is refused, and see that nothing changed; return the problem's code."""
        before = await dump(self.graph)
        result = await self.change(who, field, None, **given)
        assert await dump(self.graph) == before
        return result["code"]

    async def events(self) -> list[dict[str, Any]]:
        rows = await self.graph.read(
            CompiledStatement(
                "MATCH (e:Event) WITH e ORDER BY e.sortKey RETURN properties(e) AS event"
            )
        )
        return [row["event"] for row in rows]

    def soon(self, **difference: float) -> str:
        return (self.here.clock() + timedelta(**difference)).isoformat()
