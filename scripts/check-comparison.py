"""Computes the statistics of a comparison again, with NumPy and SciPy, and prints how far the program's are from these.

    python3 scripts/check-comparison.py FOLDER      a folder that scripts/check-comparison.ts has filled

Differences are relative to the number itself, of intervals to half their width. Ends with status 1 if one is above its tolerance.
"""

import json
import sys
from functools import lru_cache
from itertools import product
from types import SimpleNamespace as Record

try:
    import numpy as np
    from scipy.optimize import brentq
    from scipy.special import digamma, logsumexp, ndtr, polygamma
    from scipy.stats import chi2, rankdata, t as student
except ImportError as error:
    print(f"{sys.executable} has no SciPy ({error}). PYTHON names a Python that has it: on Debian, after", file=sys.stderr)
    print("apt-get install python3-numpy python3-scipy, PYTHON=/usr/bin/python3. Elsewhere: pip install scipy.", file=sys.stderr)
    sys.exit(2)

with open(f"{sys.argv[1]}/runs.json", encoding="utf-8") as file:
    GIVEN = json.load(file)
COMPARISON, TABLES, TYPES, ROWS, SETTINGS = (GIVEN[key] for key in ("comparison", "tables", "types", "rows", "settings"))
# Picks have no test of their own: src/cli/pick.test.ts calculates them from the stored runs.
COMPARISON["models"], ROWS = zip(*[pair for pair in zip(COMPARISON["models"], ROWS) if "picked" not in pair[0]])
TASKS, UNCERTAINTY, TEST = (COMPARISON[key] for key in ("tasks", "uncertainty", "test"))
METRICS = {task: next(one["metric"] for one in COMPARISON["gains"] if one.get("task") == task) for task in TASKS}
SHARES = ["auc", "groupedAuc", "macroAuc", "accuracy", "binaryAccuracy", "r2"]
HIGHER = [*SHARES, "averagePrecision", "f1", "groupedNdcg10", "groupedHitRate10"]
LOG = COMPARISON.get("errorGains") == "log"
IN_LOG = ["mse", "nmse", "mae", "logLoss", "normalisedEntropy", "multiclassLogLoss"] if LOG else []
INTEGRALS = ["p", "pHolm", "pEquivalent", "pNotInferior", "interval", "simultaneous"]
SMALLEST = 1e-6  # smaller numbers are compared as if they were this large
differences, priors, drawn = {}, [0], set()


def compare(kind, stored, computed):
    """Numbers, texts, or an interval with its centre and half its width."""
    if stored is None or computed is None or isinstance(computed, str):
        difference = 0 if stored == computed else np.inf
    elif isinstance(computed, tuple):
        centre, half = computed
        difference = max(abs(stored[0] - centre + half), abs(stored[1] - centre - half)) / max(half, 1e-9)
    else:
        difference = abs(stored - computed) / max(SMALLEST, abs(computed))
    differences.setdefault(kind, []).append(difference)


def parts_of_mean(values, weights):
    """Each row's part of the deviation of a weighted mean, a ratio of sums (Cochran 1977, 2.11)."""
    n, centre = len(values), np.average(values, weights=weights)
    return (np.sqrt(n / (n - 1)) if n > 1 else np.nan) * weights * (values - centre) / weights.sum()


def share_below(values, against, weights):
    """The share of `against`, by weight, below each value; a tie counts half."""
    if np.all(weights == weights[0]):
        return (rankdata(np.concatenate([values, against]))[: len(values)] - rankdata(values)) / len(against)
    order = np.argsort(against)
    sums = np.concatenate([[0], np.cumsum(weights[order])])
    return sum(sums[np.searchsorted(against[order], values, side)] for side in ("left", "right")) / 2 / sums[-1]


def parts_of_area(scores, positive, weights):
    """DeLong et al. (1988): a row's share of the other class that it is on the right side of, less the mean."""
    parts = np.empty(len(scores))
    for own, side in ((positive, 0), (~positive, 1)):
        parts[own] = parts_of_mean(abs(side - share_below(scores[own], scores[~own], weights[~own])), weights[own])
    return parts


def parts_of_groups(scores, positive, weights, groups):
    """Each at the first row of a group with both classes."""
    order, parts, found = np.argsort(groups, kind="stable"), np.zeros(len(scores)), []
    for own in np.split(order, np.flatnonzero(np.diff(groups[order])) + 1):
        ones, zeros = own[positive[own]], own[~positive[own]]
        if len(ones) and len(zeros):
            placed = share_below(scores[ones], scores[zeros], weights[zeros])
            found.append((own[0], np.average(placed, weights=weights[ones]), weights[own].sum()))
    firsts, areas, sums = map(np.array, zip(*found))
    parts[firsts] = parts_of_mean(areas, sums)
    return parts


@lru_cache(maxsize=None)
def columns_of(path):
    values = np.fromfile(TABLES[path]["file"]).reshape(len(TABLES[path]["columns"]), -1)
    return {about["name"]: (own, about) for own, about in zip(values, TABLES[path]["columns"])}


@lru_cache(maxsize=None)
def influence(path, task, metric):
    """[row] Parts of a metric's deviation: the sum of squares is its variance over draws of the rows."""
    columns = columns_of(path)
    (mask, _), (labels, about) = columns[f"{task}.mask"], columns[f"{task}.label"]
    sample, classes = mask > 0, json.loads(about.get("classes", "[]"))
    names = [f"{task}.logit.{text}" for text in classes] or [f"{task}.logit"]
    weights, labels, logits = mask[sample], labels[sample], np.array([columns[name][0][sample] for name in names])
    scores, units, positive = logits[0], columns[names[0]][1], labels > 0.5
    if TYPES[task] == "regression":
        scores = scores * float(units["scale"]) + float(units["offset"])
        scores = np.exp(scores) if units.get("link") == "log" else scores
    if metric == "auc":
        parts = parts_of_area(scores, positive, weights)
    elif metric == "groupedAuc":
        parts = parts_of_groups(scores, positive, weights, columns["group"][0][sample])
    elif metric == "macroAuc":
        compared = [c for c in range(len(classes)) if np.any(labels == c)]
        odds = [logits[c] - logsumexp(np.delete(logits, c, axis=0), axis=0) for c in compared]
        parts = np.mean([parts_of_area(own, labels == c, weights) for own, c in zip(odds, compared)], axis=0)
    else:
        squares = (scores - labels) ** 2
        variance = np.average((labels - np.average(labels, weights=weights)) ** 2, weights=weights)
        losses = {
            "mse": lambda: squares,
            "nmse": lambda: squares / variance,
            "r2": lambda: -squares / variance,
            "mae": lambda: abs(scores - labels),
            "logLoss": lambda: np.logaddexp(0, np.where(positive, -scores, scores)),
            "binaryAccuracy": lambda: 1.0 * ((scores > 0) == positive),
            "accuracy": lambda: 1.0 * (np.argmax(logits, axis=0) == labels),
            "multiclassLogLoss": lambda: logsumexp(logits, axis=0) - logits[labels.astype(int), range(len(labels))],
        }
        if metric not in losses:
            sys.exit(f"{metric} has no error over test rows that this script knows.")
        parts = parts_of_mean(losses[metric](), weights)
    whole = np.zeros(len(mask))
    whole[sample] = parts
    return whole


def variance_over_rows(pair, samples, parts):
    """Of a gain, over draws of the test rows, or of their groups; `parts`: the tasks, metrics and factors of its sum."""
    totals = {}  # by test set: of the model and of the reference, so that equal runs cancel exactly
    for side, (sample, row) in enumerate(zip(samples, pair.both)):
        for run in (row["runs"][seed] for seed in sample):
            psi = sum(factor * influence_on(run, task, metric) for task, metric, factor in parts)
            paths = run.get("terms", [(1, run)])[0][1]["paths"]
            groups, _ = columns_of(paths[TASKS[0]]).get("group", (None, None))
            masks = [columns_of(paths[task])[f"{task}.mask"][0] for task, _, factor in parts if factor]
            if groups is not None and any(len(np.unique(groups[mask > 0])) < 2 for mask in masks):
                return np.nan
            drawn.add("rows" if groups is None else "groups")
            sums = psi if groups is None else np.bincount(groups.astype(int), psi)
            totals.setdefault(run["set"], [0, 0])[side] += sums / len(sample)
    # Test sets of one file overlap: as if they were one.
    return sum(np.sum((own - other) ** 2) for own, other in totals.values()) * (len(totals) if pair.overlap > 0 else 1)


def own_variance(values, largest=None):
    """Of one run, and its degrees of freedom."""
    if len(values) < 2:
        return None
    varies = np.ptp(values) > 4 * np.finfo(float).eps * (largest or max(map(abs, values)))
    return (np.var(values, ddof=1) if varies else 0.0), len(values) - 1


def squeezed(groups):
    """[group][model] Variances moved towards each other (Smyth 2004, section 6.2), and the prior's degrees of freedom."""
    own = [[own_variance([*sample.values()]) for sample in samples] for samples in groups]
    some = [np.array([one for one in found if one and one[0] > 0]).reshape(-1, 2).T for found in own]
    logs = [np.log(s) - digamma(d / 2) + np.log(d / 2) for s, d in some]
    free = sum(max(0, len(log) - 1) for log in logs)
    if free == 0:
        return own, 0
    noise = np.mean(np.concatenate([polygamma(1, d / 2) for _, d in some]))
    between = sum(len(log) * np.var(log) for log in logs if len(log)) / free - noise
    prior, cautious = (2 * inverse_trigamma(v) for v in (between, between + 2 * noise * np.sqrt(2 / free)))
    shift = digamma(prior / 2) - np.log(prior / 2) if np.isfinite(prior) else 0
    for models, log, (_, every) in zip(own, logs, some):
        for at, (s, d) in enumerate(one or (0, 0) for one in models):
            if d > 0 and len(log) > 1:
                added = min(cautious, every.sum() - (d if s > 0 else 0))
                models[at] = max(s, (added * np.exp(log.mean() + shift) + d * s) / (added + d)), added + d
    return own, cautious


def inverse_trigamma(y):
    return np.exp(brentq(lambda log: np.log(polygamma(1, np.exp(log)) / y), -40, 40, xtol=1e-14)) if y > 0 else np.inf


class Error:
    """Normal errors, of which some variances (v, d) are estimated: each may be v d / chi^2(d)."""

    def __init__(self, estimated, known):
        self.se = np.sqrt(known + sum(v for v, _ in estimated))
        variances, weights = np.array([known]), np.array([1.0])
        for v, d in estimated:
            scales, shares = inverse_chi_squares(d)
            variances, weights = np.add.outer(variances, v * scales).ravel(), np.outer(weights, shares).ravel()
        self.ses, self.weights = np.sqrt(variances[weights > 1e-20]), weights[weights > 1e-20]

    def below(self, x):
        return np.sum(self.weights * ndtr(x / self.ses))

    def half_width(self, level):
        high = self.se
        while high > 0 and 2 * self.below(-high) > level:
            high *= 2
        return brentq(lambda x: 2 * self.below(-x) - level, 0, high, xtol=1e-13 * high, rtol=1e-12) if high > 0 else 0


@lru_cache(maxsize=None)
def inverse_chi_squares(d):
    """d / chi^2(d) at the nodes of a Gauss-Legendre rule in log chi^2, with weights: right to 1e-9 from d = 1 on."""
    (low, high), (nodes, weights) = np.log([chi2.ppf(1e-18, d), chi2.isf(1e-18, d)]), np.polynomial.legendre.leggauss(160)
    logs = low + (nodes + 1) / 2 * (high - low)
    return d / np.exp(logs), weights * (high - low) / 2 * np.exp(chi2.logpdf(np.exp(logs), d) + logs)


def sign(metric):
    return 1 if metric in HIGHER else -1


def turned(run, task, metric, in_log):
    """So that higher is better; of a sum of runs, the sum. NaN without a value."""
    if "terms" in run:
        return sum(weight * turned(one, task, metric, in_log) for weight, one in run["terms"])
    value = run["values"][task].get(metric)
    if not isinstance(value, (int, float)) or (metric in in_log and value <= 0):
        return np.nan
    return -100 * np.log(value) if metric in in_log else sign(metric) * value


def turned_back(metric, value):
    return np.exp(value / -100) if metric in IN_LOG else sign(metric) * value


def influence_on(run, task, metric):
    """Of each row, on `turned`: the chain rule for log points."""
    if "terms" in run:
        return sum(weight * influence_on(one, task, metric) for weight, one in run["terms"])
    slope = 100 / run["values"][task][metric] if metric in IN_LOG else 1
    return sign(metric) * slope * influence(run["paths"][task], task, metric)


def sample_of(row, task, metric, in_log=IN_LOG):
    """By seed: the metric, turned."""
    values = {seed: turned(run, task, metric, in_log) for seed, run in row["runs"].items()}
    return {seed: value for seed, value in values.items() if not np.isnan(value)}


def weights_of(contrast):
    """By label: of a mean of models, or of the mean gain of pairs less that of others. Above 0: the model's side."""
    weights = {}
    def add(label, weight):
        weights[label] = weights.get(label, 0) + weight
    if "of" not in contrast:
        for key, sign_of in (("model", 1), ("reference", -1)):
            labels = contrast.get(key + "s", [contrast[key]])
            for label in labels:
                add(label, sign_of / len(labels))
    for key, sign_of in (("of", 1), ("less", -1)):
        for model, reference in contrast.get(key, []):
            add(model, sign_of / len(contrast[key]))
            add(reference, -sign_of / len(contrast[key]))
    return weights


def side_of(contrast, named, sign_of):
    """The models of one side, as one: a run of a seed is the weighted sum of theirs."""
    terms = [(sign_of * weight, named[label]) for label, weight in weights_of(contrast).items() if sign_of * weight > 1e-9]
    if len(terms) == 1 and "of" not in contrast:
        return terms[0][1]
    side, rows = sum_of(terms), [row for _, row in terms]
    if any("kept" in row for row in rows):
        sums = lambda key: [sum_of([(weight, row) for (weight, _), row in zip(terms, some)]) for some in choices(kept_at(row, key) for row in rows)]
        side["kept"] = {key: sums(key) for key in [*TASKS, None]} | {"any": any(row.get("kept", {}).get("any") for row in rows)}
    return side


def sum_of(terms):
    first = terms[0][1]
    runs = {}
    for seed in first["runs"]:
        own = [(weight, row["runs"].get(seed)) for weight, row in terms]
        if all(run for _, run in own):
            late = [any(run["late"][place] for _, run in own) for place in range(len(TASKS))]
            runs[seed] = {"terms": own, "late": late} | {key: first["runs"][seed][key] for key in ("set", "overlap")}
    found = {key: {task for _, row in terms for task in row.get(key, [])} for key in ("edges", "mixed")}
    return {"runs": runs, "total": sum(weight for weight, _ in terms)} | found


def summed(samples, factors):
    seeds = [seed for seed in samples[0] if all(seed in sample for sample in samples)] if factors else []
    return {seed: sum(factor * sample[seed] for factor, sample in zip(factors, samples)) for seed in seeds}


def of_draws(pair, gains):
    """One value for each draw of the data, weighted by its runs, with the mean of all."""
    sets, values = np.array([pair.both[0]["runs"][seed]["set"] for seed in gains]), np.array([*gains.values()])
    draws = np.unique(sets)
    return [values.mean() + len(draws) * np.sum((values - values.mean())[sets == draw]) / len(values) for draw in draws]


def gain_of(pair, samples, parts, variances=(None, None), mixed=(False, False)):
    """Of two samples. `variances`: of one run of each, squeezed. Without parts it has no error. `mixed`: seeds chose differently."""
    if pair.design != "independent":
        samples = [{seed: one[seed] for seed in samples[0] if seed in samples[1]} for one in samples]
    model, reference = ([*sample.values()] for sample in samples)
    level, estimated, known = np.mean(reference) if reference else None, [], 0
    m = Record(pair=pair, samples=samples, level=level, margin=None, gain=None, gains={}, error=None, enough=False)
    if not model or not reference:
        return m
    independent, rows = pair.design == "independent", UNCERTAINTY == "rows"
    m.gain, m.enough = np.mean(model) - level, rows or min(len(model), len(reference)) >= 3
    m.gains = {seed: value - (level if independent else samples[1][seed]) for seed, value in samples[0].items()}
    if independent and not rows:
        estimated = [
            one and (one[0] * (1 / len(own) + (1 / (len(own) - 1) if is_mixed else 0)), one[1])
            for one, own, is_mixed in zip(variances, (model, reference), mixed)
        ]
        estimated = [] if model == reference and None not in estimated else estimated
    elif not rows:
        drawn_gains = of_draws(pair, m.gains) if pair.design == "draws" else [*m.gains.values()]
        s, n = own_variance(drawn_gains, max(map(abs, model + reference))), len(drawn_gains)
        m.enough = n >= 3
        estimated = [] if s and s[0] == 0 else [s and (s[0] * (1 / n + pair.overlap + (1 / (n - 1) if any(mixed) else 0)), s[1])]
    own_rows = not independent and len({pair.both[0]["runs"][seed]["set"] for seed in samples[0]}) > 1
    if None in estimated:
        return m
    if parts and (rows or (UNCERTAINTY == "both" and not own_rows)):
        known = variance_over_rows(pair, samples, parts)
    m.error = None if np.isnan(known) else Error(estimated, known)
    return m


def kept_at(row, task):
    """The settings of a row that may be best on a task (None: over all tasks); the row itself where none were chosen."""
    return row["kept"][task] if "kept" in row else [row]


def choices(lists):
    """One of each list; none where they are more than 16."""
    lists = [*lists]
    return [*product(*lists)] if np.prod([len(one) for one in lists]) <= 16 else []


def keep_settings(model, settings):
    """The settings that validation does not rule out: not worse than the best by a one-sided paired t-test, p < .01, and no run collapsed."""
    scores = {task: np.array([[run["scores"][task] for run in one["runs"]] for one in model["candidates"]], dtype=float) for task in TASKS}
    scored = [task for task in TASKS if np.isfinite(scores[task]).any()]
    kept = {"any": len(model["groups"]) < len(TASKS)}
    for group in model["groups"]:
        means = np.mean([scores[task] for task in [task for task in group if task in scored] or scored], axis=0)
        whole = np.isfinite(means).all(axis=1)
        best = means[np.argmax(np.where(whole, means.mean(axis=1), -np.inf))]
        worse = []
        for own in means - best:
            se, gap = np.std(own, ddof=1) / np.sqrt(len(own)), own.mean()
            is_less = se == 0 or student.cdf(gap / se, len(own) - 1) < 0.01 or (own + best).min() < best.min() - 5 * np.ptp(best)
            worse.append(gap < 0 and is_less if np.isfinite(gap) else True)
        some = [one for one, is_worse in zip(settings, worse) if not is_worse]
        kept |= {task: some for task in group}
    groups = [kept[group[0]] for group in model["groups"]]
    kept[None] = groups[0] if len(groups) == 1 else [by_task(some) for some in choices(kept[task] for task in TASKS)]
    return kept


def by_task(settings):
    """A row that has each task of another setting."""
    runs, first = {}, settings[0]
    for seed, run in first["runs"].items():
        own = dict(zip(TASKS, (one["runs"].get(seed) for one in settings)))
        if all(own.values()):
            found = {key: {task: one[key][task] for task, one in own.items()} for key in ("values", "paths")}
            runs[seed] = run | found
    return {"runs": runs}


def settings_of(pair, sides, samples_of, parts, variances_of):
    """[of the model][of the reference] The gains of kept settings; None without a choice, or with an error that is not known."""
    if not pair.both or not any("kept" in one for one in pair.both) or min(len(one["runs"]) for one in pair.both) < 4:
        return None
    found = []
    for own in sides[0]:
        found.append([])
        for other in sides[1]:
            samples = [samples_of(own), samples_of(other)]
            sub = Record(**vars(pair) | {"both": [own, other]})
            found[-1].append(gain_of(sub, samples, parts, variances_of([own, other], samples)))
    known = found and found[0] and all(m.error is not None for ms in found for m in ms)
    return Record(pairs=found if known else None, any=[one.get("kept", {}).get("any", False) for one in pair.both])


def tails_of(m):
    """P-values that the gain is at most x, and at least x, and the interval: by kept settings, or by the one error."""
    if m.settings is None:
        below = m.error.below
        return lambda x: below(x - m.gain), lambda x: below(m.gain - x), lambda level: (m.gain, m.error.half_width(level))
    pairs, (any_model, any_reference) = m.settings.pairs, m.settings.any
    turned_pairs = [*zip(*pairs)]
    best = lambda largest, is_any: max(largest) if is_any else min(1, len(largest) * min(largest))
    at_most = lambda x: best([max(one.error.below(x - one.gain) for one in own) for own in pairs], any_model)
    at_least = lambda x: best([max(one.error.below(one.gain - x) for one in own) for own in turned_pairs], any_reference)

    def interval(level):
        half = lambda one, is_any, k: one.error.half_width(level if is_any else level / k)
        lows = [min(one.gain - half(one, any_model, len(pairs)) for one in own) for own in pairs]
        highs = [max(one.gain + half(one, any_reference, len(turned_pairs)) for one in own) for own in turned_pairs]
        low = min(m.gain, min(lows) if any_model else max(lows))
        high = max(m.gain, max(highs) if any_reference else min(highs))
        return (low + high) / 2, (high - low) / 2

    return at_most, at_least, interval


def pair_of(row, reference, stored, samples, pool):
    """A model over another: its gains on each task, and the mean relative gain. `samples`: [task][row of the point]."""
    both = [] if reference is None or row is reference else [row, reference]
    runs = [run for one in both for run in one["runs"].values()]
    overlaps = [run["overlap"] for run in runs if run["overlap"] is not None]
    several = len({run["set"] for run in runs}) > 1
    design = "splits" if overlaps else "draws" if several else "independent"
    pair = Record(row=row, both=both, design=design, overlap=max(overlaps, default=0) if several else 0, stored=stored)
    pair.is_baseline = row is reference
    # A sum of models is not among those whose variances are squeezed.
    variances_of = lambda pool: lambda both, own: [
        pool[one["index"]] if "index" in one else own_variance([*sample.values()]) for one, sample in zip(both, own)
    ]
    pair.tasks, factors, total = [], [], sum(COMPARISON["taskWeights"][task] for task in TASKS)
    for place, ((task, metric), variances) in enumerate(zip(METRICS.items(), pool)):
        own = [sample_of(one, task, metric) for one in both] or [{}, {}]
        m = gain_of(pair, own, [(task, metric, 1)], variances_of(variances)(both, own), [task in one["mixed"] for one in both])
        about = [(task, metric, 1)]
        sides = [kept_at(one, task) for one in both]
        m.settings = settings_of(pair, sides, lambda one: sample_of(one, task, metric), about, variances_of(variances))
        late = lambda one: sum(run["late"][place] for run in one["runs"].values()) > 0.2 * len(one["runs"])
        m.late = any(one is not None and late(one) for one in (row, reference))
        m.edge = any(task in one["edges"] for one in both)
        if m.level is not None:
            m.level = turned_back(metric, m.level / both[1].get("total", 1))
        m.whole = m.level or 0
        # What a gain is relative to, and its margin are parts of.
        m.unit = 1 if metric in IN_LOG else m.whole / 100
        margin = COMPARISON["margins"].get(metric, {"absolute": 0.001} if metric in SHARES else {"percent": 1})
        if margin and m.level is not None:
            absolute = 100 / abs(m.level) if metric in IN_LOG else 1
            m.margin = margin["absolute"] * absolute if "absolute" in margin else abs(m.unit) * margin["percent"]
        weight = COMPARISON["taskWeights"][task]
        factors.append(0 if weight == 0 else weight / m.unit / total if m.unit > 0 else None)
        pair.tasks.append(m)
    factors = None if None in factors else factors
    sums = [summed([m.samples[side] for m in pair.tasks], factors) for side in (0, 1)]
    moved = squeezed([[summed(own, factors) for own in zip(*samples)]])[0][0]
    parts = [(*about, factor) for about, factor in zip(METRICS.items(), factors or [])]
    pair.mean = gain_of(pair, sums, parts, variances_of(moved)(both, sums), [len(one["mixed"]) > 0 for one in both])
    sum_of_row = lambda one: summed([sample_of(one, *about) for about in METRICS.items()], factors)
    pair.mean.settings = settings_of(pair, [kept_at(one, None) for one in both], sum_of_row, parts, variances_of(moved))
    pair.late = pair.mean.late = any(m.late for m in pair.tasks)
    pair.mean.edge = any(m.edge for m in pair.tasks)
    for m in [*pair.tasks, pair.mean]:
        m.enough = m.enough and not m.edge
    pair.has_gain = any(m.gain is not None for m in pair.tasks)
    return pair


def p_values(m):
    """Of no difference, of no equivalence (Schuirmann 1987), and of inferiority."""
    if m.settings is not None:
        if m.settings.pairs is None or m.gain is None:
            return None, None, None
        at_most, at_least, _ = tails_of(m)
        p = min(1, 2 * (at_most(0) if m.gain > 0 else at_least(0)))
        inferior = None if m.margin is None else at_most(-m.margin)
        return p, None if inferior is None else max(inferior, at_least(m.margin)), inferior
    if m.error is None or m.error.se == 0:
        within = m.margin and 0
        return (1, within, within) if m.error and m.gain == 0 else (None, None, None)
    p = min(1, 2 * m.error.below(-abs(m.gain)))
    inferior, superior = (m.error.below(s * m.gain - m.margin) if m.margin is not None else None for s in (-1, 1))
    return p, inferior if inferior is None else max(inferior, superior), inferior


def holm(family):
    """Of all p-values up to one, the largest product with the number of those that are not smaller (1979)."""
    known = np.array([p for p in family if p is not None])
    return [None if p is None else min(1, max(q * np.sum(known >= q) for q in known[known <= p])) for p in family]


def check_family(members, of_tasks):
    """The stored numbers of each gain."""
    level, alone = TEST["level"], [p_values(m) for m, _ in members]
    adjusted = [holm(family) for family in zip(*alone)] or [[]]
    size = sum(p is not None for p in adjusted[0])
    for (m, stored), (p, *_), different, outside, inferior in zip(members, alone, *adjusted):
        judged, error = m.gain is not None and not m.pair.is_baseline, None if p is None else m.error
        differs, within = (q is not None and q < level and m.enough for q in (different, outside))
        m.verdict = "equivalent" if within else "undecided" if not differs else "better" if m.gain > 0 else "worse"
        m.verdict = (LATE if m.late else m.verdict) if judged else None
        gains = {str(each["seed"]): each["gain"] for each in stored["bySeed"]}
        for seed in gains.keys() | m.gains.keys():
            compare("gains", gains.get(seed), m.gains.get(seed))
        numbers = {"gain": m.gain, "se": error and error.se, "p": p, "verdict": m.verdict}
        compare("atEdge", str(stored["atEdge"]), str(bool(judged and m.edge)))
        numbers["pHolm"] = different if of_tasks or m.enough else None
        numbers["interval"], numbers["simultaneous"] = (error and tails_of(m)[2](share) for share in (level, level / max(1, size)))
        if of_tasks:
            related = m.gain is not None and m.unit > 0
            numbers |= {"margin": m.margin, "pEquivalent": outside, "pNotInferior": inferior if m.enough else None}
            numbers["relativeGain"] = m.gain / m.unit if related else None
        for kind, number in numbers.items():
            compare(kind, interval_of(stored) if kind == "interval" else stored[kind], number)


def interval_of(stored):
    return None if stored["low"] is None else [stored["low"], stored["high"]]


LATE = "not trained to a plateau"


def verdict_of(pair):
    found = {m.verdict for m in pair.tasks}
    if pair.is_baseline or pair.late:
        return "baseline" if pair.is_baseline else LATE
    if {"better", "worse"} <= found:
        return "seesaw"
    if found == {"better"} or found == {"equivalent"}:
        return "better on all" if "better" in found else "equivalent"
    return "worse" if "worse" in found else "better on some" if "better" in found else "undecided"


def check_pairs(pairs):
    check_family([(m, pair.stored["tasks"][task]) for pair in pairs for task, m in zip(TASKS, pair.tasks)], True)
    for pair in pairs:
        compare("verdict", pair.stored["verdict"], verdict_of(pair))
        compare("aggregate", pair.stored["aggregate"] is not None, pair.mean.gain is not None)
    check_family([(pair.mean, pair.stored["aggregate"]) for pair in pairs if pair.stored["aggregate"]], False)


def check_levels(pair, types=frozenset(TYPES.values())):
    """Means, deviations, and the mean and worst gain over tasks of one type."""
    late = [run["late"] for run in pair.row["runs"].values()]
    compare("atLimit", pair.stored["atLimit"], sum(map(any, late)))
    for place, task in enumerate(TASKS):
        compare("atLimit", pair.stored["tasks"][task]["atLimit"], sum(run[place] for run in late))
    compare("design", pair.stored["design"], pair.design if pair.has_gain and UNCERTAINTY != "rows" else None)
    for task, metric in METRICS.items():
        values, stored = sample_of(pair.row, task, metric).values(), pair.stored["tasks"][task]
        values = [turned_back(metric, value) for value in values]
        compare("value", stored["value"], np.mean(values) if values else None)
        compare("sd", stored["sd"], np.std(values, ddof=1) if len(values) > 1 else None)
    score = "auc" if "binary" in types else "macroAuc" if "multiclass" in types else "nmse"
    samples = [[sample_of(one, task, score, []) for one in pair.both] for task in TASKS if pair.both]
    gains = [gain_of(pair, own, []).gain for own in samples if len(types) == 1]
    whole = len(gains) == len(TASKS) and None not in gains
    compare("meanGain", pair.stored["meanGain"], np.mean(gains) if whole else None)
    compare("worstGain", pair.stored["worstGain"], min(gains) if whole else None)


def check_choices(model, row):
    """Each seed's run is that at the values whose mean score over the other seeds is best; of equal ones the first."""
    candidates, scored = model["candidates"], {}
    for task in TASKS:
        scores = np.array([[run["scores"][task] for run in one["runs"]] for one in candidates], dtype=float)
        scored[task] = scores if np.isfinite(scores).any() else None
    edges, mixed = set(), set()
    for group in model["groups"]:
        judged = [scored[task] for task in group if scored[task] is not None] or [s for s in scored.values() if s is not None]
        means = np.mean(judged, axis=0)
        seeds = COMPARISON["search"]["seeds"]
        chosen = [
            int(np.argmax(np.nan_to_num(np.delete(means, place, axis=1).mean(axis=1), nan=-np.inf))) for place in range(len(seeds))
        ]
        mixed |= set(group) if len(set(chosen)) > 1 else set()
        for place, seed in enumerate(seeds):
            best = candidates[chosen[place]]
            stored = next(run for run in row["runs"] if run["seed"] == seed)
            for task in group:
                compare("chosen", stored.get("parts", {}).get(task, stored["path"]), best["runs"][place]["path"])
                compare("chosen", task in best["runs"][place]["chosenFor"], True)
            for key, value in best["values"].items():
                tried = {one["values"][key] for one in candidates if isinstance(one["values"][key], (int, float))}
                if len(tried) > 1 and min(tried) > 0 and value in (min(tried), max(tried)):
                    edges |= set(group)
    compare("chosen", sorted(row.get("mixed", [])) == sorted(mixed), True)
    compare("chosen", sorted(row.get("atEdge", [])) == sorted(edges if COMPARISON["search"]["type"] == "grid" else []), True)


def with_gains(family, point, model, reference, stored):
    """What is stored of a model, or of a contrast, with its gains: on each task, and their mean."""
    key = (family, json.dumps(point), model, reference)
    gains = [one for one in COMPARISON["gains"] if (one["family"], json.dumps(one["point"]), one["model"], one["reference"]) == key]
    tasks = {one["task"]: one for one in gains if "task" in one}
    mean = next((one for one in gains if one.get("mean")), None)
    return {"verdict": gains[0]["modelVerdict"]} | stored | {"tasks": tasks, "aggregate": mean}


def kept_of(row, pool):
    """Its kept settings, or itself, in the pool of run variances."""
    searched = [*zip(COMPARISON.get("search", {}).get("models", []), SETTINGS)]
    model, settings = next((one for one in searched if (one[0]["label"], one[0]["point"]) == (row["label"], row["point"])), (None, []))
    if model is None or not COMPARISON["search"].get("crossFit") or len(row["runs"]) < 4:
        pool.append(row)
        return {"index": len(pool) - 1}
    settings = [one | {"place": place} for place, one in enumerate(settings)]
    kept = keep_settings(model, settings)
    for place in dict.fromkeys(one["place"] for task in TASKS for one in kept[task]):
        settings[place]["index"] = len(pool)
        pool.append(settings[place])
    return {"kept": kept}


def stored_models(at):
    models = [model for model in COMPARISON["models"] if json.dumps(model["point"]) == at]
    reference = lambda label: None if label == COMPARISON["baseline"] else COMPARISON["baseline"]
    return [with_gains("models", one["point"], one["label"], reference(one["label"]), one) for one in models]


for at in dict.fromkeys(json.dumps(model["point"]) for model in COMPARISON["models"]):
    all_stored = stored_models(at)
    point = [row for row in ROWS if json.dumps(row["point"]) == at]
    found = {row["label"]: {"edges": row.get("atEdge", []), "mixed": row.get("mixed", [])} for row in all_stored}
    pool = []
    named = {row["label"]: row | found[row["label"]] | kept_of(row, pool) for row in point}
    samples = [[sample_of(row, task, metric) for row in pool] for task, metric in METRICS.items()]
    pool, prior = squeezed(samples)
    baseline = named.get(COMPARISON["baseline"])
    pairs = [pair_of(named[stored["label"]], baseline, stored, samples, pool) for stored in all_stored]
    own = [with_gains("contrasts", json.loads(at), one["model"], one["reference"], one) for one in COMPARISON["contrasts"]]
    contrasts = [pair_of(side_of(one, named, 1), side_of(one, named, -1), one, samples, pool) for one in own]
    squeezes = [pair.has_gain and pair.design == "independent" for pair in pairs + contrasts]
    priors += [prior] if UNCERTAINTY != "rows" and any(squeezes) else []
    check_pairs(pairs)
    check_pairs(contrasts)
    for pair in pairs:
        check_levels(pair)
for model in COMPARISON.get("search", {}).get("models", []):
    if COMPARISON["search"].get("crossFit"):
        check_choices(model, next(one for one in COMPARISON["models"] if (one["label"], one["point"]) == (model["label"], model["point"])))
compare("test.prior", TEST["priorDegreesOfFreedom"], max(priors) if np.isfinite(max(priors)) else None)
compare("test.drawn", TEST["drawn"], max(drawn, default=None))
for kind, found in differences.items():
    print(f"{kind:13} {max(found):.1e}")
wrong = [kind for kind, found in differences.items() if not max(found) <= (5e-5 if kind in INTEGRALS else 1e-9)]
print(f"{sum(map(len, differences.values()))} numbers of {len(ROWS)} models and {len(COMPARISON['contrasts'])} contrasts", end=" ")
print(f"DO NOT agree: {', '.join(wrong)}." if wrong else "agree.")
sys.exit(1 if wrong else 0)
