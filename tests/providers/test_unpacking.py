from __future__ import annotations

import gzip
import tracemalloc
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.providers.unpacking import LongReplyError, PackingError, Unpacker


def raw_deflate(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(body) + packer.flush()


PACKINGS = {
    "": lambda body: body,
    "identity": lambda body: body,
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "GZIP": gzip.compress,
    "deflate": zlib.compress,
    "gzip, gzip": lambda body: gzip.compress(gzip.compress(body)),
    "deflate,gzip": lambda body: gzip.compress(zlib.compress(body)),
}


def unpacked(encodings: str, packed: bytes, *, limit: int = 2**20, step: int = 7) -> bytes:
    unpacker = Unpacker(encodings, limit)
    pieces = [piece for at in range(0, len(packed), step) for piece in unpacker.feed(packed[at : at + step])]
    unpacker.finish()
    return b"".join(pieces)


@pytest.mark.parametrize("encodings", PACKINGS)
@given(st.binary(max_size=200), st.integers(1, 300))
def test_a_body_comes_back_whatever_pieces_it_arrives_in(encodings: str, body: bytes, step: int):
    assert unpacked(encodings, PACKINGS[encodings](body), step=step) == body


def test_deflate_is_read_without_its_header_and_gzip_with_several_members():
    assert unpacked("deflate", raw_deflate(b"hello" * 99), step=999) == b"hello" * 99
    assert unpacked("gzip", gzip.compress(b"a") + gzip.compress(b"b") + b"\0\0") == b"ab"


@pytest.mark.parametrize("encodings", ["gzip", "deflate", "gzip, gzip", "gzip, gzip, gzip"])
def test_a_small_body_that_unpacks_to_much_is_refused_before_it_is_in_memory(encodings: str):
    packed = b"\0" * 2**26
    for name in encodings.split(", "):
        packed = gzip.compress(packed) if name == "gzip" else zlib.compress(packed)
    tracemalloc.start()
    try:
        with pytest.raises(LongReplyError, match="1,048,576 bytes"):
            unpacked(encodings, packed, step=2**20)
        assert tracemalloc.get_traced_memory()[1] < 2**23
    finally:
        tracemalloc.stop()


def test_a_body_may_be_as_long_as_the_limit():
    assert len(unpacked("", b"x" * 100, limit=100)) == 100
    with pytest.raises(LongReplyError, match="100 bytes"):
        unpacked("", b"x" * 101, limit=100)


@pytest.mark.parametrize(
    ("encodings", "packed", "said"),
    [
        pytest.param("br", b"x", "'br', which was not asked for", id="unknown"),
        pytest.param("gzip,zstd", b"x", "'zstd'", id="unknown behind another"),
        pytest.param("gzip" + ",gzip" * 9, b"x", "packed 10 times", id="too often"),
        pytest.param("gzip", b"no gzip at all", "cannot be unpacked", id="not gzip"),
        pytest.param("deflate", b"no deflate", "cannot be unpacked", id="not deflate"),
        pytest.param("gzip", gzip.compress(b"hello" * 99)[:-9], "ends before", id="cut short"),
    ],
)
def test_what_cannot_be_unpacked_is_refused(encodings: str, packed: bytes, said: str):
    with pytest.raises(PackingError, match=said):
        unpacked(encodings, packed)
