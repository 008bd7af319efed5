"""The grammar of names, and what a certificate may say of itself."""

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from certs.errors import InvalidName, WrongName
from certs.identity import CaName, NodeName, name_in, parse_uri

LABEL = st.from_regex(r"[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?", fullmatch=True).filter(lambda label: label[2:4] != "--")
ECONOMY = st.from_regex(r"[A-Z]{3}", fullmatch=True)


def test_a_name_has_two_spellings_that_say_the_same() -> None:
    name = NodeName("lab", "NZL", "node1")
    assert (name.uri, name.dns, name.authority.dns) == ("rmas://lab/NZL/node1", "node1.nzl.lab", "nzl.lab")
    assert str(name) == name.uri
    assert str(name.authority) == "nzl.lab"


@given(LABEL, ECONOMY, LABEL)
def test_every_name_parses_back_from_its_uri(federation: str, economy: str, node: str) -> None:
    name = NodeName(federation, economy, node)
    assert parse_uri(name.uri) == name
    assert len(name.uri) <= 120
    assert name.dns.endswith("." + name.authority.dns)


@given(st.text(alphabet="rmas:/labNZL-. \n\x00١é", max_size=40))
def test_what_parses_is_spelt_in_one_way_only(text: str) -> None:
    try:
        name = parse_uri(text)
    except InvalidName:
        return
    assert name.uri == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "rmas://lab/NZL",
        "rmas://lab/NZL/node1/",
        "rmas://lab/NZL/node1\n",
        "rmas://lab/NZL/node1?x",
        "rmas://lab/NZL/node1#x",
        "rmas://lab:1/NZL/node1",
        "rmas://u@lab/NZL/node1",
        "RMAS://lab/NZL/node1",
        "spiffe://lab/NZL/node1",
        "rmas://lab/nzl/node1",
        "rmas://lab/NZLL/node1",
        "rmas://LAB/NZL/node1",
        "rmas://lab/NZL/Node1",
        "rmas://lab/NZL/-node",
        "rmas://lab/NZL/node-",
        "rmas://lab/NZL/no_de",
        "rmas://lab/NZL/no.de",
        "rmas://lab/NZL/*",
        "rmas://lab/NZL/no\x00de",
        "rmas://lab/NZL/n\u043ede",  # Cyrillic o
        "rmas://lab/NZL/xn--nde-tdd",
        "rmas://lab/NZL/n%6fde1",
        "rmas://lab/../NZL",
        "rmas://lab/\u0661ZL/node",  # an Arabic digit
        "rmas://lab/NZL/" + "a" * 33,
        "rmas://lab/NZL/" + "a" * 10_000,
    ],
)
def test_anything_outside_the_grammar_is_no_name(text: str) -> None:
    with pytest.raises(InvalidName) as refused:
        parse_uri(text)
    assert refused.value.code == "NAME_INVALID"
    assert not text or text not in str(refused.value)


def test_the_error_about_a_part_says_which_part() -> None:
    with pytest.raises(InvalidName, match="federation"):
        CaName("Lab", "NZL")
    with pytest.raises(InvalidName, match="economy"):
        CaName("lab", "nz")
    with pytest.raises(InvalidName, match="node"):
        NodeName("lab", "NZL", "")


def test_a_name_extension_in_either_order_is_the_same_name() -> None:
    uri, host = x509.UniformResourceIdentifier("rmas://lab/NZL/node1"), x509.DNSName("node1.nzl.lab")
    assert name_in([uri, host]) == name_in([host, uri]) == NodeName("lab", "NZL", "node1")


def test_the_host_name_is_compared_exactly() -> None:
    """An upper-case or dot-terminated host name is the same host to DNS, but not the one spelling of ours."""
    uri = x509.UniformResourceIdentifier("rmas://lab/NZL/node1")
    for host in ("NODE1.nzl.lab", "node1.nzl.lab.", ".nzl.lab", "nzl.lab", "node1.NZL.lab"):
        with pytest.raises(WrongName):
            name_in([uri, x509.DNSName(host)])
