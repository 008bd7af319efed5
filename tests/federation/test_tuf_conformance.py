"""The cases of tuf-conformance, by the names they have there: those of root keys are run, each other one is placed.

A charter does here what TUF's root does: it says whose signatures count, and is changed by those before and those after.
A federation of one member is such a root. Where a case is about TUF's other roles, the table says which test shows the
same of entries, revocation lists and the trust store, or why there is no such thing to go wrong.

Source: https://github.com/theupdateframework/tuf-conformance, ``tuf_conformance/``, with its names of tests and cases.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from federation.charter import Charter, read
from federation.errors import BadDocument
from federation.signed import SignedDocument
from federation.status import DocumentCode
from federation.succession import Succession, start
from tests.architecture.threats import exists
from tests.charters import member, proposal, signed

ROOT = Path(__file__).parents[2]

# Each version as keys/threshold<signatures; a version with a "!" is refused.
ROOT_ROTATION = {
    "1-of-1-key-rotation": "1/1<1  2/1<21  2/1<2",
    "1-of-1-key-rotation-unused-signatures": "1/1<314  2/1<3214  2/1<324",
    "3-of-5-sign-with-different-keycombos": "01234/3<024  01234/3<041  01234/3<013  01234/3<013",
    "3-of-5-one-key-rotated": "01234/3<024  01345/3<041",
    "3-of-5-one-key-rotated-with-intermediate-step": "01234/3<024  01345/3<0245  01345/3<045",
    "3-of-5-all-keys-rotated-with-intermediate-step": "01234/3<024  56789/3<024567  56789/3<567",
    "1-of-3-threshold-increase-to-2-of-3": "123/1<1  123/2<12",
    "2-of-3-threshold-decrease-to-1-of-3": "123/2<12  123/1<12  123/1<1",
    "1-of-2-threshold-increase-to-2-of-2": "1/1<1  12/2<12",
    "1-of-1-key-rotation-fail-not-signed-with-old-key": "1/1<1  2/1<234!",
    "1-of-1-key-rotation-fail-not-signed-with-new-key": "1/1<1  2/1<134!",
    "3-of-5-one-key-rotate-fails-not-signed-with-3-new-keys": "01234/3<024  01345/3<024!",
    "3-of-5-one-key-rotate-fails-not-signed-with-3-old-keys": "01234/3<024  01345/3<045!",
    "1-of-3-threshold-bump-to-2-of-3-fails-new-threshold-not-reached": "123/1<1  123/2<2!",
    "2-of-3-threshold-decr-to-1-of-3-fails-old-threshold-not-eached": "123/2<12  123/1<1!",
}


def version(text: str, before: list[Charter]) -> SignedDocument:
    """A charter of New Zealand alone, with the keys and signatures that ``text`` gives."""
    found = re.fullmatch(r"(\d+)/(\d)<(\d+)!?", text)
    assert found is not None
    keys, needed, signatures = found.groups()
    only = member("NZL", *(f"NZL {key}" for key in keys), needed=int(needed))
    return signed(proposal(before, [only]), *(f"NZL {key}" for key in signatures))


@pytest.mark.parametrize("versions", ROOT_ROTATION.values(), ids=ROOT_ROTATION)
def test_root_rotation(versions: str) -> None:
    """E14, E03: each version by as many keys as the one before and its own ask for, whatever other keys signed too."""
    succession: Succession | None = None
    for text in versions.split():
        document = version(text, [] if succession is None else list(succession.tips))
        if succession is None:
            succession = start(document, document.digest)
        elif text.endswith("!"):
            with pytest.raises(BadDocument) as refused:
                succession.take(document)
            assert refused.value.code is DocumentCode.TOO_FEW_VOTES
        else:
            succession = succession.take(document)
            assert succession.tips == (read(document),)


CHARTER = "tests/federation/test_charter.py::"
VOTES = "tests/federation/test_charter_votes.py::"
SUCCESSION = "tests/federation/test_succession.py::"
ENTRY = "tests/federation/test_entry.py::"
CRL = "tests/certs/test_crl_newer.py::"
STORE = "tests/node/test_trust_store.py::"

SHOWN = {
    "test_basic_init_and_refresh": f"{STORE}TestTaking::test_all_that_is_published_is_held_and_read_again_by_another_process",
    "test_invalid_initial_root": f"{STORE}TestTaking::test_another_charter_than_the_pinned_one_is_not_begun_with",
    "test_unsigned_initial_root": f"{VOTES}TestAnchor::test_of_version_1_has_the_signatures_of_all_its_members",
    "test_timestamp_content_changes": f"{VOTES}TestChain::test_an_equal_version_of_other_content_is_a_fork",
    "test_timestamp_eq_versions_check": f"{CRL}TestNewer::test_the_same_number_with_other_content_is_a_conflict",
    # The other way round: what a reader does not know makes it a document of another version, which it refuses.
    "test_custom_fields": f"{CHARTER}TestForm::test_octets_that_say_the_same_in_another_way_are_refused",
    "test_simple_snapshot_rollback": f"{ENTRY}TestNewer::test_only_a_greater_number_takes_the_place",
    "test_new_timestamp_version_rollback": f"{CRL}TestNewer::test_an_older_one_is_refused",
    "test_snapshot_rollback": (
        f"{STORE}TestNeverBack::test_older_documents_are_refused_and_two_of_a_number_kept_as_evidence"
    ),
    "test_targets_rollback": (
        f"{STORE}TestNeverBack::test_what_was_deleted_counts_as_missing_and_nothing_older_takes_its_place"
    ),
    "test_new_targets_fast_forward_recovery": (
        f"{STORE}TestWhenTheCharterChanges::test_new_root_keys_set_the_entry_aside_and_begin_a_new_count"
    ),
    "test_new_snapshot_fast_forward_recovery": (
        f"{STORE}TestWhenTheCharterChanges::test_a_ca_that_leaves_the_entry_takes_its_list_and_notices_along"
    ),
    "test_new_timestamp_fast_forward_recovery": (
        f"{STORE}TestNotices::test_a_revoked_leaf_takes_its_notice_along_and_the_count_begins_anew"
    ),
    # The other way round: of all documents only revocation lists end by the clock.
    "test_root_expired": f"{VOTES}TestChain::test_when_it_was_proposed_does_not_matter_once_it_has_its_votes",
    "test_timestamp_expired": f"{CRL}TestCurrent::test_it_holds_to_the_second_at_its_end",
    "test_snapshot_expired": f"{ENTRY}TestCas::test_time_makes_no_entry_untrue",
    "test_expired_metadata": f"{CRL}TestNewer::test_a_stale_one_may_be_held_when_it_is_newer",
    "test_root_has_keys_but_not_snapshot": f"{ENTRY}TestReading::test_enough_of_its_own_root_keys_sign",
    "test_snapshot_threshold": f"{CHARTER}test_a_charter_that_does_not_hold_together_is_refused",
    "test_duplicate_keys_root": f"{CHARTER}test_a_key_that_two_members_list_refuses_the_charter",
    "test_unusual_role_name": f"{CHARTER}TestNames::test_of_a_member",
    "test_root_rotation": "tests/federation/test_tuf_conformance.py::test_root_rotation",
    "test_non_root_rotations": f"{ENTRY}TestReading::test_enough_of_its_own_root_keys_sign",
    "test_graph_traversal[cyclic-graph]": (
        f"{SUCCESSION}TestEnding::test_one_that_follows_a_charter_and_one_before_that_is_refused"
    ),
}
"""Case to the test that shows the same here."""

NOT_HERE = {
    "test_new_targets_hash_mismatch": "no document names another's digest but a charter its own predecessors",
    "test_new_targets_version_mismatch": "no list of versions stands beside the documents: each is judged by itself",
    "test_new_snapshot_version_mismatch": "as the one before",
    "test_implicit_refresh": "taking documents in is no part of a lookup",
    "test_wrong_hashing_algorithm": "a key has one algorithm and one encoding, and nothing says so beside it",
    "test_targets_expired": "an entry has no end: the member's revocation lists have",
    "test_graph_traversal": "nobody delegates: a member's root keys sign its entry, and its CAs its leaves",
    "test_targetfile_search": "nobody delegates; routes are a table of their own (tests/federation/test_routes.py)",
    "test_client_downloads_expected_file": "there are no artifacts, only the documents themselves",
    "test_client_downloads_expected_file_in_sub_dir": "there are no artifacts",
    "test_repository_substitutes_target_file": "there are no artifacts",
    "test_multiple_changes_to_target": "there are no artifacts",
    "test_static_repo": "repositories of other makers, in TUF's format",
}
"""Case to why it cannot be had here."""


@pytest.mark.parametrize("case", SHOWN)
def test_a_case_that_can_be_had_here_is_shown_by_a_test(case: str) -> None:
    """E14."""
    assert exists(ROOT, SHOWN[case])


def test_no_case_is_both_shown_and_out_of_place() -> None:
    assert not SHOWN.keys() & NOT_HERE.keys()
