"""Text of other economies: shown to people, never matched, and unable to steer what stands around it."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.addresses import require_address, require_network
from federation.contacts import require_contact
from federation.plain_text import MAX_TEXT_CHARACTERS, require_plain
from federation.status import DocumentCode
from tests.federation.trust_documents import CONTACT, refused


def taken(text: str) -> bool:
    code = refused(require_plain, text, "desk")
    assert code in (None, DocumentCode.INVALID_NAME)
    return code is None


@pytest.mark.parametrize(
    "text",
    [
        "Ōtautahi Border Desk",
        "出入境管理局 24小时",
        "สำนักงานตรวจคนเข้าเมือง",
        "Пограничная служба",
        "Cục Quản lý xuất nhập cảnh",
        "Desk no. 2 (night) – «Süd»",
        "x" * MAX_TEXT_CHARACTERS,
    ],
)
def test_names_in_every_script_are_taken_as_they_are(text: str) -> None:
    """ATTACKS I07: a look-alike is shown as what it is."""
    assert taken(text)
    assert taken(unicodedata.normalize("NFD", text))


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "x" * (MAX_TEXT_CHARACTERS + 1),
        " desk",
        "desk ",
        "desk\u00a0",
        "de\nsk",
        "de\rsk",
        "de\tsk",
        "de\x00sk",
        "\x1b[2Jdesk",
        "de\x9bsk",
        "de\u2028sk",
        "de\u2029sk",
        "de\u202esk",
        "de\u2066sk",
        "de\u200bsk",
        "de\u200dsk",
        "\ufeffdesk",
        "de\u00adsk",
        "de\ue000sk",
        "de\uffffsk",
        "de\ud800sk",
        "de\U000e0041sk",
        "\u0301desk",
        "\u20ddesk",
    ],
    ids=ascii,
)
def test_what_steers_or_hides_is_refused_and_not_repeated(text: str) -> None:
    """ATTACKS I07: right-to-left override, zero width, combining, line ends, controls."""
    assert not taken(text)


@given(st.text(max_size=20))
def test_whatever_is_taken_is_one_visible_line(text: str) -> None:
    if taken(text):
        assert text.isprintable() or any(unicodedata.category(one) == "Zs" for one in text)
        assert text.splitlines() == [text]
        assert text == text.strip()


CONTACTS: dict[str, dict[str, Any]] = {
    "no desk": {"desk": ""},
    "a desk that steers": {"desk": "a\u202eb"},
    "no telephone": {"telephone": ""},
    "a telephone without its country": {"telephone": "04 555 0100"},
    "a telephone in other digits": {"telephone": "+６４ 4 555 0100"},
    "a telephone of letters": {"telephone": "+64 CALL-US-NOW"},
    "a telephone too long": {"telephone": "+" + "1" * 60},
    "a telephone and a line more": {"telephone": "+64 4 555 0100\n"},
    "an email that is none": {"email": "desk"},
    "an email that is two": {"email": "a@example.nz,b@example.nz@"},
    "an email of a look-alike": {"email": "d\u0435sk@example.nz"},
    "an email with a name": {"email": "Desk <desk@example.nz>"},
    "no hours": {"hours": ""},
    "hours that nobody has": {"hours": "Mon-Fri 08:00-25:00"},
    "hours without days": {"hours": "08:00-18:00"},
    "hours in words": {"hours": "always"},
    "no time zone": {"time_zone": ""},
    "a time zone that is a path": {"time_zone": "../etc/passwd"},
    "a time zone from the root": {"time_zone": "/etc/passwd"},
    "no language": {"languages": ()},
    "a language in words": {"languages": ("English",)},
    "a language of a look-alike": {"languages": ("\u0435n",)},
    "a deputy that steers": {"deputy": "\x1b[31mdeputy"},
    "a deputy too long": {"deputy": "x" * 201},
}


@pytest.mark.parametrize("change", CONTACTS.values(), ids=CONTACTS.keys())
def test_a_contact_out_of_form_is_refused(change: dict[str, Any]) -> None:
    """ATTACKS I07."""
    code = refused(require_contact, replace(CONTACT, **change))
    assert code is (DocumentCode.MALFORMED if change == {"languages": ()} else DocumentCode.INVALID_NAME)


@pytest.mark.parametrize(
    "change",
    [
        {"email": "", "deputy": ""},
        {"telephone": "+64 (4) 555-0100 ext. 12"},
        {"telephone": "+881612345678"},
        {"hours": "Mon-Fri 08:00-18:00"},
        {"hours": "Mon-Fri 08:00-18:00, Sat 09:00-12:00, Sun 22:00-24:00"},
        {"time_zone": "UTC"},
        {"time_zone": "America/Argentina/Buenos_Aires"},
        {"time_zone": "Etc/GMT+12"},
        {"languages": ("en", "es-419", "zh-Hant-TW")},
    ],
)
def test_a_contact_in_form_is_taken(change: dict[str, Any]) -> None:
    contact = replace(CONTACT, **change)
    assert require_contact(contact) is contact


ADDRESSES = [
    "rmas.border.example.nz:443",
    "xn--bcher-kva.example:1",
    "a.b:65535",
    "localhost:7443",
    "127.0.0.1:7443",
    "198.51.100.64:7443",
    "[::1]:7443",
    "[2001:db8::7]:443",
]


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_host_and_a_port_are_taken_as_they_are(address: str) -> None:
    assert require_address(address) == address


@pytest.mark.parametrize(
    "address",
    [
        "",
        ":443",
        "example.nz",
        "example.nz:",
        "example.nz:0",
        "example.nz:65536",
        "example.nz:0443",
        "example.nz:+443",
        "example.nz:443 ",
        " example.nz:443",
        "example.nz:443\n",
        "example.nz:４４３",
        "Example.nz:443",
        "example.nz.:443",
        ".example.nz:443",
        "exa mple.nz:443",
        "-example.nz:443",
        "example-.nz:443",
        "exa_mple.nz:443",
        "ex\u0430mple.nz:443",
        "user@example.nz:443",
        "https://example.nz:443",
        "example.nz:443/path",
        "example.nz:443,other.nz:443",
        "example.nz:443:443",
        f"{'a' * 64}.nz:443",
        f"{'a.' * 127}nz:443",
        "unix:443",
        "dns:443",
        "ipv4:443",
        "vsock:443",
        "unix-abstract:443",
        "passthrough:443",
        "nzl:443",
        "127.1:443",
        "0x7f.1:443",
        "0x7f000001:443",
        "2130706433:443",
        "127.0.0.01:443",
        "127.0.0.256:443",
        "1.2.3.4.5:443",
        "0.0.0.0:443",
        "224.0.0.1:443",
        "255.255.255.255:443",
        "::1:443",
        "[::]:443",
        "[ff02::1]:443",
        "[::ffff:127.0.0.1]:443",
        "[::ffff:7f00:1]:443",
        "[2001:DB8::7]:443",
        "[2001:db8:0::7]:443",
        "[2001:0db8::7]:443",
        "[fe80::1%eth0]:443",
        "[fe80::1%25eth0]:443",
        "[::1]443",
        "[::1]",
        "[127.0.0.1]:443",
        "[example.nz]:443",
    ],
    ids=ascii,
)
def test_whatever_could_be_anything_else_is_refused(address: str) -> None:
    """ATTACKS I07: one spelling, and nothing that a library reads as more than a host and a port."""
    assert refused(require_address, address) is DocumentCode.INVALID_NAME


@given(st.text(alphabet="abcz019.:[]-%/@x ", max_size=24))
def test_what_is_taken_can_be_split_in_one_way(text: str) -> None:
    if refused(require_address, text) is None:
        host, _, port = text.rpartition(":")
        assert str(int(port)) == port
        assert host.startswith("[") == (":" in host)


def test_a_network_is_a_label_or_nothing() -> None:
    for label in ("", "internet", "s-testa", "n" * 32):
        assert require_network(label) == label
    for label in ("Internet", "n" * 33, "-n", "n-", "two words", "n\u202e", "../n", "n\n"):
        assert refused(require_network, label) is DocumentCode.INVALID_NAME
