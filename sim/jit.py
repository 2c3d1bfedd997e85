"""Numba, with a cache on disk that knows when the model's own code has changed.

Numba's cache looks at one file at a time and would keep an engine that had inlined yesterday's rules.
So the cache folder is named after the contents of every file in this room.
"""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import numba
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

ROOM = Path(__file__).parent


def code_digest() -> str:
    """A short name for the state of the code in this room."""
    digest = hashlib.blake2b(digest_size=8)
    for source in sorted(ROOM.glob("*.py")):
        digest.update(source.name.encode())
        digest.update(source.read_bytes())
    return digest.hexdigest()


def cache_folder() -> Path:
    """Where compiled code is kept: BACKPATH_CACHE, or the user's cache folder, or a temporary one."""
    home = os.environ.get("BACKPATH_CACHE")
    if home:
        root = Path(home)
    elif sys.platform == "win32":
        root = Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local")) / "backpath"
    elif sys.platform == "darwin":
        root = Path.home() / "Library" / "Caches" / "backpath"
    else:
        root = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "backpath"
    folder = root / f"compiled-{code_digest()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        folder = Path(tempfile.gettempdir()) / f"backpath-compiled-{code_digest()}"
        folder.mkdir(parents=True, exist_ok=True)
    return folder


numba.config.CACHE_DIR = str(cache_folder())

scalar = njit(cache=True, forceinline=True, _nrt=False, error_model="numpy")
"""For the small functions that both engines call: rules, health, draws."""

hot = njit(cache=True, nogil=True, _nrt=False, error_model="numpy")
"""For the engine's loops. They cannot allocate: without Numba's run-time no array is counted, copied or made."""

loop = njit(cache=True, nogil=True, error_model="numpy")
"""For loops over many patients or events that may make arrays; they let other threads run."""


@intrinsic
def prefetch(typing_context: Any, array: Any, row: Any, offset: Any) -> Any:
    """Asks the processor to bring in `array[row]`, from `offset` bytes into it, before it is needed."""
    signature = types.void(array, row, offset)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        made = context.make_array(signature.args[0])(context, builder, arguments[0])
        strides = cgutils.unpack_tuple(builder, made.strides)
        as_int = lambda value, kind: context.cast(builder, value, kind, types.intp)  # noqa: E731
        distance = builder.add(
            builder.mul(as_int(arguments[1], signature.args[1]), strides[0]), as_int(arguments[2], signature.args[2])
        )
        byte = ir.IntType(8).as_pointer()
        address = builder.gep(builder.bitcast(made.data, byte), [distance])
        kind = ir.FunctionType(ir.VoidType(), [byte, ir.IntType(32), ir.IntType(32), ir.IntType(32)])
        function = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        one, three = ir.Constant(ir.IntType(32), 1), ir.Constant(ir.IntType(32), 3)
        builder.call(function, [address, one, three, one])
        return context.get_dummy_value()

    return signature, generate
