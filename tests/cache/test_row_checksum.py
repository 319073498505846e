"""The checksum of stored bytes."""

from hypothesis import given
from hypothesis import strategies as st

from harness.cache.entry import value_of
from harness.cache.packing import pack
from harness.cache.row_checksum import FORM, NO_CHECKSUM, is_as_stored, row_checksum
from support.kept import entry

ONE = entry(1, "a reply that is long enough to be packed " * 9)
PLAIN = value_of(*ONE)
PACKED = pack(PLAIN)


@given(st.data())
def test_no_changed_byte_goes_unnoticed(data):
    value = data.draw(st.sampled_from([PLAIN, PACKED]))
    checksum = row_checksum(ONE.key, value)
    assert is_as_stored(ONE.key, value, checksum)
    at = data.draw(st.integers(0, len(value) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda found: found != value[at]))
    assert not is_as_stored(ONE.key, value[:at] + bytes([byte]) + value[at + 1 :], checksum)


@given(st.data())
def test_no_bytes_that_were_cut_off_go_unnoticed(data):
    checksum = row_checksum(ONE.key, PACKED)
    assert not is_as_stored(ONE.key, PACKED[: data.draw(st.integers(0, len(PACKED) - 1))], checksum)


def test_a_value_under_another_key_is_noticed():
    assert not is_as_stored(entry(2).key, PACKED, row_checksum(ONE.key, PACKED))
    assert not is_as_stored(f"{ONE.key}.1", PACKED, row_checksum(ONE.key, PACKED))


def test_nothing_but_the_checksum_of_this_form_is_taken_for_one():
    right = row_checksum(ONE.key, PACKED)
    others = (NO_CHECKSUM, right - FORM, right + FORM, str(right), b"", None, right + 0.5)
    assert not any(is_as_stored(ONE.key, PACKED, one) for one in others)
    assert NO_CHECKSUM < FORM <= right < 2 * FORM


def test_bytes_in_a_form_of_a_later_version_are_not_as_this_one_stored_them():
    value = b"\x02" + PACKED[1:]
    assert not is_as_stored(ONE.key, value, row_checksum(ONE.key, value))


def test_other_types_are_not_what_this_version_stored():
    for key, value in ((ONE.key.encode(), PACKED), (7, PACKED), (None, PACKED), (ONE.key, "text"), (ONE.key, None)):
        assert not is_as_stored(key, value, row_checksum(ONE.key, PACKED))
