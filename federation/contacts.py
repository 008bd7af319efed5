"""Duty desks: what a contact must hold before it is shown to somebody who has to telephone (docs/spec/9-trust.md)."""

from __future__ import annotations

import re
from typing import Final

from federation.errors import BadDocument
from federation.plain_text import require_form, require_plain
from federation.status import DocumentCode
from federation.trust_statements import Contact

_TELEPHONE: Final = re.compile(r"\+[0-9](?:[ ().-]{0,2}[0-9]){4,24}(?: ext\.? [0-9]{1,8})?")
_EMAIL: Final = re.compile(r"[!-?A-~]+@[A-Za-z0-9.-]+")
_DAY: Final = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
_CLOCK: Final = "(?:[01][0-9]|2[0-3]):[0-5][0-9]"
_SPAN: Final = f"{_DAY}(?:-{_DAY})? {_CLOCK}-(?:{_CLOCK}|24:00)"
_HOURS: Final = re.compile(f"24/7|{_SPAN}(?:, {_SPAN}){{0,6}}")
_TIME_ZONE: Final = re.compile(r"[A-Z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+){0,2}")
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,4}")


def require_contact(contact: Contact) -> Contact:
    """The contact itself, when every field can be shown, dialled or read; ``email`` and ``deputy`` may be empty.

    Raises BadDocument: INVALID_NAME for a field out of its form, MALFORMED when no language is named.
    """
    require_plain(contact.desk, "desk of a contact")
    require_form(contact.telephone, "telephone of a contact", _TELEPHONE, "+64 4 555 0100")
    if contact.email:
        require_form(contact.email, "email of a contact", _EMAIL, "desk@border.example.nz")
    require_form(contact.hours, "hours of a contact", _HOURS, "24/7 or Mon-Fri 08:00-18:00")
    require_form(contact.time_zone, "time zone of a contact", _TIME_ZONE, "Pacific/Auckland")
    if not contact.languages:
        message = "A contact names no language it is answered in; give one, such as en."
        raise BadDocument(DocumentCode.MALFORMED, message)
    for language in contact.languages:
        require_form(language, "language of a contact", _LANGUAGE, "en or zh-Hant")
    if contact.deputy:
        require_plain(contact.deputy, "deputy of a contact")
    return contact
