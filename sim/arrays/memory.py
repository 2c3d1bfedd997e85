"""How compiled code finds its arrays: by address, through one record.

The engine works on some thirty arrays. Handed over one by one they are hundreds of words for each call, all counted
for references; as addresses in a single record they are one. `records` and `numbers` make the functions that look
up the i-th element of an array named in such a record. They exist in compiled code only; Python uses the arrays.

Nothing is checked here: an index outside an array is an error of the engine, which its tests must find.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir
from numba import from_dtype, types
from numba.extending import intrinsic

_in_compiled_code: Any = intrinsic  # untyped on purpose: inside compiled code the first parameter is not given
_WORD = ir.IntType(64)
_BYTE = ir.IntType(8)


def place(memory: np.ndarray, arrays: NamedTuple) -> None:
    """Writes the addresses of the arrays into the fields of `memory` that bear their names; shape (1,).

    The arrays must be kept alive for as long as the record is used.
    """
    for name, array in arrays._asdict().items():
        if name in (memory.dtype.names or ()):
            if not array.flags.c_contiguous:
                raise ValueError(f"the array '{name}' is not contiguous")
            memory[0][name] = array.ctypes.data


def _base(builder: Any, world: Any, pointer: Any, field: str) -> Any:
    """The address that stands in a field of the record."""
    at = builder.gep(builder.bitcast(pointer, _BYTE.as_pointer()), [ir.Constant(_WORD, world.fields[field].offset)])
    return builder.load(builder.bitcast(at, _WORD.as_pointer()))


def _element(builder: Any, base: Any, i: Any, size: int) -> Any:
    return builder.add(base, builder.mul(i, ir.Constant(_WORD, size)))


def records(field: str, dtype: np.dtype) -> Any:
    """A function (world, i) to the i-th record of an array of records; changing its fields changes the array."""
    kind = from_dtype(dtype)

    @_in_compiled_code
    def record_at(typing_context: Any, world: Any, i: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            base = _base(builder, signature.args[0], arguments[0], field)
            return builder.inttoptr(_element(builder, base, arguments[1], dtype.itemsize), context.get_value_type(kind))

        return kind(world, types.int64), generate

    return record_at


def numbers(field: str, dtype: str) -> tuple[Any, Any]:
    """Two functions for an array of numbers: (world, i) to the i-th, and (world, i, value) to set it."""
    kind = from_dtype(np.dtype(dtype))
    size = np.dtype(dtype).itemsize

    def pointer(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        base = _base(builder, signature.args[0], arguments[0], field)
        return builder.inttoptr(_element(builder, base, arguments[1], size), context.get_data_type(kind).as_pointer())

    @_in_compiled_code
    def number_at(typing_context: Any, world: Any, i: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return context.unpack_value(builder, kind, pointer(context, builder, signature, arguments))

        return kind(world, types.int64), generate

    @_in_compiled_code
    def set_number(typing_context: Any, world: Any, i: Any, value: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            context.pack_value(builder, kind, arguments[2], pointer(context, builder, signature, arguments))
            return context.get_dummy_value()

        return types.void(world, types.int64, kind), generate

    return number_at, set_number


def sums(field: str) -> Any:
    """A function (world, i, value) that adds to the i-th number of an array of int64."""

    @_in_compiled_code
    def add_to(typing_context: Any, world: Any, i: Any, value: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            base = _base(builder, signature.args[0], arguments[0], field)
            at = builder.inttoptr(_element(builder, base, arguments[1], 8), _WORD.as_pointer())
            builder.store(builder.add(builder.load(at), arguments[2]), at)
            return context.get_dummy_value()

        return types.void(world, types.int64, types.int64), generate

    return add_to


@_in_compiled_code
def int32_at(typing_context: Any, address: Any, i: Any) -> Any:
    """The i-th int32 from an address."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        at = builder.inttoptr(_element(builder, arguments[0], arguments[1], 4), ir.IntType(32).as_pointer())
        return builder.load(at)

    return types.int32(types.uint64, types.int64), generate


@_in_compiled_code
def prefetch(typing_context: Any, address: Any) -> Any:
    """Asks the processor to bring in the memory at an address, which will soon be changed."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        pointer = _BYTE.as_pointer()
        number = ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [pointer, number, number, number])
        function = builder.module.globals.get("llvm.prefetch.p0") or ir.Function(
            builder.module, kind, "llvm.prefetch.p0"
        )
        builder.call(
            function,
            [
                builder.inttoptr(arguments[0], pointer),
                ir.Constant(number, 1),
                ir.Constant(number, 3),
                ir.Constant(number, 1),
            ],
        )
        return context.get_dummy_value()

    return types.void(types.uint64), generate
