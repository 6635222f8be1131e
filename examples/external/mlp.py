"""One PyTorch network for all tasks: embeddings, two hidden layers, a head for each. Needs torch, pandas and pyarrow."""
import json, sys
from pathlib import Path
import pandas as pd
import torch
from torch.nn import functional as F

folder = Path(sys.argv[1])
given = json.loads((folder / "task.json").read_text())
torch.manual_seed(given["seed"])
tasks, splits = given["tasks"], [pd.read_parquet(given["rows"][name]) for name in ("train", "validation", "test")]
codes = [(name, {value: i + 1 for i, value in enumerate(splits[0][name].unique())}) for name in given["categories"]]  # 0: never seen
scales = [(name, splits[0][name].mean(), splits[0][name].std() or 1) for name in given["numbers"]]
units = [(splits[0][t["label"]].mean(), splits[0][t["label"]].std()) if t["type"] == "regression" else (0, 1) for t in tasks]

def tensors(rows):
    ids = [torch.tensor(rows[name].map(code).fillna(0).to_numpy("int64")) for name, code in codes]
    numbers = [torch.tensor(((rows[name] - mean) / std).fillna(0).to_numpy("float32")) for name, mean, std in scales]
    labels = [rows[t["label"]].map({text: i for i, text in enumerate(t["classes"])}) if "classes" in t else (rows[t["label"]] - mean) / std for t, (mean, std) in zip(tasks, units)]
    return [torch.stack(columns, 1) if columns else torch.zeros(len(rows), 0) for columns in (ids, numbers, [torch.tensor(one.to_numpy("float32")) for one in labels])]

tables = torch.nn.ModuleList(torch.nn.Embedding(len(code) + 1, 8) for _, code in codes)
widths = [8 * len(codes) + len(scales), 128, 64, sum(len(t["outputs"]) for t in tasks)]
network = torch.nn.Sequential(*[torch.nn.Linear(widths[0], widths[1]), torch.nn.ReLU(), torch.nn.Linear(widths[1], widths[2]), torch.nn.ReLU(), torch.nn.Linear(*widths[2:])])
apply = lambda ids, numbers: network(torch.cat([table(ids[:, i]) for i, table in enumerate(tables)] + [numbers], 1)).split([len(t["outputs"]) for t in tasks], 1)
losses = {"binary": lambda x, y: F.binary_cross_entropy_with_logits(x[:, 0], y), "regression": lambda x, y: F.mse_loss(x[:, 0], y), "multiclass": lambda x, y: F.cross_entropy(x, y.long())}
loss = lambda ids, numbers, labels: sum(losses[t["type"]](x[known], y[known]) for t, x, y in zip(tasks, apply(ids, numbers), labels.T) if (known := ~y.isnan()).any())
(train, validation, test), model = [tensors(rows) for rows in splits], torch.nn.ModuleList([tables, network])
optimizer, best, waited = torch.optim.Adam(model.parameters(), 0.001), float("inf"), 0
while waited < 5:
    for chosen in torch.randperm(len(splits[0])).split(256):
        optimizer.zero_grad(), loss(*(part[chosen] for part in train)).backward(), optimizer.step()
    with torch.no_grad(): now = loss(*validation).item()
    waited = 0 if now < best else waited + 1
    if now < best: best, found = now, [x.detach() for x in apply(*test[:2])]
print(f"loss {best:.5f} on validation")
scores = [x.softmax(1) if "classes" in t else x.sigmoid() if t["type"] == "binary" else x * std + mean for t, x, (mean, std) in zip(tasks, found, units)]
pd.DataFrame(torch.cat(scores, 1).numpy(), columns=[name for t in tasks for name in t["outputs"]]).to_csv(folder / "predictions.csv", index=False)
