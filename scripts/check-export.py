"""Predicts the rows of a CSV with an exported file in Python and compares with what `ple predict` wrote of them.

    python3 scripts/check-export.py model.onnx rows.csv predictions.csv

Needs onnx, onnxruntime and numpy. Times must be ISO dates. Ends with status 1 at a difference above 1e-5.
"""

import csv
import datetime
import hashlib
import json
import sys

import numpy as np
import onnx
import onnxruntime

TOLERANCE = 1e-5
ELEMENTS = {"text": object, "code": np.int64, "bucket": np.int64, "weight": np.float32}


def bucket(text, buckets):
    return int.from_bytes(hashlib.md5(text.encode()).digest()[8:], "little") % buckets


def value(text, takes, cells):
    if takes in ("number", "days") and text in MISSING:
        return np.nan
    if takes == "number":
        try:
            return float(text)
        except ValueError:
            return np.nan
    if takes == "days":
        return (datetime.datetime.fromisoformat(text) - datetime.datetime(1970, 1, 1)) / datetime.timedelta(days=1)
    if takes == "bucket":
        return bucket("" if text in MISSING else text, cells["hash"])
    return text if takes == "text" else int(text)


def trimmed(text):
    return text if EXACT else text.strip()


def entries(text, cells):
    """Pairs of a text and a weight."""
    mark = cells.get("weights")
    found = [entry.strip() for entry in text.split(cells.get("separator", "|")) if entry.strip()]
    pairs = [entry.rpartition(mark) if mark and mark in entry else (entry, "", "1") for entry in found]
    return [(name, float(weight)) for name, _, weight in pairs]


def feed(column, rows):
    takes, cells = column["takes"], column["cells"]
    if "list" not in column:
        values = [value(trimmed(row[column["name"]]), takes, cells) for row in rows]
        return np.array(values, dtype=ELEMENTS.get(takes, np.float32))
    lists = [entries(row[column["list"]], cells) for row in rows]
    filler = {"text": "", "weight": 0}.get(takes, -1)
    table = np.full((len(rows), max(map(len, lists), default=1) or 1), filler, dtype=ELEMENTS[takes])
    for row, pairs in zip(table, lists):
        row[: len(pairs)] = [weight if takes == "weight" else value(text, takes, cells) for text, weight in pairs]
    return table


model, data, predictions = sys.argv[1:]
onnx.checker.check_model(onnx.load(model), full_check=True)
session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
about = session.get_modelmeta().custom_metadata_map
MISSING = {"", *json.loads(about["missing"])}
EXACT = json.loads(about["exact"])
classes = json.loads(about["classes"])
with open(data, newline="", encoding="utf-8") as file:
    rows = list(csv.DictReader(file))
feeds = {column["name"]: feed(column, rows) for column in json.loads(about["columns"])}
names = [output.name for output in session.get_outputs() if not output.name.endswith(".logit")]
found = {}
for name, values in zip(names, session.run(names, feeds)):
    own = classes.get(name.rpartition(".")[0])
    found.update({f"{name}.{text}": values[:, i] for i, text in enumerate(own)} if own else {name: values})
with open(predictions, newline="", encoding="utf-8") as file:
    expected = list(csv.DictReader(file))
if len(expected) != len(rows) or set(expected[0]) != set(found):
    sys.exit(f"other rows or columns: {len(rows)} and {len(expected)}, {sorted(found)} and {sorted(expected[0])}")
worst = 0.0
for name, values in found.items():
    wanted = np.array([float(row[name]) for row in expected])
    difference = float(np.max(np.abs(values - wanted) / np.maximum(1, np.abs(wanted))))
    worst = max(worst, difference)
    print(f"{name}: largest difference {difference:.2e} over {len(rows)} rows")
print(f"onnx {onnx.__version__}: the checker passes; onnxruntime {onnxruntime.__version__}: largest difference {worst:.2e}")
sys.exit(0 if worst < TOLERANCE else 1)
