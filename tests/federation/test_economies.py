"""The code table of ICAO 9303-3, and APEC's names."""

import pytest

from federation import economies, icao_codes
from federation.economies import APEC_ECONOMIES, ISSUERS, NATIONALITIES, IssuerKind, economy_name, issuer
from federation.economies import is_issuer as issues
from federation.economies import is_nationality as is_a_nationality
from federation.errors import InvalidDocument

# https://www.iso.org/iso-3166-country-codes.html has 249 entries; written out here a second time, by initial.
ISO_BY_INITIAL = {
    "A": "ABW AFG AGO AIA ALA ALB AND ARE ARG ARM ASM ATA ATF ATG AUS AUT AZE",
    "B": "BDI BEL BEN BES BFA BGD BGR BHR BHS BIH BLM BLR BLZ BMU BOL BRA BRB BRN BTN BVT BWA",
    "C": "CAF CAN CCK CHE CHL CHN CIV CMR COD COG COK COL COM CPV CRI CUB CUW CXR CYM CYP CZE",
    "D": "DEU DJI DMA DNK DOM DZA",
    "E": "ECU EGY ERI ESH ESP EST ETH",
    "F": "FIN FJI FLK FRA FRO FSM",
    "G": "GAB GBR GEO GGY GHA GIB GIN GLP GMB GNB GNQ GRC GRD GRL GTM GUF GUM GUY",
    "H": "HKG HMD HND HRV HTI HUN",
    "I": "IDN IMN IND IOT IRL IRN IRQ ISL ISR ITA",
    "J": "JAM JEY JOR JPN",
    "K": "KAZ KEN KGZ KHM KIR KNA KOR KWT",
    "L": "LAO LBN LBR LBY LCA LIE LKA LSO LTU LUX LVA",
    "M": "MAC MAF MAR MCO MDA MDG MDV MEX MHL MKD MLI MLT MMR MNE MNG MNP MOZ MRT MSR MTQ MUS MWI MYS MYT",
    "N": "NAM NCL NER NFK NGA NIC NIU NLD NOR NPL NRU NZL",
    "O": "OMN",
    "P": "PAK PAN PCN PER PHL PLW PNG POL PRI PRK PRT PRY PSE PYF",
    "Q": "QAT",
    "R": "REU ROU RUS RWA",
    "S": "SAU SDN SEN SGP SGS SHN SJM SLB SLE SLV SMR SOM SPM SRB SSD STP SUR SVK SVN SWE SWZ SXM SYC SYR",
    "T": "TCA TCD TGO THA TJK TKL TKM TLS TON TTO TUN TUR TUV TWN TZA",
    "U": "UGA UKR UMI URY USA UZB",
    "V": "VAT VCT VEN VGB VIR VNM VUT",
    "W": "WLF WSM",
    "Y": "YEM",
    "Z": "ZAF ZMB ZWE",
}
ISO = {code for codes in ISO_BY_INITIAL.values() for code in codes.split()}
NO_ECONOMIES = {
    "D", "GBD", "GBN", "GBO", "GBP", "GBS", "RKS", "XXK", "UNO", "UNA", "UNK", "EUE", "XBA", "XIM", "XCC", "XCE", "XCO",
    "XEC", "XMP", "XPO", "XES", "XOM", "XDC", "UTO",
}  # fmt: skip


def test_the_table_holds_all_249_codes_of_iso_3166_1_alpha_3() -> None:
    listed = [line.split(" ", 1)[0] for line in icao_codes.ISO_3166_1.splitlines()]
    assert len(listed) == len(set(listed)) == len(ISO) == 249
    assert set(listed) == ISO


def test_issuers_are_isos_codes_with_germanys_own_and_those_that_are_no_economies() -> None:
    assert set(ISSUERS) == (ISO - {"DEU"}) | NO_ECONOMIES
    assert len(ISSUERS) == 248 + 24


def test_nationalities_are_the_issuers_and_the_four_that_never_issue() -> None:
    assert set(NATIONALITIES) - set(ISSUERS) == {"XXA", "XXB", "XXC", "XXX"}
    assert set(ISSUERS) <= set(NATIONALITIES)


@pytest.mark.parametrize("code", ["XXA", "XXB", "XXC", "XXX"])
def test_a_nationality_that_never_issues_is_told_apart_and_refused_as_issuer(code: str) -> None:
    """ATTACKS I09."""
    assert is_a_nationality(code)
    assert not issues(code)
    with pytest.raises(InvalidDocument) as refused:
        issuer(code)
    assert (refused.value.code, refused.value.field) == ("STATE_IS_NATIONALITY", "issuing_state")
    assert code in refused.value.message


@pytest.mark.parametrize("code", ["YUG", "ZAR", "SUN", "DDR", "CSK", "SCG", "TMP", "ANT", "BUR", "ROM"])
def test_a_withdrawn_code_is_refused_as_withdrawn(code: str) -> None:
    """ATTACKS I09."""
    with pytest.raises(InvalidDocument) as refused:
        issuer(code)
    assert refused.value.code == "STATE_WITHDRAWN"
    assert not is_a_nationality(code)


@pytest.mark.parametrize("code", ["", "XKX", "WSA", "nzl", "NZ", "NZLL", "D<<", "UT0", "GER"])
def test_any_other_text_is_no_issuer_and_is_not_repeated(code: str) -> None:
    """ATTACKS I09."""
    with pytest.raises(InvalidDocument) as refused:
        issuer(code)
    assert refused.value.code == "STATE_UNKNOWN"
    assert code not in refused.value.message.replace(":", " ").split(" ") or not code


def test_germany_has_one_code_and_one_alias() -> None:
    """ATTACKS I09: D vs DEU."""
    assert issuer("D") is issuer("DEU")
    assert issuer("DEU").code == "D"
    assert issues("D")
    assert not issues("DEU")


def test_an_issuer_says_what_stands_behind_it() -> None:
    kinds = {code: issuer(code).kind for code in ("NZL", "UNO", "UTO", "GBD", "XOM")}
    assert kinds == {
        "NZL": IssuerKind.STATE,
        "UNO": IssuerKind.ORGANISATION,
        "UTO": IssuerKind.SPECIMEN,
        "GBD": IssuerKind.STATE,
        "XOM": IssuerKind.ORGANISATION,
    }


def test_apecs_twenty_one_economies_have_apecs_names() -> None:
    assert len(APEC_ECONOMIES) == 21
    assert set(APEC_ECONOMIES) <= set(ISSUERS)
    assert economy_name("TWN") == "Chinese Taipei"
    assert economy_name("HKG") == "Hong Kong, China"
    assert economy_name("VNM") == "Viet Nam"
    assert economy_name("PHL") == "The Philippines"


@pytest.mark.parametrize(("code", "name"), [("FRA", "France"), ("DEU", "Germany"), ("D", "Germany"), ("QQQ", "QQQ")])
def test_a_name_is_for_display_and_never_fails(code: str, name: str) -> None:
    assert economy_name(code) == name


def test_every_code_has_a_name_of_its_own() -> None:
    named = {code: economy_name(code) for code in NATIONALITIES}
    assert all(name and name != code for code, name in named.items())
    assert len(set(named.values())) == len(named)


def test_withdrawn_codes_are_none_that_is_in_use() -> None:
    assert not set(economies._table(icao_codes.WITHDRAWN)) & (set(NATIONALITIES) | ISO)
