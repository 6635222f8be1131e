"""The training step of `npm run bench` in JAX, batched by hand, many steps in one `lax.scan`.

For each line on standard input it trains some steps and prints the milliseconds of one. First it prints its parameters.
"""

import json
import sys
import time

import jax
import jax.numpy as jnp
import numpy as np
import optax

case = json.loads(sys.argv[1])
steps, batch, widths, own = case["steps"], case["batchSize"], case["options"]["levels"][0], case["options"]["experts"]["shared"]
columns, cardinality, embedding, tasks, tower = 40, 50, 4, 2, 32
groups = tasks + 1  # the last one is shared
experts = groups * own
draw = np.random.default_rng(0)


def weight(*shape):
    return jnp.asarray(draw.standard_normal(shape).astype("float32") * shape[-2] ** -0.5)


parameters = {"table": weight(columns * cardinality, embedding)}
masks = []
width = columns * embedding
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
        parameters[f"w{level}{layer}"] = weight(*shape)
        parameters[f"b{level}{layer}"] = jnp.zeros((experts, 1, size))
    # A gate of a task sees its own experts and the shared ones, the shared gate all.
    parameters[f"g{level}"] = weight(width, gates * experts) if level == 0 else weight(gates, width, experts)
    seen = np.array([[g == tasks or e // own in (g, tasks) for e in range(experts)] for g in range(gates)])
    masks.append(jnp.asarray(np.where(seen, 0, -1e30).astype("float32")))
    width = widths[-1]
parameters |= {"tw": weight(tasks, width, tower), "tb": jnp.zeros((tasks, 1, tower))}
parameters |= {"lw": weight(tasks, tower, 1), "lb": jnp.zeros((tasks, 1, 1))}


def logits(p, rows):
    x = p["table"][rows].reshape(batch, -1)
    for level in range(2):
        gates = groups if level == 0 else tasks
        if level == 0:
            h = (x @ p["w00"]).reshape(batch, experts, widths[0]).transpose(1, 0, 2)
            scores = (x @ p["g0"]).reshape(batch, gates, experts)
        else:
            h = jnp.matmul(x, p["w10"]).reshape(groups, batch, own, widths[0])
            h = h.transpose(0, 2, 1, 3).reshape(experts, batch, widths[0])
            scores = jnp.matmul(x[:gates], p["g1"]).transpose(1, 0, 2)
        h = jax.nn.relu(h + p[f"b{level}0"])
        for layer in range(1, len(widths)):
            h = jax.nn.relu(jnp.matmul(h, p[f"w{level}{layer}"]) + p[f"b{level}{layer}"])
        shares = jax.nn.softmax(scores + masks[level], -1)
        x = jnp.einsum("bge,ebh->gbh", shares, h)
    h = jax.nn.relu(jnp.matmul(x, p["tw"]) + p["tb"])
    return (jnp.matmul(h, p["lw"]) + p["lb"])[..., 0]


def loss(p, rows, labels):
    return optax.sigmoid_binary_cross_entropy(logits(p, rows), labels).mean(1).sum()


optimizer = optax.adam(1e-3)
rows = draw.integers(0, cardinality, (steps, batch, columns)) + np.arange(columns) * cardinality
data = (rows.astype("int32"), draw.integers(0, 2, (steps, tasks, batch)).astype("float32"))


def step(carry, given):
    p, state = carry
    value, gradients = jax.value_and_grad(loss)(p, *given)
    updates, state = optimizer.update(gradients, state, p)
    return (optax.apply_updates(p, updates), state), value


train = jax.jit(lambda carry, data: jax.lax.scan(step, carry, data), donate_argnums=0)
carry = (parameters, optimizer.init(parameters))
# Weights of a gate for experts that it does not see take part in the products alone.
unseen = sum(int((masks[level] < 0).sum()) * parameters[f"g{level}"].shape[-2] for level in range(2))
count = sum(value.size for value in parameters.values()) - unseen
for _ in range(2):
    carry, losses = train(carry, data)
losses.block_until_ready()
print(count, flush=True)
for _ in sys.stdin:
    start = time.perf_counter()
    carry, losses = train(carry, data)
    losses.block_until_ready()
    print((time.perf_counter() - start) / steps * 1000, flush=True)
