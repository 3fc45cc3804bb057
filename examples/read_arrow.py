#!/usr/bin/env python3
"""Read any input as a pyarrow Table with libcupel, by ctypes.

usage: read_arrow.py PATH        (CUPEL_LIBRARY names libcupel.so; default: as the system finds it)
"""
import ctypes
import os
import sys

try:
    import pyarrow
except ImportError:
    print("SKIP pyarrow is not installed")
    sys.exit(77)


class Error(ctypes.Structure):
    _fields_ = [("code", ctypes.c_int), ("exit_status", ctypes.c_int), ("retriable", ctypes.c_bool),
                ("message", ctypes.c_char * 1000)]


OnReject = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_uint64, ctypes.c_char_p, ctypes.c_char_p,
                            ctypes.c_char_p)


class Callbacks(ctypes.Structure):
    _fields_ = [("size", ctypes.c_size_t), ("context", ctypes.c_void_p), ("progress", ctypes.c_void_p),
                ("log", ctypes.c_void_p), ("reject", OnReject)]


class ArrowArrayStream(ctypes.Structure):
    _fields_ = [(name, ctypes.c_void_p)
                for name in ("get_schema", "get_next", "get_last_error", "release", "private_data")]


def load():
    library = ctypes.CDLL(os.environ.get("CUPEL_LIBRARY", "libcupel.so.0"))
    library.cupel_new.restype = ctypes.c_void_p
    library.cupel_new.argtypes = [ctypes.c_void_p, ctypes.POINTER(Error)]
    library.cupel_read.restype = ctypes.c_bool
    library.cupel_read.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.POINTER(ArrowArrayStream),
                                   ctypes.POINTER(Error)]
    library.cupel_free.argtypes = [ctypes.c_void_p]
    return library


def read(path, on_reject):
    """All rows of a file, directory or glob as one table; those that cannot be read are left out, and told to
    on_reject(object, line, column, rule, message), in which column is None for a whole row."""
    def told(_, name, line, *texts):
        on_reject(os.fsdecode(name), line, *(text and text.decode() for text in texts))

    library, error, stream = load(), Error(), ArrowArrayStream()
    callbacks = Callbacks(size=ctypes.sizeof(Callbacks), reject=OnReject(told))
    instance = library.cupel_new(ctypes.byref(callbacks), ctypes.byref(error))
    try:
        if not library.cupel_read(instance, os.fsencode(path), ctypes.byref(stream), ctypes.byref(error)):
            raise OSError(error.message.decode())
        return pyarrow.RecordBatchReader._import_from_c(ctypes.addressof(stream)).read_all()
    finally:
        library.cupel_free(instance)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    rejects = []
    table = read(sys.argv[1], lambda *reject: rejects.append(reject))
    for name, line, column, rule, message in rejects:
        print(f"{name}:{line}: {column + ': ' if column else ''}{message} ({rule})", file=sys.stderr)
    print(table.schema)
    print(f"{table.num_rows} rows, {len(rejects)} rejected")
