"""Who answers for what: patterns, their order, and the tables that are refused."""

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.documents import DocumentClass, travel_document
from federation.errors import InvalidDirectory
from federation.routes import Route, RouteTable, specificity

P = DocumentClass.P


def table(*rows: tuple[str, str]) -> RouteTable:
    return RouteTable(Route("CHN", P, pattern, economy) for pattern, economy in rows)


def who(routes: RouteTable, number: str) -> str | None:
    return routes.resolve(travel_document("CHN", "P", number))


def test_three_economies_share_an_issuing_state_and_are_told_apart_by_number() -> None:
    routes = table(("*", "CHN"), ("K########", "HKG"), ("H########", "HKG"), ("MA#######", "MAC"))
    assert who(routes, "K12345678") == "HKG"
    assert who(routes, "H12345678") == "HKG"
    assert who(routes, "MA1234567") == "MAC"
    assert who(routes, "E12345678") == "CHN"
    assert who(routes, "K1234567") == "CHN"
    assert who(routes, "KJ1234567") == "CHN"


def test_a_document_that_no_route_names_has_nobody() -> None:
    routes = RouteTable([Route("NZL", P, "*", "NZL"), Route("AUS", P, "N#######", "AUS")])
    assert routes.resolve(travel_document("NZL", "P", "LA123456")) == "NZL"
    assert routes.resolve(travel_document("NZL", "I", "LA123456")) is None
    assert routes.resolve(travel_document("AUS", "P", "N1234567")) == "AUS"
    assert routes.resolve(travel_document("AUS", "P", "M1234567")) is None
    assert routes.resolve(travel_document("D", "P", "C01X0006H")) is None
    assert RouteTable([]).resolve(travel_document("NZL", "P", "LA123456")) is None


def test_the_order_of_the_routes_makes_no_difference() -> None:
    rows = [("*", "CHN"), ("K*", "HKG"), ("K########", "MAC"), ("K1#######", "TWN")]
    for routes in (table(*rows), table(*reversed(rows))):
        assert [who(routes, number) for number in ("E1", "K1", "K22345678", "K12345678")] == [
            "CHN",
            "HKG",
            "MAC",
            "TWN",
        ]


@pytest.mark.parametrize(
    ("pattern", "taken", "refused"),
    [
        ("*", ["A", "0", "Z" * 24], []),
        ("K*", ["K", "K1", "KZ9"], ["A", "1K"]),
        ("#*", ["1", "1A"], ["A1"]),
        ("@#", ["A1", "Z9"], ["1A", "A", "A12", "AA"]),
        ("A@#9*", ["AB19", "AB19XYZ"], ["AB18", "A119"]),
        ("0", ["0"], ["O", "00"]),
    ],
)
def test_a_pattern_takes_what_its_grammar_says(pattern: str, taken: list[str], refused: list[str]) -> None:
    routes = table((pattern, "HKG"))
    assert [who(routes, number) for number in taken] == ["HKG"] * len(taken)
    assert [who(routes, number) for number in refused] == [None] * len(refused)


def test_specificity_puts_fixed_length_before_literals_before_places() -> None:
    ordered = ["*", "@*", "@##*", "K*", "K##*", "KA*", "@########", "K########", "KA#######", "K12345678"]
    assert all(specificity(one) < specificity(other) for one, other in pairwise(ordered))


@pytest.mark.parametrize(
    ("one", "other"),
    [("K########", "K########"), ("*", "*"), ("K*", "@1*"), ("K#*", "@1*"), ("@########", "K*"), ("K*", "@")],
)
def test_two_economies_patterns_that_are_equal_or_cross_are_refused(one: str, other: str) -> None:
    with pytest.raises(InvalidDirectory) as refused:
        table((one, "CHN"), (other, "HKG"))
    assert one in str(refused.value)
    assert other in str(refused.value)


@pytest.mark.parametrize(
    ("one", "other"),
    [("A*", "#@*"), ("K########", "@########"), ("K*", "K1*"), ("K#", "K##"), ("KA", "K#"), ("K", "K*")],
)
def test_patterns_apart_or_one_within_the_other_are_taken(one: str, other: str) -> None:
    assert len(table((one, "CHN"), (other, "HKG")).routes) == 2


def test_one_economys_own_patterns_may_cross_but_not_repeat() -> None:
    routes = table(("K*", "HKG"), ("@########", "HKG"))
    assert who(routes, "K12345678") == "HKG"
    with pytest.raises(InvalidDirectory, match="equal"):
        table(("K*", "HKG"), ("K*", "HKG"))


def test_the_same_pattern_of_another_state_or_class_is_another_route() -> None:
    routes = RouteTable(
        [Route("CHN", P, "*", "CHN"), Route("CHN", DocumentClass.I, "*", "HKG"), Route("NZL", P, "*", "NZL")]
    )
    assert routes.resolve(travel_document("CHN", "I", "A1")) == "HKG"
    assert routes.resolve(travel_document("CHN", "P", "A1")) == "CHN"


@pytest.mark.parametrize(
    "pattern", ["", "**", "*K", "K*1", "k#", "K?", "K #", "[A-Z]", "\u041a#", "K" * 25, "K" * 24 + "*", "#\n"]
)
def test_a_pattern_outside_the_grammar_is_refused(pattern: str) -> None:
    with pytest.raises(InvalidDirectory, match="NZL P"):
        RouteTable([Route("NZL", P, pattern, "NZL")])


@pytest.mark.parametrize(
    ("issuing_state", "economy", "words"),
    [
        ("DEU", "DEU", "D, not DEU"),
        ("XXB", "AUS", "issuing state"),
        ("nzl", "NZL", "issuing state"),
        ("UTO", "NZL", "specimens"),
        ("NZL", "NZ", "economy"),
        ("NZL", "nzl", "economy"),
    ],
)
def test_a_route_with_wrong_codes_is_refused(issuing_state: str, economy: str, words: str) -> None:
    with pytest.raises(InvalidDirectory, match=words):
        RouteTable([Route(issuing_state, P, "*", economy)])


def test_nobody_answers_in_the_place_of_an_economy_that_is_gone() -> None:
    """A wider route would send its numbers to a register that knows none of them, and reports none."""
    rows = [Route("CHN", P, "*", "CHN"), Route("CHN", P, "K########", "HKG"), Route("NZL", P, "*", "NZL")]
    routes = RouteTable(rows, vacant={"HKG", "NZL"})
    assert routes.resolve(travel_document("CHN", "P", "K12345678")) is None
    assert routes.resolve(travel_document("CHN", "P", "E12345678")) == "CHN"
    assert routes.resolve(travel_document("NZL", "P", "LA123456")) is None


PATTERNS = st.from_regex(r"[A1#@]{0,3}\*?", fullmatch=True).filter(bool)
NUMBERS = st.text(alphabet="AB12", min_size=1, max_size=4)


def matches(pattern: str, number: str) -> bool:
    return re.fullmatch(pattern.replace("*", ".*").replace("#", "[0-9]").replace("@", "[A-Z]"), number) is not None


@given(
    st.lists(st.tuples(PATTERNS, st.sampled_from(["CHN", "HKG", "MAC"])), max_size=5), st.lists(NUMBERS, max_size=20)
)
def test_the_winner_is_beyond_dispute_in_every_table_that_is_taken(
    rows: list[tuple[str, str]], numbers: list[str]
) -> None:
    try:
        routes = table(*rows)
    except InvalidDirectory:
        return
    universe = [*numbers, "A", "1", "AA", "A1", "11", "1A", "AAA", "A11", "111", "AB1", "A1B2"]
    for number in universe:
        claims = [(pattern, economy) for pattern, economy in rows if matches(pattern, number)]
        winner = who(routes, number)
        assert (winner is None) == (not claims)
        for pattern, economy in claims:
            if economy != winner:
                # The loser's pattern holds every number of some pattern of the winner that claims this one.
                own = [p for p, e in claims if e == winner]
                assert any(all(matches(pattern, n) for n in universe if matches(p, n)) for p in own)
