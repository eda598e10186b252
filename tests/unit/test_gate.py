"""Rates, turns and holdings."""

import asyncio

import pytest
from limits import parse

from domain.access import VISITOR, Viewer
from domain.errors import LimitExceeded, NotSignedIn, Overloaded, RateExceeded
from domain.limits import Limit, Rate
from server.admission import Admission
from server.gate import Gate
from server.holdings import Holdings, holder
from server.rates import Arrival, Rates, network_of, read_rate
from server.settings import Settings

pytestmark = pytest.mark.anyio
SIGNED_IN = Viewer(account_id="a" * 20)


def arrival(address: str = "192.0.2.1", **headers: str) -> Arrival:
    return Arrival.of(address, headers)


async def allowed(rates: Rates, arrivals: list[Arrival]) -> int:
    count = 0
    for each in arrivals:
        try:
            await rates.arrived(each)
        except RateExceeded:
            continue
        count += 1
    return count


async def test_visitors_are_counted_by_address_and_callers_by_token() -> None:
    rates = Rates({Rate.ADDRESS: parse("3/hour"), Rate.TOKEN: parse("2/hour")})
    assert await allowed(rates, [arrival()] * 5) == 3
    assert await allowed(rates, [arrival("192.0.2.2")] * 5) == 3
    assert await allowed(rates, [arrival(authorization="Bearer a")] * 5) == 2
    assert await allowed(rates, [arrival(authorization="Bearer b")] * 5) == 2
    assert await allowed(rates, [arrival(cookie="session=c")] * 5) == 2


async def test_an_account_is_counted_over_all_its_tokens() -> None:
    rates = Rates({Rate.ACCOUNT: parse("2/hour")})
    for token in ("a", "b"):
        await rates.recognised(arrival(authorization=token), SIGNED_IN)
    with pytest.raises(RateExceeded) as refused:
        await rates.recognised(arrival(authorization="c"), SIGNED_IN)
    details = refused.value.details
    assert (details["what"], details["limit"], details["seconds"]) == (Rate.ACCOUNT, 2, 3600)
    assert 1 <= details["retry_after"] <= 2 * 3600  # pyright: ignore[reportOperatorIssue]


async def test_whoever_tries_tokens_is_counted_by_address() -> None:
    gate = Gate(Settings(rate_per_address="2/hour"))

    async def no_good() -> Viewer:
        raise NotSignedIn(reason="no")

    async def nobody() -> Viewer:
        return VISITOR

    with pytest.raises(NotSignedIn):
        await gate.recognised("192.0.2.1", {"authorization": "a"}, no_good())
    await gate.recognised("192.0.2.1", {"cookie": "other=1"}, nobody())
    with pytest.raises(RateExceeded):
        await gate.recognised("192.0.2.1", {"authorization": "b"}, no_good())
    with pytest.raises(RateExceeded):
        await gate.rates.arrived(arrival())


async def test_a_rate_may_be_off() -> None:
    assert read_rate("off") is None
    rates = Rates({Rate.ADDRESS: None})
    assert await allowed(rates, [arrival()] * 100) == 100


@pytest.mark.parametrize("name", ["rate_per_account", "rate_per_token", "rate_per_address"])
def test_a_rate_that_cannot_be_read_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="N/minute"):
        Settings.model_validate({name: "many"})


@pytest.mark.parametrize(
    ("address", "counted_as"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("fe80::1%eth0", "fe80::/64"),
        ("testclient", "testclient"),
    ],
)
def test_a_network_of_ipv6_counts_as_one(address: str, counted_as: str) -> None:
    assert network_of(address) == counted_as


async def test_so_many_work_so_many_wait_and_the_rest_is_refused_at_once() -> None:
    admission = Admission(at_once=2, waiting=3, patience=60)
    done = asyncio.Event()
    finished: list[int] = []

    async def work(number: int) -> None:
        async with admission.turn():
            await done.wait()
            finished.append(number)

    tasks = [asyncio.create_task(work(number)) for number in range(5)]
    await asyncio.sleep(0)
    assert (admission.running, admission.waiting) == (2, 3)
    with pytest.raises(Overloaded):
        async with admission.turn():
            pass
    done.set()
    await asyncio.gather(*tasks)
    assert finished == [0, 1, 2, 3, 4]
    assert (admission.running, admission.waiting) == (0, 0)
    async with admission.turn():
        assert admission.running == 1


async def test_nobody_waits_longer_than_the_patience() -> None:
    admission = Admission(at_once=1, waiting=1, patience=0.01)
    async with admission.turn():
        with pytest.raises(Overloaded):
            async with admission.turn():
                pass
        assert (admission.running, admission.waiting) == (1, 0)
    async with admission.turn():
        pass


async def test_who_gives_up_waiting_leaves_the_queue() -> None:
    admission = Admission(at_once=1, waiting=1, patience=60)

    async def wait() -> None:
        async with admission.turn():
            pass

    async with admission.turn():
        waiting = asyncio.create_task(wait())
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert admission.waiting == 0
    async with admission.turn():
        pass
    assert admission.running == 0


def test_a_caller_holds_so_many_and_no_more() -> None:
    holdings = Holdings(Limit.SUBSCRIPTIONS, 2)
    here, there = holder(SIGNED_IN, "192.0.2.1"), holder(VISITOR, "192.0.2.1")
    assert here == holder(SIGNED_IN, "192.0.2.9")
    with holdings.holding(here), holdings.holding(here):
        with pytest.raises(LimitExceeded) as refused:
            holdings.acquire(here)
        assert refused.value.details == {"what": Limit.SUBSCRIPTIONS, "asked": 3, "limit": 2}
        with holdings.holding(there):
            assert holdings.held == 3
    assert holdings.held == 0
    holdings.acquire(here)
    holdings.release(here)
    assert holdings.held == 0
