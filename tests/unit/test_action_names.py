"""What the actions of the history and of refusals are called."""

import re
from pathlib import Path

import pytest

from domain.claims import ClaimAction
from domain.errors import Forbidden, NotFound
from domain.identity import NodeReference, global_id, new_id
from domain.language import Language, action_name
from domain.webhooks import WebhookAction

ROOT = Path(__file__).parents[2]
OPERATION = re.compile(r'"([A-Z][A-Za-z]+\.[A-Z]+)"')
REFUSED = re.compile(r'Forbidden\(action="(\w+)"\)')
NAMED = re.compile(r'^[A-Z]+ = "([A-Z]+_[A-Z]+)"$', re.MULTILINE)
WRITTEN = re.compile(r'"((?:MATCHING|SESSION|SIGN_IN|ACCOUNT|DEPUTY|GRANT|ITEMS)_[A-Z_]+)"')
ASSEMBLED = {
    *(f"CLAIM_{each}" for each in ClaimAction),
    *(f"WEBHOOK_{each}" for each in WebhookAction),
    "WEBHOOK_FAILED",
    "WEBHOOK_GONE",
    "ResourceOffer.PUBLISH",
    "DemandOrder.REJECT",
    "NeedList.CLOSE",
}


def actions() -> set[str]:
    """Return the actions that use cases write or refuse."""
    found = set(ASSEMBLED)
    for path in (ROOT / "resolvers").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        for pattern in (OPERATION, REFUSED, NAMED, WRITTEN):
            found |= set(pattern.findall(text))
    return found


def test_there_are_actions_to_be_named() -> None:
    assert {"Area.CREATE", "attachEvidence", "ERASE_PERSON", "SESSION_STOLEN"} <= actions()


@pytest.mark.parametrize("action", sorted(actions()))
def test_every_action_has_a_name_in_both_languages(action: str) -> None:
    chinese, english = (action_name(action, each) for each in (Language.ZH, Language.EN))
    assert action not in {chinese, english}
    assert re.search("[\u4e00-\u9fff]", chinese), chinese
    assert not re.search("[\u4e00-\u9fff]", english), english


def test_what_is_unknown_is_called_as_it_is() -> None:
    assert action_name("Something.ELSE", Language.ZH) == "Something.ELSE"


def test_a_refusal_names_the_action_as_people_do() -> None:
    assert "「新建单位」" in Forbidden(action="Unit.CREATE").message(Language.ZH)
    assert "「提出认领」" in Forbidden(action=ClaimAction.PROPOSE).message(Language.ZH)
    assert "Attach evidence files" in Forbidden(action="attachEvidence").message(Language.EN)


def test_a_message_names_a_node_by_the_id_that_clients_know() -> None:
    node_id = new_id()
    missing = NotFound(type="Claim", id=NodeReference("Claim", node_id))
    assert global_id("Claim", node_id) in missing.message(Language.ZH)
    assert node_id not in missing.message(Language.ZH)
