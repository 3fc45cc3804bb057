"""One peer converts one file, the way its own documentation calls fastest: multi-threaded, streaming where it can.

usage: peer.py PEER FORMAT INPUT OUTPUT COMPRESSION [tolerant]

FORMAT is csv, text (csv with newlines inside fields), gz (csv.gz) or ndjson. `tolerant` asks the peer to get past a
bad value, where it has a way to. Run as a process of its own, so that start-up counts for everyone.
"""
import sys


def duckdb(kind, source, target, compression, tolerant):
    import duckdb as peer
    connection = peer.connect()
    connection.execute("SET preserve_insertion_order = false")  # its performance guide's advice; rows may change places
    if kind == "ndjson":
        table = f"read_json('{source}', format='newline_delimited')"
    else:
        table = f"read_csv('{source}'{', ignore_errors=true' if tolerant else ''})"
    connection.execute(f"COPY (FROM {table}) TO '{target}' (FORMAT parquet, COMPRESSION {compression})")


def polars(kind, source, target, compression, tolerant):
    import polars as peer
    if kind == "ndjson":
        frame = peer.scan_ndjson(source)
    else:
        frame = peer.scan_csv(source, try_parse_dates=True, ignore_errors=tolerant)
    frame.sink_parquet(target, compression=compression, maintain_order=False)  # documented as the faster way


def pyarrow(kind, source, target, compression, tolerant):
    """A dataset: reads and writes on all cores and in bounded memory. It makes a folder."""
    import pyarrow.csv
    import pyarrow.dataset
    if kind == "ndjson":
        form = "json"
    else:
        form = pyarrow.dataset.CsvFileFormat(pyarrow.csv.ParseOptions(
            newlines_in_values=kind == "text", invalid_row_handler=(lambda row: "skip") if tolerant else None))
    options = pyarrow.dataset.ParquetFileFormat().make_write_options(compression=compression)
    pyarrow.dataset.write_dataset(pyarrow.dataset.dataset(source, format=form), target, format="parquet", file_options=options)


def text_schema(source):
    """DataFusion's own inference cuts fields at newlines; given the types, it reads the file."""
    import csv
    import pyarrow
    with open(source, encoding="utf-8", newline="") as file:
        names = next(csv.reader(file))
    return pyarrow.schema([(name, pyarrow.int64() if name == "id" else pyarrow.string()) for name in names])


def datafusion(kind, source, target, compression, tolerant):
    import datafusion as peer
    import datafusion.options
    context = peer.SessionContext()
    if kind == "ndjson":
        frame = context.read_json(source, file_extension=".ndjson")
    elif kind == "gz":
        frame = context.read_csv(source, file_extension=".csv.gz", file_compression_type="gzip")
    elif kind == "text":
        frame = context.read_csv(source, options=peer.options.CsvReadOptions(newlines_in_values=True, schema=text_schema(source)))
    else:
        frame = context.read_csv(source)
    frame.write_parquet(target, compression=compression)


def chdb(kind, source, target, compression, tolerant):
    import chdb as peer
    form = "JSONEachRow" if kind == "ndjson" else "CSVWithNames"
    settings = f"output_format_parquet_compression_method='{compression}', engine_file_truncate_on_insert=1"
    if tolerant:
        settings += ", input_format_allow_errors_num=10"
    peer.query(f"INSERT INTO FUNCTION file('{target}', Parquet) SELECT * FROM file('{source}', {form}) SETTINGS {settings}")


PEERS = {"duckdb": duckdb, "polars": polars, "pyarrow": pyarrow, "datafusion": datafusion, "chdb": chdb}

if __name__ == "__main__":
    name, kind, source, target, compression = sys.argv[1:6]
    PEERS[name](kind, source, target, compression, "tolerant" in sys.argv[6:])
