"""The training step of `npm run bench` in PyTorch, batched by hand: all experts of a level in one product.

For each line on standard input it trains some steps and prints the milliseconds of one. First it prints its parameters.
"""

import json
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

case = json.loads(sys.argv[1])
mode, steps, threads = case["mode"], case["steps"], case["threads"]
batch, widths, own = case["batchSize"], case["options"]["levels"][0], case["options"]["experts"]["shared"]
columns, cardinality, embedding, tasks, tower = 40, 50, 4, 2, 32
groups = tasks + 1  # the last one is shared
experts = groups * own
torch.set_num_threads(threads)
torch.manual_seed(0)


def weight(*shape):
    return nn.Parameter(torch.randn(*shape) * shape[-2] ** -0.5)


class Ple(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(columns * cardinality, embedding)
        width = columns * embedding
        self.weights, self.biases, self.gates = nn.ParameterList(), nn.ParameterList(), nn.ParameterList()
        for level in range(2):
            gates = groups if level == 0 else tasks
            for layer, size in enumerate(widths):
                # Level 1 reads one input, so its experts are one product; level 2 has an input for each group.
                if layer > 0:
                    shape = (experts, widths[layer - 1], size)
                elif level == 0:
                    shape = (width, experts * size)
                else:
                    shape = (groups, width, own * size)
                self.weights.append(weight(*shape))
                self.biases.append(nn.Parameter(torch.zeros(experts, 1, size)))
            # A gate of a task sees its own experts and the shared ones, the shared gate all.
            self.gates.append(weight(width, gates * experts) if level == 0 else weight(gates, width, experts))
            mask = torch.full((gates, experts), -1e30)
            for gate in range(gates):
                for expert in range(experts):
                    if gate == tasks or expert // own in (gate, tasks):
                        mask[gate, expert] = 0
            self.register_buffer(f"mask{level}", mask)
            width = widths[-1]
        self.tower, self.towerBias = weight(tasks, width, tower), nn.Parameter(torch.zeros(tasks, 1, tower))
        self.last, self.lastBias = weight(tasks, tower, 1), nn.Parameter(torch.zeros(tasks, 1, 1))

    def forward(self, rows):
        x = self.table(rows).reshape(batch, -1)
        place = 0
        for level in range(2):
            gates = groups if level == 0 else tasks
            if level == 0:
                h = (x @ self.weights[place]).reshape(batch, experts, widths[0]).transpose(0, 1)
                scores = (x @ self.gates[0]).reshape(batch, gates, experts)
            else:
                h = torch.bmm(x, self.weights[place]).reshape(groups, batch, own, widths[0])
                h = h.transpose(1, 2).reshape(experts, batch, widths[0])
                scores = torch.bmm(x[:gates], self.gates[1]).transpose(0, 1)
            h = torch.relu(h + self.biases[place])
            place += 1
            for _ in widths[1:]:
                h = torch.relu(torch.baddbmm(self.biases[place], h, self.weights[place]))
                place += 1
            shares = torch.softmax(scores + getattr(self, f"mask{level}"), -1)
            x = torch.bmm(shares, h.transpose(0, 1)).transpose(0, 1)  # [gates, batch, width]
        h = torch.relu(torch.baddbmm(self.towerBias, x, self.tower))
        return torch.baddbmm(self.lastBias, h, self.last).squeeze(-1)


model = Ple()
optimizer = torch.optim.Adam(model.parameters(), 1e-3, fused=True)
draw = np.random.default_rng(0)
rows = torch.from_numpy(draw.integers(0, cardinality, (steps, batch, columns)))
rows += torch.arange(columns) * cardinality
labels = torch.from_numpy(draw.integers(0, 2, (steps, tasks, batch)).astype("float32"))


def loss_of(rows, labels):
    return F.binary_cross_entropy_with_logits(model(rows), labels, reduction="none").mean(1).sum()


if mode == "compile":
    loss_of = torch.compile(loss_of)


def train():
    for step in range(steps):
        loss = loss_of(rows[step], labels[step])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        loss.item()


train()
# Weights of a gate for experts that it does not see take part in the products alone.
unseen = sum(int((getattr(model, f"mask{level}") < 0).sum()) * model.gates[level].shape[-2] for level in range(2))
print(sum(parameter.numel() for parameter in model.parameters()) - unseen, flush=True)
for _ in sys.stdin:
    start = time.perf_counter()
    train()
    print((time.perf_counter() - start) / steps * 1000, flush=True)
