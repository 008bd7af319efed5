"""The code table of ICAO Doc 9303 part 3, section 5, as data: one code a line, then its name.

Part A is ISO 3166-1 alpha-3, all 249 codes, ``DEU`` among them only so that the count can be checked: the machine
readable zone says ``D``. The names are ISO's short names; those of APEC's members are APEC's own, because this
project speaks of economies. Nothing is computed here: `federation.economies` reads it.
"""

from __future__ import annotations

ISO_3166_1 = """\
ABW Aruba
AFG Afghanistan
AGO Angola
AIA Anguilla
ALA Åland Islands
ALB Albania
AND Andorra
ARE United Arab Emirates
ARG Argentina
ARM Armenia
ASM American Samoa
ATA Antarctica
ATF French Southern Territories
ATG Antigua and Barbuda
AUS Australia
AUT Austria
AZE Azerbaijan
BDI Burundi
BEL Belgium
BEN Benin
BES Bonaire, Sint Eustatius and Saba
BFA Burkina Faso
BGD Bangladesh
BGR Bulgaria
BHR Bahrain
BHS Bahamas
BIH Bosnia and Herzegovina
BLM Saint Barthélemy
BLR Belarus
BLZ Belize
BMU Bermuda
BOL Bolivia
BRA Brazil
BRB Barbados
BRN Brunei Darussalam
BTN Bhutan
BVT Bouvet Island
BWA Botswana
CAF Central African Republic
CAN Canada
CCK Cocos (Keeling) Islands
CHE Switzerland
CHL Chile
CHN China
CIV Côte d'Ivoire
CMR Cameroon
COD Democratic Republic of the Congo
COG Congo
COK Cook Islands
COL Colombia
COM Comoros
CPV Cabo Verde
CRI Costa Rica
CUB Cuba
CUW Curaçao
CXR Christmas Island
CYM Cayman Islands
CYP Cyprus
CZE Czechia
DEU Germany
DJI Djibouti
DMA Dominica
DNK Denmark
DOM Dominican Republic
DZA Algeria
ECU Ecuador
EGY Egypt
ERI Eritrea
ESH Western Sahara
ESP Spain
EST Estonia
ETH Ethiopia
FIN Finland
FJI Fiji
FLK Falkland Islands (Malvinas)
FRA France
FRO Faroe Islands
FSM Federated States of Micronesia
GAB Gabon
GBR United Kingdom
GEO Georgia
GGY Guernsey
GHA Ghana
GIB Gibraltar
GIN Guinea
GLP Guadeloupe
GMB Gambia
GNB Guinea-Bissau
GNQ Equatorial Guinea
GRC Greece
GRD Grenada
GRL Greenland
GTM Guatemala
GUF French Guiana
GUM Guam
GUY Guyana
HKG Hong Kong, China
HMD Heard Island and McDonald Islands
HND Honduras
HRV Croatia
HTI Haiti
HUN Hungary
IDN Indonesia
IMN Isle of Man
IND India
IOT British Indian Ocean Territory
IRL Ireland
IRN Iran
IRQ Iraq
ISL Iceland
ISR Israel
ITA Italy
JAM Jamaica
JEY Jersey
JOR Jordan
JPN Japan
KAZ Kazakhstan
KEN Kenya
KGZ Kyrgyzstan
KHM Cambodia
KIR Kiribati
KNA Saint Kitts and Nevis
KOR Republic of Korea
KWT Kuwait
LAO Lao People's Democratic Republic
LBN Lebanon
LBR Liberia
LBY Libya
LCA Saint Lucia
LIE Liechtenstein
LKA Sri Lanka
LSO Lesotho
LTU Lithuania
LUX Luxembourg
LVA Latvia
MAC Macao, China
MAF Saint Martin (French part)
MAR Morocco
MCO Monaco
MDA Republic of Moldova
MDG Madagascar
MDV Maldives
MEX Mexico
MHL Marshall Islands
MKD North Macedonia
MLI Mali
MLT Malta
MMR Myanmar
MNE Montenegro
MNG Mongolia
MNP Northern Mariana Islands
MOZ Mozambique
MRT Mauritania
MSR Montserrat
MTQ Martinique
MUS Mauritius
MWI Malawi
MYS Malaysia
MYT Mayotte
NAM Namibia
NCL New Caledonia
NER Niger
NFK Norfolk Island
NGA Nigeria
NIC Nicaragua
NIU Niue
NLD Netherlands
NOR Norway
NPL Nepal
NRU Nauru
NZL New Zealand
OMN Oman
PAK Pakistan
PAN Panama
PCN Pitcairn
PER Peru
PHL Philippines
PLW Palau
PNG Papua New Guinea
POL Poland
PRI Puerto Rico
PRK Democratic People's Republic of Korea
PRT Portugal
PRY Paraguay
PSE State of Palestine
PYF French Polynesia
QAT Qatar
REU Réunion
ROU Romania
RUS Russian Federation
RWA Rwanda
SAU Saudi Arabia
SDN Sudan
SEN Senegal
SGP Singapore
SGS South Georgia and the South Sandwich Islands
SHN Saint Helena, Ascension and Tristan da Cunha
SJM Svalbard and Jan Mayen
SLB Solomon Islands
SLE Sierra Leone
SLV El Salvador
SMR San Marino
SOM Somalia
SPM Saint Pierre and Miquelon
SRB Serbia
SSD South Sudan
STP Sao Tome and Principe
SUR Suriname
SVK Slovakia
SVN Slovenia
SWE Sweden
SWZ Eswatini
SXM Sint Maarten (Dutch part)
SYC Seychelles
SYR Syrian Arab Republic
TCA Turks and Caicos Islands
TCD Chad
TGO Togo
THA Thailand
TJK Tajikistan
TKL Tokelau
TKM Turkmenistan
TLS Timor-Leste
TON Tonga
TTO Trinidad and Tobago
TUN Tunisia
TUR Türkiye
TUV Tuvalu
TWN Chinese Taipei
TZA United Republic of Tanzania
UGA Uganda
UKR Ukraine
UMI United States Minor Outlying Islands
URY Uruguay
USA United States
UZB Uzbekistan
VAT Holy See
VCT Saint Vincent and the Grenadines
VEN Venezuela
VGB British Virgin Islands
VIR United States Virgin Islands
VNM Viet Nam
VUT Vanuatu
WLF Wallis and Futuna
WSM Samoa
YEM Yemen
ZAF South Africa
ZMB Zambia
ZWE Zimbabwe
"""

# Germany's passports say D; GB* are the five British statuses that are not citizenship, printed as issuer too on some
# documents; RKS and XXK both stand on documents of Kosovo.
STATES_OUTSIDE_ISO = """\
D Germany
GBD British overseas territories citizen
GBN British National (Overseas)
GBO British Overseas citizen
GBP British protected person
GBS British subject
RKS Kosovo
XXK Kosovo (resident)
"""

ORGANISATIONS = """\
EUE European Union
UNA Specialized agency of the United Nations
UNK United Nations Interim Administration Mission in Kosovo
UNO United Nations
XBA African Development Bank
XCC Caribbean Community
XCE Council of Europe
XCO Common Market for Eastern and Southern Africa
XDC Southern African Development Community
XEC Economic Community of West African States
XES Organization of Eastern Caribbean States
XIM African Export-Import Bank
XMP Parliamentary Assembly of the Mediterranean
XOM Sovereign Military Order of Malta
XPO INTERPOL
"""

SPECIMEN = """\
UTO Utopia (specimen)
"""

# What a traveller may be, and no one who issues: a refugee's book has an issuer and one of these as nationality.
NATIONALITIES_ONLY = """\
XXA Stateless person (1954 Convention)
XXB Refugee (1951 Convention, 1967 Protocol)
XXC Refugee (other)
XXX Unspecified nationality
"""

# Withdrawn from ISO 3166-1 (ISO 3166-3). Known by name only so that the refusal can say so.
WITHDRAWN = """\
AFI French Afars and Issas
ANT Netherlands Antilles
ATB British Antarctic Territory
ATN Dronning Maud Land
BUR Burma
BYS Byelorussian SSR
CSK Czechoslovakia
CTE Canton and Enderbury Islands
DDR German Democratic Republic
DHY Dahomey
FXX France, Metropolitan
GEL Gilbert and Ellice Islands
HVO Upper Volta
JTN Johnston Island
MID Midway Islands
NHB New Hebrides
NTZ Neutral Zone
PCI Pacific Islands (Trust Territory)
PCZ Panama Canal Zone
PUS United States Miscellaneous Pacific Islands
RHO Southern Rhodesia
ROM Romania (until 2002)
SCG Serbia and Montenegro
SKM Sikkim
SUN USSR
TMP East Timor
VDR Viet Nam, Democratic Republic of
WAK Wake Island
YMD Yemen, Democratic
YUG Yugoslavia
ZAR Zaire
"""
