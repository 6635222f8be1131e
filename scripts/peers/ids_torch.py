"""The training step of `npm run bench -- --case ids` in PyTorch: sparse gradients of the tables of ids, and SparseAdam.

For each line on standard input it trains some steps and prints the milliseconds of one. First it prints its parameters.
"""

import json
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn

case = json.loads(sys.argv[1])
batch, steps, cardinalities, width = case["batchSize"], case["steps"], case["cardinalities"], case["embedding"]
experts, (hidden,), (tower,) = case["options"]["experts"], case["options"]["levels"][0], case["options"]["tower"]
torch.set_num_threads(case["threads"])
torch.manual_seed(0)


class Mmoe(nn.Module):
    def __init__(self):
        super().__init__()
        inputs = len(cardinalities) * width
        self.tables = nn.ModuleList([nn.Embedding(count, width, sparse=count > 1000) for count in cardinalities])
        self.experts = nn.Linear(inputs, experts * hidden)  # one product
        self.gates = nn.Linear(inputs, case["tasks"] * experts, bias=False)
        self.towers = nn.ModuleList(
            nn.Sequential(nn.Linear(hidden, tower), nn.ReLU(), nn.Linear(tower, 1)) for _ in range(case["tasks"])
        )

    def forward(self, rows):
        x = torch.cat([table(rows[:, column]) for column, table in enumerate(self.tables)], 1)
        h = torch.relu(self.experts(x)).reshape(batch, experts, hidden)
        shares = torch.softmax(self.gates(x).reshape(batch, case["tasks"], experts), -1)
        mixed = torch.bmm(shares, h)  # [batch, tasks, hidden]
        return torch.stack([head(mixed[:, task]).squeeze(1) for task, head in enumerate(self.towers)])


model = Mmoe()
sparse = [table.weight for table in model.tables if table.sparse]
dense = [parameter for parameter in model.parameters() if all(parameter is not table for table in sparse)]
optimizers = [torch.optim.SparseAdam(sparse, 1e-3), torch.optim.Adam(dense, 1e-3, fused=True)]
rows = torch.stack([torch.randint(0, count, (steps, batch)) for count in cardinalities], 2)
labels = torch.randint(0, 2, (steps, case["tasks"], batch)).float()


def train():
    for step in range(steps):
        loss = F.binary_cross_entropy_with_logits(model(rows[step]), labels[step], reduction="none").mean(1).sum()
        for optimizer in optimizers:
            optimizer.zero_grad()
        loss.backward()
        for optimizer in optimizers:
            optimizer.step()
        loss.item()


train()
print(sum(parameter.numel() for parameter in model.parameters()), flush=True)
for _ in sys.stdin:
    start = time.perf_counter()
    train()
    print((time.perf_counter() - start) / steps * 1000, flush=True)
