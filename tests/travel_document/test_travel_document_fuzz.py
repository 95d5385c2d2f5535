"""Files of a travel document come from outside: any bytes are read or refused, soon and in little memory."""

import contextlib
import tracemalloc

from hypothesis import given, settings
from hypothesis import strategies as st
from travel_document_setting import groups, picture

from drivers.travel_document import ciphers, data_groups, pace, tlv
from drivers.travel_document.secure_messaging import SecureMessaging, SecureMessagingError
from drivers.travel_document.tlv import InvalidDataError

READERS = (data_groups.zone, data_groups.portrait, data_groups.signed_data, pace.offers, tlv.read_all)
GOOD = (*groups().values(), bytes.fromhex("31143012060A04007F0007020204020202010202010D"))


def read_or_refuse(data):
    for reader in READERS:
        with contextlib.suppress(InvalidDataError):
            assert reader(data) is not None


@given(st.binary(max_size=400))
def test_any_bytes(data):
    read_or_refuse(data)


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(GOOD), st.data())
def test_good_files_with_anything_put_into_them(good, data):
    changed = bytearray(good)
    for _ in range(data.draw(st.integers(1, 4))):
        # Most structure is at the front.
        start = data.draw(st.integers(0, min(len(changed), 120) - 1) if changed else st.just(0))
        length = data.draw(st.integers(0, 8))
        changed[start : start + length] = data.draw(st.binary(max_size=8))
    read_or_refuse(bytes(changed))


@given(st.integers(0, 0xFFFFFF), st.binary(max_size=600))
def test_items_are_read_back(tag, value):
    tag = 0x5F00 | (tag & 0x7F)
    item = tlv.read(tlv.encode(tag, value))
    assert (item.tag, item.value, item.end) == (tag, value, len(tlv.encode(tag, value)))


@given(
    st.sampled_from([ciphers.TRIPLE_DES, ciphers.AES_128, ciphers.AES_192, ciphers.AES_256]), st.binary(max_size=300)
)
def test_any_bytes_are_no_protected_answer(suite, data):
    session = SecureMessaging(suite, bytes(range(suite.key_length)), bytes(range(suite.key_length)), 0)
    try:
        session.open(data)
    except SecureMessagingError:
        return
    raise AssertionError("bytes without the key were believed")


@given(st.sampled_from([ciphers.TRIPLE_DES, ciphers.AES_256]), st.binary(max_size=100))
def test_padding_comes_off_again(suite, data):
    padded = ciphers.pad(data, suite.block)
    assert len(padded) % suite.block == 0
    assert ciphers.unpad(padded) == data


def test_lengths_that_lie_take_no_memory():
    face = groups()[2]
    place = face.index(b"FAC\x00")
    tracemalloc.start()
    for lie in (b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\x00\x00\x00\x00"):
        for offset in (8, 14):
            read_or_refuse(face[: place + offset] + lie + face[place + offset + 4 :])
    read_or_refuse(b"\x75\x84\xff\xff\xff\xff" + picture())
    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()
