"""Step time of PyTorch on the sizes of bench-large.ts, which calls it: `bench-large.py IDS,IDS,… ROUNDS`. JSON on stdout: milliseconds by ids.

The table of many ids has sparse gradients and is moved by SparseAdam; the other tables and the network by Adam (fused). The experts of a level that read one input are one product.
"""

import json
import statistics
import sys
import time

import torch
from torch import nn

BATCH, COLUMNS, OTHERS, WIDTH, STEPS = 1024, 20, 1000, 8, 8
torch.manual_seed(0)


class Level(nn.Module):
    """Experts of task a, task b and shared, one each, and their gates (PLE eq. 6-7). Streams: [module, batch, inputs]."""

    def __init__(self, inputs, width, gated):
        super().__init__()
        self.weight = nn.Parameter(nn.init.xavier_uniform_(torch.empty(3, inputs, width)))
        self.bias = nn.Parameter(torch.zeros(3, 1, width))
        self.gates = nn.ParameterList(nn.init.xavier_uniform_(torch.empty(inputs, 3 if m == 2 else 2)) for m in range(gated))

    def forward(self, streams):
        experts = torch.relu(torch.baddbmm(self.bias, streams, self.weight))
        mixed = []
        for module, gate in enumerate(self.gates):
            seen = experts if module == 2 else experts[[module, 2]]
            mixed.append(torch.einsum("be,ebw->bw", torch.softmax(streams[module] @ gate, 1), seen))
        return torch.stack(mixed)


class Ple(nn.Module):
    def __init__(self):
        super().__init__()
        self.levels = nn.ModuleList([Level(COLUMNS * WIDTH, 256, 3), Level(256, 128, 2)])
        self.hidden = nn.Parameter(nn.init.xavier_uniform_(torch.empty(2, 128, 64)))
        self.hidden_bias = nn.Parameter(torch.zeros(2, 1, 64))
        self.out = nn.Parameter(nn.init.xavier_uniform_(torch.empty(2, 64, 1)))
        self.out_bias = nn.Parameter(torch.zeros(2, 1, 1))

    def forward(self, x):
        streams = x.expand(3, -1, -1)
        for level in self.levels:
            streams = level(streams)
        hidden = torch.relu(torch.baddbmm(self.hidden_bias, streams, self.hidden))
        return torch.baddbmm(self.out_bias, hidden, self.out).squeeze(2)


def case(ids):
    tables = nn.ModuleList(nn.Embedding(ids if column == 0 else OTHERS, WIDTH, sparse=column == 0) for column in range(COLUMNS))
    for table in tables:
        nn.init.normal_(table.weight, std=0.05)
    model = Ple()
    dense = [*tables[1:].parameters(), *model.parameters()]
    optimizers = [torch.optim.SparseAdam(list(tables[0].parameters())), torch.optim.Adam(dense, fused=True)]
    loss = nn.BCEWithLogitsLoss()

    def step(indexes, labels):
        for optimizer in optimizers:
            optimizer.zero_grad()
        loss(model(torch.cat([table(indexes[:, c]) for c, table in enumerate(tables)], 1)), labels).backward()
        for optimizer in optimizers:
            optimizer.step()

    def rows():
        columns = [torch.randint(ids if c == 0 else OTHERS, (BATCH,)) for c in range(COLUMNS)]
        return torch.stack(columns, 1), torch.randint(2, (2, BATCH)).float()

    step(*rows())  # the first allocates
    return step, rows


with open("/proc/self/maps") as maps:
    blas = sorted({line.split("/")[-1].strip() for line in maps if "blas" in line})
print(f"PyTorch {torch.__version__} with {', '.join(blas)}", file=sys.stderr)
now = time.process_time if torch.get_num_threads() == 1 else time.perf_counter
sizes, rounds = [int(ids) for ids in sys.argv[1].split(",")], int(sys.argv[2])
cases = {ids: case(ids) for ids in sizes}
times = {ids: [] for ids in sizes}
for _ in range(rounds):
    for ids, (step, rows) in cases.items():
        batches = [rows() for _ in range(STEPS)]
        started = now()
        for batch in batches:
            step(*batch)
        times[ids].append(1000 * (now() - started) / STEPS)
print(json.dumps({str(ids): statistics.median(found) for ids, found in times.items()}))
