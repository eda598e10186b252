"""Names: communities in two spellings, whom a name means, rows in whole batches."""

import pytest

from domain.folding import fold, name_key
from domain.neighbourhoods import base_name, fuller, of_party_branch, same_community, short_form
from domain.vocabulary import AreaLevel
from resolvers.loading_names import KnownAgent, KnownArea, NameProblem, Names


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("崂一居民区", "崂山一村居民区"),
        ("东一居民区", "东园一居民区"),
        ("梅三居民区", "梅园三村居民区"),
        ("乳五居民区", "乳山五村居民区"),
        ("御祥园", "御祥园社区"),
        ("昌邑居民区", "昌邑居委会"),
        ("１２３社区", "123社区"),
    ],
)
def test_two_spellings_of_one_community(one: str, other: str) -> None:
    assert same_community(one, other)
    assert same_community(other, one)
    assert short_form(one) == short_form(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("崂一居民区", "崂二居民区"),
        ("东园一居民区", "东昌一居民区"),
        ("东昌居民区", "东园一居民区"),
        ("陈家门居民区", "陈家居民区"),
        ("第一社区", "第二社区"),
    ],
)
def test_two_communities(one: str, other: str) -> None:
    assert not same_community(one, other)


def test_the_name_of_a_community_in_others() -> None:
    assert base_name("御祥园社区") == "御祥园"
    assert base_name("社区") == "社区"
    assert of_party_branch("崂山一村居民区党总支") == "崂山一村居民区"
    assert of_party_branch("林山居民区党支部") == "林山居民区"
    assert fuller("崂一居民区", "崂山一村居民区") == "崂山一村居民区"


def test_folding() -> None:
    assert fold("ＡＢＣ　會議室") == "abc 会议室"
    assert name_key(" 上海大润 港务 ") == name_key("上海大润港务")
    assert name_key("、") == "、"


def district() -> Names:
    """Return a directory of two subdistricts."""
    names = Names(district="310115")
    names.add_area(KnownArea("d", "浦东新区", AreaLevel.DISTRICT, "/d/", "310115"))
    names.add_area(KnownArea("s", "陆家嘴街道", AreaLevel.SUBDISTRICT, "/d/s/", "310115005"))
    for area_id, name in (("a", "东园一居民区"), ("b", "东昌一居民区"), ("c", "光辉居民区")):
        names.add_area(KnownArea(area_id, name, AreaLevel.COMMUNITY, f"/d/s/{area_id}/"))
    names.add_unit(KnownAgent("u", "区图书馆", ("图书馆",), "s"))
    names.add_branch(KnownAgent("p", "光辉居民区党总支", (), "c"))
    return names


def test_whom_a_name_means() -> None:
    names = district()
    assert names.area("310115005").id == "s"
    assert names.area("光辉").id == "c"
    assert names.agent("图书馆") == ("u", "s")
    assert names.agent("光辉居民区") == ("c", "c")
    assert names.agent("光辉居民区党总支") == ("p", "c")


def test_a_name_that_may_mean_several_is_refused() -> None:
    with pytest.raises(NameProblem) as caught:
        district().area("东一居民区")
    assert caught.value.reason == "ambiguous_name"
    assert "东昌一居民区" in str(caught.value.details["expected"])


def test_a_name_that_means_nobody_is_answered_with_similar_ones() -> None:
    with pytest.raises(NameProblem) as caught:
        district().agent("区图书室")
    assert caught.value.reason == "unknown_name"
    assert caught.value.details["expected"] == "区图书馆"


def test_both_spellings_get_one_id_and_two_communities_two() -> None:
    names = Names()
    short = names.area_id("s", AreaLevel.COMMUNITY, "东一居民区")
    assert names.area_id("s", AreaLevel.COMMUNITY, "东园一居民区") == short
    names.add_area(KnownArea(short, "东园一居民区", AreaLevel.COMMUNITY, f"/s/{short}/"))
    assert names.area_id("s", AreaLevel.COMMUNITY, "东一居民区") == short
    assert names.area_id("s", AreaLevel.COMMUNITY, "东昌一居民区") != short
    assert names.area_id("t", AreaLevel.COMMUNITY, "东园一居民区") != short
