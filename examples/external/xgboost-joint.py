"""XGBoost, one model of all tasks: a leaf has a value for each. Needs xgboost 3, scikit-learn, pandas and pyarrow."""
import json, sys
from pathlib import Path
import numpy as np
import pandas as pd
import xgboost as xgb
from sklearn.preprocessing import TargetEncoder

folder = Path(sys.argv[1])
given = json.loads((folder / "task.json").read_text())
tasks, labels = given["tasks"], [task["label"] for task in given["tasks"]]
splits = [pd.read_parquet(given["rows"][name]) for name in ("train", "validation", "test")]
types, weights = {task["type"] for task in tasks}, {task.get("weight") or given["weight"] for task in tasks}
if len(types) > 1 or "multiclass" in types: sys.exit("xgboost-joint.py: tasks must be all binary or all regression. gbm.py and boosting.py take any.")
if len(weights) > 1: sys.exit("xgboost-joint.py: tasks must share one weight. gbm.py and boosting.py take a weight a task.")
if any(rows[labels].isna().any(axis=None) for rows in splits[:2]):
    sys.exit("xgboost-joint.py: each row needs a label of every task. gbm.py and boosting.py leave rows without one out.")

y = [rows[labels].to_numpy(float) for rows in splits[:2]]
is_binary, (weigh,) = types == {"binary"}, weights
mean, spread = (0, 1) if is_binary else (y[0].mean(0), y[0].std(0) + 1e-12)  # a regression's unit must not decide the splits
x = [rows[given["numbers"]].to_numpy(float) for rows in splits]
if given["categories"]:  # vector leaves take numbers alone: a category becomes the mean label of its rows, for each task
    order = [pd.Index(splits[0][name].unique()) for name in given["categories"]]
    codes = [np.stack([values.get_indexer(rows[name]) for name, values in zip(given["categories"], order)], 1) for rows in splits]
    for label in y[0].T:
        encode = TargetEncoder(target_type="binary" if is_binary else "continuous", random_state=given["seed"])
        encoded = [encode.fit_transform(codes[0], label), encode.transform(codes[1]), encode.transform(codes[2])]
        x = [np.hstack(pair) for pair in zip(x, encoded)]

data = [xgb.DMatrix(x[i], (y[i] - mean) / spread, weight=splits[i][weigh] if weigh else None) for i in (0, 1)]
leaves = min(31, max(7, len(splits[0]) // 150))
settings = dict(objective="binary:logistic" if is_binary else "reg:squarederror", multi_strategy="multi_output_tree", tree_method="hist")
settings |= dict(grow_policy="lossguide", max_depth=0, max_leaves=leaves, eta=0.05, colsample_bynode=0.5, seed=given["seed"])
model = xgb.train(settings, data[0], 2000, evals=[(data[1], "validation")], early_stopping_rounds=100, verbose_eval=False)
print(f"{model.best_iteration + 1} trees of {leaves} leaves", flush=True)
found = model.predict(xgb.DMatrix(x[2]), iteration_range=(0, model.best_iteration + 1)).reshape(len(x[2]), -1) * spread + mean
pd.DataFrame(found, columns=[name for task in tasks for name in task["outputs"]]).to_csv(folder / "predictions.csv", index=False)
