"""scikit-learn's histogram boosting. Needs scikit-learn 1.4 or later, pandas and pyarrow."""
import json, sys
from pathlib import Path
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.metrics import log_loss, mean_squared_error
from sklearn.preprocessing import TargetEncoder

folder = Path(sys.argv[1])
given = json.loads((folder / "task.json").read_text())
splits = [pd.read_parquet(given["rows"][name]) for name in ("train", "validation", "test")]
for name in given["categories"]:
    values = pd.Index(splits[0][name].unique())
    splits = [rows.assign(**{name: pd.Categorical.from_codes(values.get_indexer(rows[name]), values)}) for rows in splits]
inputs = given["categories"] + given["numbers"]
wide = [name for name in given["categories"] if splits[0][name].nunique() > 250]  # more values than its trees take
targets = {"binary": "binary", "regression": "continuous", "multiclass": "multiclass"}
scores = {}
for task in given["tasks"]:
    kind, label, classes = task["type"], task["label"], task.get("classes")
    fit, choose = (rows[rows[label].notna()] for rows in splits[:2])
    encode = make_column_transformer((TargetEncoder(target_type=targets[kind], random_state=given["seed"]), wide), remainder="passthrough")
    encode.set_output(transform="pandas")
    x = [encode.fit_transform(fit[inputs], fit[label]), encode.transform(choose[inputs]), encode.transform(splits[2][inputs])]
    make = HistGradientBoostingRegressor if kind == "regression" else HistGradientBoostingClassifier
    model = make(random_state=given["seed"], learning_rate=0.05, max_features=0.5, categorical_features="from_dtype", early_stopping=False, warm_start=True)
    weight = lambda rows, column=task.get("weight") or given["weight"]: rows[column] if column else None
    predict = model.predict if kind == "regression" else model.predict_proba
    loss = mean_squared_error if kind == "regression" else lambda *words, **more: log_loss(*words, labels=model.classes_, **more)
    best, most = float("inf"), 0
    for trees in range(50, 2001, 50):
        model.set_params(max_iter=trees).fit(x[0], fit[label], sample_weight=weight(fit))
        now = loss(choose[label], predict(x[1]), sample_weight=weight(choose))
        if now < best: best, most, found = now, trees, predict(x[2])
        if trees == most + 100: break
    print(f"{task['name']}: {most} trees, loss {best:.5f} on validation", flush=True)
    chosen = [found] if kind == "regression" else [found[:, list(model.classes_).index(one)] if one in model.classes_ else 0 for one in classes or [1]]
    scores |= dict(zip(task["outputs"], chosen))
pd.DataFrame(scores).to_csv(folder / "predictions.csv", index=False)
