"""LightGBM. Needs lightgbm, pandas and pyarrow."""
import json, sys
from pathlib import Path
import lightgbm as lgb
import pandas as pd

folder = Path(sys.argv[1])
given = json.loads((folder / "task.json").read_text())
splits = [pd.read_parquet(given["rows"][name]) for name in ("train", "validation", "test")]
for name in given["categories"]:
    values = pd.Index(splits[0][name].unique())
    splits = [rows.assign(**{name: pd.Categorical.from_codes(values.get_indexer(rows[name]), values)}) for rows in splits]
inputs = given["categories"] + given["numbers"]
x = [rows[inputs].set_axis([f"x{i}" for i in range(len(inputs))], axis=1) for rows in splits]  # it refuses some names
scores = {}
for number, task in enumerate(given["tasks"], 1):
    label, classes, weigh = task["label"], task.get("classes"), task.get("weight") or given["weight"]
    leaves = min(31, max(7, splits[0][label].count() // 150))
    settings = dict(objective=task["type"], num_leaves=leaves, learning_rate=0.05, feature_fraction=0.5, seed=given["seed"], verbose=-1)
    if classes: settings["num_class"] = len(classes)

    def data(split, **more):
        known = splits[split][label].notna()
        labels = splits[split][label][known]
        weight = splits[split][weigh][known] if weigh else None
        return lgb.Dataset(x[split][known], labels.map(classes.index) if classes else labels, weight=weight, **more)

    train = data(0)
    stop = lgb.early_stopping(100, verbose=False)
    model = lgb.train(settings, train, 2000, valid_sets=[data(1, reference=train)], callbacks=[stop])
    model.save_model(folder / f"model-{number}.txt")
    print(f"{task['name']}: {model.best_iteration} trees of {leaves} leaves", flush=True)
    found = model.predict(x[2])
    scores |= {name: found[:, i] if classes else found for i, name in enumerate(task["outputs"])}
pd.DataFrame(scores).to_csv(folder / "predictions.csv", index=False)
