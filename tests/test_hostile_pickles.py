"""The reader of CIFAR-10's pickles: no call, no hang, no memory but what the file's own bytes take."""

import pickle
import pickletools
import resource
import struct
import time
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scenessl.data import pickles
from scenessl.data.batches import _unpickled
from scenessl.data.pickles import Array, ForeignNameError, unpickle
from scenessl.errors import UserError

NDARRAY = b"cnumpy\nndarray\n"


def nested(depth):
    """A tuple of the tuple before, twice: 2^depth tuples to whoever walks through all of them."""
    return b"N" + b"".join(b"q" + bytes([step]) + b"h" + bytes([step]) + b"\x86" for step in range(depth))


def array(kind=b"cnumpy\ndtype\n(X\x02\x00\x00\x00u1tR"):
    return b"\x80\x03" + NDARRAY + b")R(K\x01K\x01\x85" + kind + b"\x89C\x01xtb."


BOMBS = {
    "a place in the memo far away": b"\x80\x02Nr\xff\xff\xff\xff.",
    "a key whose hash takes 2^200 steps": b"\x80\x02}" + nested(200) + b"Ns.",
    "many such keys": b"\x80\x02}(" + nested(200) + b"Nu.",
    "a dict of them at once": b"(" + nested(200) + b"Nd.",
    "a set": b"\x80\x04\x8f(" + nested(200) + b"\x90.",
    "a type whose name has such a hash": array(b"cnumpy\ndtype\n" + nested(200) + b"\x85R"),
    "bytes that claim to be many": b"\x80\x04\x8e" + struct.pack("<Q", 10**12) + b"x.",
    "a byte array that claims so": b"\x80\x05\x96" + struct.pack("<Q", 10**12) + b"x.",
    "text that claims so": b"\x80\x04\x8d" + struct.pack("<Q", 10**12) + b"x.",
    "a frame that claims so": b"\x80\x04\x95" + struct.pack("<Q", 10**12) + b"N.",
    "two million empty lists": b"\x80\x02" + b"]" * 2_000_000 + b".",
    "lists in lists": b"\x80\x02" + b"]" * 90_000 + b"a" * 89_999 + b".",
    "a number of a million digits": b"L" + b"9" * 1_000_000 + b"L\n.",
    "a state for a number": b"\x80\x02K\x01}b.",
    "an array of so many bytes": b"\x80\x02" + NDARRAY + b")R(K\x01K\x01\x85N\x89J\xff\xff\xff\x7ftb.",
    "the same bytes in many arrays": b"\x80\x03(B" + struct.pack("<I", 10**6) + bytes(10**6) + b"q\x00"
    + (NDARRAY + b")R(K\x01NN\x89h\x00tb") * 2_000 + b"l.",
}  # fmt: skip


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_takes_neither_memory_nor_time(name):
    tracemalloc.start()
    begin = time.process_time()
    try:
        with pytest.raises(UserError, match="x is damaged or no file") as caught:
            _unpickled(Path("x"), lambda: BOMBS[name])
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(str(caught.value)) < 400 and "\n" not in str(caught.value)
    assert most < 150_000_000
    assert time.process_time() - begin < 20  # a hang is without an end; tracing alone makes it slow
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < 8_000_000


@pytest.mark.parametrize("code", [code for code in pickletools.opcodes if code.name not in {"STOP", "PROTO"}])
def test_every_instruction_is_allowed_or_refused_and_none_runs_anything(code):
    """After a name that is allowed and a name that is not, in any state of the stack."""
    sign = code.code.encode("latin1")
    for before in (b"", b"(", b"N", b"(K\x01K\x02", NDARRAY, NDARRAY + b")", NDARRAY + b"}", b"]N", b"}VxN"):
        for after in (b".", b"\x01.", b"os\nsystem\n.", b"\x01\x00\x00\x00x.", b"x\n."):
            try:
                found = unpickle(before + sign + after)
            except Exception:  # any refusal is one
                continue
            assert _is_plain(found)


def _is_plain(found):
    if type(found) in (list, tuple):
        return all(map(_is_plain, found))
    if type(found) is dict:
        return all(type(key) is str for key in found) and all(map(_is_plain, found.values()))
    return found is None or type(found) in (str, bytes, int, float, bool, *ALLOWED) or found in ALLOWED


ALLOWED = tuple(set(pickles.KNOWN.values()))


@pytest.mark.parametrize(
    "module", ["os", "builtins", "posix", "scenessl.data.pickles", "numpy", "copyreg", "numpy.core"]
)
def test_no_other_name_is_found(module):
    for name in ("system", "eval", "getattr", "__import__", "_reconstructor", "pickle.os", "ndarray.x", "Part"):
        text = struct.pack("<I", len(module)), struct.pack("<I", len(name))
        stacked = b"\x80\x04X" + text[0] + module.encode() + b"X" + text[1] + name.encode() + b"\x93."
        for data in (f"c{module}\n{name}\n.".encode(), stacked):
            with pytest.raises(ForeignNameError):
                unpickle(data)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner),
    max_leaves=20,
)


@settings(max_examples=200, deadline=None)
@given(VALUES, st.sampled_from([3, 4, 5]))
def test_plain_values_are_read_as_python_reads_them(value, protocol):
    assert unpickle(pickle.dumps(value, protocol=protocol)) == value


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=60), st.integers(0, 400), st.sampled_from([2, 4, 5]))
def test_any_bytes_are_one_message_or_plain(noise, place, protocol):
    whole = pickle.dumps({"data": np.zeros((2, 3), np.uint8), "labels": [1, 2]}, protocol=protocol)
    spoilt = whole[:place] + noise + whole[place + len(noise) :]
    try:
        _unpickled(Path("x"), lambda: spoilt)
    except UserError as error:
        assert "\n" not in str(error) and str(error).isprintable()


def test_arrays_keep_their_bytes_without_a_copy():
    pixels = np.arange(6, dtype=np.uint8).reshape(2, 3)
    for protocol in (2, 3, 4, 5):
        found = unpickle(pickle.dumps(pixels, protocol=protocol))
        assert isinstance(found, Array) and found.is_plain and found.shape == (2, 3)
        assert found.content() == pixels.tobytes()
    assert not unpickle(pickle.dumps(np.zeros((2, 3), np.int8))).is_plain
