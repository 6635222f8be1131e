"""MultiFashion: `make-multifashion.py FASHION OUT` (numpy, pyarrow) overlays the pictures of Fashion-MNIST, a folder of four .gz files, in pairs."""
import gzip, sys
from pathlib import Path
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq


def read(name):
    """IDX: two zeros, a type, the number of axes, their lengths as big-endian 32-bit numbers, the bytes."""
    content = gzip.decompress((Path(sys.argv[1]) / f"{name}-ubyte.gz").read_bytes())
    axes = content[3]
    return np.frombuffer(content, np.uint8, offset=4 + 4 * axes).reshape(np.frombuffer(content, ">i4", axes, 4))


tables = []
for file, split, rows in [("train", "train", slice(0, 50_000)), ("train", "validation", slice(50_000, None)), ("t10k", "test", slice(None))]:
    pictures, labels = read(f"{file}-images-idx3")[rows], read(f"{file}-labels-idx1")[rows]
    # Published in random order: the partner of a picture is the next one of its split. So each occurs once on each side, in one split only.
    canvas = np.zeros((len(pictures), 36, 36), np.uint8)
    canvas[:, :28, :28] = pictures
    canvas[:, 8:, 8:] = np.maximum(canvas[:, 8:, 8:], np.roll(pictures, -1, axis=0))
    pixels = canvas.reshape(-1, 18, 2, 18, 2).mean((2, 4), dtype=np.float32).reshape(-1, 324)
    number = np.arange(len(pictures)) + (rows.start or 0)
    columns = dict(split=[split] * len(pictures), number=number, left=labels, right=np.roll(labels, -1))
    tables.append(pa.table(columns | {f"p{p}": pixels[:, p] for p in range(324)}))
Path(sys.argv[2]).parent.mkdir(parents=True, exist_ok=True)
pq.write_table(pa.concat_tables(tables), sys.argv[2], compression="zstd")
