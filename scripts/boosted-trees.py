"""Gradient boosting, one model per binary task: `boosted-trees.py FOLDER`, called by boosted-trees.ts, which writes the rows."""

import json
import sys

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score

folder = sys.argv[1]
about = json.load(open(f"{folder}/about.json"))


def read(split, name, width):
    return np.fromfile(f"{folder}/{split}-{name}.f32", dtype=np.float32).reshape(-1, width)


tasks, categorical = about["tasks"], about["categorical"]
rows = {split: read(split, "inputs", len(categorical)) for split in ("train", "validation", "test")}
labels = {split: read(split, "labels", len(tasks)) for split in ("train", "validation", "test")}
scores = []
for t, task in enumerate(tasks):
    # The number of trees is the best one on the validation split, as every model's epoch is.
    model = HistGradientBoostingClassifier(
        learning_rate=0.05, max_iter=1, max_leaf_nodes=31, warm_start=True, early_stopping=False,
        categorical_features=categorical, random_state=about["seed"],
    )
    inside = {split: ~np.isnan(labels[split][:, t]) for split in labels}
    best, without = (0.0, None, 0), 0
    for trees in range(50, 2001, 50):
        model.set_params(max_iter=trees)
        model.fit(rows["train"][inside["train"]], labels["train"][inside["train"], t])
        on = inside["validation"]
        area = roc_auc_score(labels["validation"][on, t], model.predict_proba(rows["validation"][on])[:, 1])
        without = 0 if area > best[0] else without + 1
        if area > best[0]:
            best = (area, model.predict_proba(rows["test"])[:, 1], trees)
        if without == 4:
            break
    print(f"{task}: {best[2]} trees, AUC {best[0]:.5f} on validation", file=sys.stderr)
    scores.append(best[1])
with open(f"{folder}/scores.csv", "w") as out:
    print(",".join(tasks), file=out)
    for row in zip(*scores):
        print(",".join(repr(float(score)) for score in row), file=out)
