"""Pickles of plain values and of arrays of bytes, read without running what they say. Standard library only.

A pickle is a program: loading one calls whatever it names, and takes what memory and time it asks for. Here it may use
no instructions but those for dicts with text as keys, lists, tuples, text, bytes and numbers, a limited number of
times, and name nothing but what NumPy's arrays are made of. These names stand for the classes below, which only keep
what they are given. The unpickler is the one written in Python: that in C sets aside memory for any place in its memo.
"""

import io
import pickle  # nosec B403 # what follows takes its instructions away

MOST_INSTRUCTIONS = 200_000  # a batch of CIFAR-10, with 10,000 labels and file names, takes a fifth of them
_ALLOWED = (
    *(pickle.PROTO, pickle.FRAME, pickle.STOP, pickle.MARK, pickle.POP),
    *(pickle.NONE, pickle.NEWTRUE, pickle.NEWFALSE),
    *(pickle.INT, pickle.BININT, pickle.BININT1, pickle.BININT2, pickle.LONG, pickle.LONG1, pickle.LONG4),
    *(pickle.FLOAT, pickle.BINFLOAT),
    *(pickle.STRING, pickle.BINSTRING, pickle.SHORT_BINSTRING),
    *(pickle.BINBYTES, pickle.SHORT_BINBYTES, pickle.BINBYTES8, pickle.BYTEARRAY8),
    *(pickle.UNICODE, pickle.BINUNICODE, pickle.SHORT_BINUNICODE, pickle.BINUNICODE8),
    *(pickle.EMPTY_LIST, pickle.LIST, pickle.APPEND, pickle.APPENDS),
    *(pickle.EMPTY_DICT, pickle.DICT, pickle.SETITEM, pickle.SETITEMS),
    *(pickle.EMPTY_TUPLE, pickle.TUPLE, pickle.TUPLE1, pickle.TUPLE2, pickle.TUPLE3),
    *(pickle.PUT, pickle.BINPUT, pickle.LONG_BINPUT, pickle.MEMOIZE),
    *(pickle.GET, pickle.BINGET, pickle.LONG_BINGET),
    *(pickle.GLOBAL, pickle.STACK_GLOBAL, pickle.REDUCE, pickle.BUILD),
)


class ForeignNameError(Exception):
    """A pickle names something that is not allowed."""


def unpickle(data: bytes) -> object:
    """Read plain values and `Array`s; text of Python 2 is taken as Latin-1.

    Raises:
        ForeignNameError: the pickle wants to run something.
        Exception: whatever a damaged pickle's bytes happen to ask for.
    """
    return _Unpickler(io.BytesIO(data), encoding="latin1").load()


# --- what stands for NumPy's ------------------------------------------------------------------------------------------


class Part:
    """Something that a pickle makes: it takes arguments, then a state, and does nothing with them."""

    def __init__(self, *arguments: object) -> None:
        """Keep the arguments."""
        self.arguments = arguments

    def set_state(self, state: object) -> None:
        """Let the state be."""


class Text(Part):
    """Stands for _codecs.encode(text, "latin1"), which is how old protocols write bytes."""


class Array(Part):
    """Stands for numpy.ndarray and for what makes one: its state is (version, shape, type, by columns, bytes)."""

    is_plain = False  # uint8, row by row
    shape: object = ()
    raw: object = b""

    def set_state(self, state: object) -> None:
        """Keep shape and bytes, without a copy."""
        _, self.shape, kind, by_columns, self.raw = state
        # no set of these two: a hash goes through tuples in tuples, which takes without an end
        is_bytes = isinstance(kind, Part) and kind.arguments[:1] in (("u1",), ("uint8",))
        self.is_plain = is_bytes and by_columns in (False, 0)

    def content(self) -> bytes:
        """Give the bytes; TypeError or ValueError where there are none."""
        raw = self.raw.arguments[0] if isinstance(self.raw, Text) else self.raw
        if isinstance(raw, str):
            return raw.encode("latin1")
        if not isinstance(raw, bytes):
            raise TypeError("an array without bytes")
        return raw


class Buffer(Array):
    """Stands for numpy's _frombuffer(bytes, type, shape, order), which pickles of protocol 5 call."""

    def __init__(self, raw: object, kind: object, shape: object, order: object) -> None:
        """Take what else is a state."""
        super().__init__()
        self.set_state((1, shape, kind, order != "C", raw))


KNOWN = {
    ("numpy.core.multiarray", "_reconstruct"): Array,
    ("numpy.core.numeric", "_frombuffer"): Buffer,
    ("numpy", "ndarray"): Array,
    ("numpy", "dtype"): Part,
    ("_codecs", "encode"): Text,
}


# --- the unpickler ----------------------------------------------------------------------------------------------------


class _Instructions(dict):
    """What an unpickler may do, a limited number of times."""

    left = MOST_INSTRUCTIONS

    def __getitem__(self, code: int) -> object:
        self.left -= 1
        if self.left < 0:
            raise pickle.UnpicklingError("more instructions than a batch of images takes")
        return super().__getitem__(code)

    def __missing__(self, code: int) -> object:
        raise pickle.UnpicklingError(f"instruction {bytes([code])!r}")


class _Unpickler(pickle._Unpickler):
    """Python's unpickler with some instructions taken away and some made strict."""

    def __init__(self, file: io.BytesIO, *, encoding: str) -> None:
        super().__init__(file, encoding=encoding)
        own = {pickle.DICT: self._dict, pickle.SETITEM: self._set_item, pickle.SETITEMS: self._set_items}
        own |= {pickle.REDUCE: self._reduce, pickle.BUILD: self._build, pickle.BYTEARRAY8: self._bytes}
        known = {code[0]: pickle._Unpickler.dispatch[code[0]] for code in _ALLOWED}
        self.dispatch = _Instructions(known | {code[0]: lambda _, do=do: do() for code, do in own.items()})

    def find_class(self, module: str, name: str) -> type[Part]:
        """Look up what a pickle names."""
        found = KNOWN.get((module.replace("numpy._core", "numpy.core"), name))
        if found is None:
            raise ForeignNameError(f"{module}.{name}")
        return found

    def _dict(self) -> None:
        items = self.pop_mark()
        self.append({})
        self._put(items)

    def _set_item(self) -> None:
        value, key = self.stack.pop(), self.stack.pop()
        self._put([key, value])

    def _set_items(self) -> None:
        self._put(self.pop_mark())

    def _put(self, items: list) -> None:
        """Put keys and values into a dict; text as a key has a hash that cannot be made slow."""
        target, keys = self.stack[-1], items[::2]
        if type(target) is not dict or not all(type(key) is str for key in keys):
            raise pickle.UnpicklingError("a dict whose keys are no text")
        target.update(zip(keys, items[1::2], strict=True))

    def _reduce(self) -> None:
        """Make a part."""
        arguments, kind = self.stack.pop(), self.stack.pop()
        if not (isinstance(kind, type) and issubclass(kind, Part) and type(arguments) is tuple):
            raise pickle.UnpicklingError("a call of what is no part of an array")
        self.append(kind(*arguments))

    def _build(self) -> None:
        """Give a part its state; nothing else takes one."""
        state, part = self.stack.pop(), self.stack[-1]
        if not isinstance(part, Part):
            raise pickle.UnpicklingError("a state for what is no part of an array")
        part.set_state(state)

    def _bytes(self) -> None:
        """Read a byte array as bytes; Python sets aside as many as it claims to have."""
        self.append(self.read(int.from_bytes(self.read(8), "little")))
