// The paper's claims, and what in the tables answers each. Only tests decide; what none decided cannot be told.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Comparison, ComparisonRow, Contrast, TestedGain } from '../../src/comparison/comparison.js';
import { type EstimateError, halfWidth, twoSidedP } from '../../src/comparison/statistics/behrens-fisher.js';
import { mean, standardDeviation } from '../../src/comparison/statistics/moments.js';
import { mostAtLimit } from '../../src/comparison/statistics/verdict.js';
import { must } from '../../src/support/must.js';
import { drawMap } from './map.js';
import { differencePart, type Judged, judged, type Part } from './parts.js';
import { varianceShares } from './variance-shares.js';

export interface Table extends Comparison {
  readonly folder: string;
}

export interface Answer {
  readonly verdict: Judged['verdict'] | 'not run';
  /** Of what cannot be told: what would decide it. */
  readonly next?: string;
  /** With its interval. */
  readonly effect: string;
  /** Markdown. */
  readonly found: readonly string[];
}

export interface Header {
  readonly claim: string;
  readonly paper: string;
  readonly refuted: string;
  /** What was trained, what is fixed, limits. */
  readonly told: string;
}

/** Those of a claim, in the order of its configs. */
export type Tables = readonly [Table, ...Table[]];

export interface Claim {
  readonly name: string;
  readonly title: string;
  /** Of configs/claims. */
  readonly configs: readonly string[];
  /** Where the config's comment is not of the claim. */
  readonly header?: Header;
  /** Folders of data that nobody can make. */
  readonly needs?: readonly string[];
  /** Beginnings of names of the first table's charts. */
  readonly charts?: readonly string[];
  /** Fresh draws to try the answer on. */
  check?(tables: Tables): readonly { config: string; label: string; words: readonly string[] }[];
  /** @param folder Of pictures. */
  judge(tables: Tables, fresh: readonly Table[], folder: string): Answer | Promise<Answer>;
}

const real = (name: string, title: string, table: string): Claim => ({
  name,
  title,
  configs: [`../${name}/compare`],
  needs: [`datasets/${name}`],
  charts: ['forest'],
  header: {
    claim: `On ${title}, PLE is better than single-task on each task.`,
    paper: table,
    refuted: 'a task on which PLE is worse, or equivalent.',
    told: `The config is configs/${name}/compare.yaml; datasets/${name}.md says where the files are.`,
  },
  judge: ([table]) => ({
    ...judged(taskParts(rowOf(table, 'ple'), table)),
    effect: `PLE: ${told(rowOf(table, 'ple'))}`,
    found: [gains(table)],
  }),
});

export const claims: readonly Claim[] = [
  {
    name: 'seesaw',
    title: 'The seesaw',
    configs: ['seesaw'],
    charts: ['forest', 'scatter'],
    judge: ([table]) => seesawAnswer(table),
  },
  {
    name: 'normal-relation',
    title: 'Tasks of normal relation',
    configs: ['normal-relation'],
    charts: ['forest'],
    judge([table]) {
      const joint = jointRows(table);
      const ple = rowOf(table, 'ple');
      const over = contrastsOf(table, 'ple');
      const [most] = joint.toSorted((a, b) => (b.aggregate?.gain ?? 0) - (a.aggregate?.gain ?? 0));
      return {
        ...judged([...taskParts(ple, table), ...meanParts(over, table)]),
        effect: `PLE: ${told(ple)}; over the other models, ${tally(over)}; ${joint.filter(({ verdict }) => verdict === 'better on all').length} of ${joint.length} models are better on both, and ${most?.label} has the largest Δm`,
        found: [gains(table), contrasts(table)],
      };
    },
  },
  {
    name: 'several-tasks',
    title: 'Three and four tasks',
    charts: ['forest'],
    configs: ['tasks-vtr-vcr-shr', 'tasks-vtr-vcr-cmr', 'tasks-four'],
    judge(tables) {
      const own = tables.flatMap((table) => taskParts(rowOf(table, 'ple'), table));
      const over = tables.map((table) => contrastsOf(table, 'ple', 'cgc'));
      const more = tables.flatMap((table, index) => meanParts(over[index] ?? [], table));
      return {
        ...judged([...own, ...more], { families: tables.length }),
        effect: `PLE is better on ${own.filter(({ shown }) => shown).length} of ${own.length} tasks; over CGC, ${tally(over.flat())}`,
        found: tables.flatMap((table) => [gains(table), contrasts(table)]),
      };
    },
  },
  {
    name: 'census',
    title: 'Census-Income',
    configs: ['census-income', 'census-education'],
    needs: ['datasets/census-income'],
    charts: ['forest'],
    judge(tables) {
      const pairs = tables.map((table) => [rowOf(table, 'ple'), ...contrastsOf(table, 'ple', 'mmoe')]);
      const parts = tables.flatMap((table, index) => (pairs[index] ?? []).flatMap((pair) => taskParts(pair, table)));
      const words = (place: number) => pairs.map((pair) => told(must(pair[place], 'a gain'))).join('; ');
      return {
        ...judged(parts, { families: tables.length }),
        effect: `PLE over single-task: ${words(0)}; over MMoE: ${words(1)}`,
        found: tables.flatMap((table) => [gains(table), contrasts(table)]),
      };
    },
  },
  {
    name: 'correlation',
    title: 'Over the correlation of tasks',
    configs: ['correlation'],
    charts: ['gain'],
    judge([table]) {
      const rows = jointRows(table).filter(({ label }) => label === 'ple');
      const over = ['mmoe', 'hard-sharing'].map((label) => contrastsOf(table, 'ple', label));
      const parts = [...rows.flatMap((row) => taskParts(row, table)), ...meanParts(over.flat(), table)];
      return {
        ...judged(parts, { families: rows.length }),
        effect: `PLE over MMoE: ${tally(over[0])}; over hard sharing: ${tally(over[1])}; over single-task: ${list(rows.map(({ verdict }) => verdict))}`,
        found: [gains(table), contrasts(table)],
      };
    },
  },
  {
    name: 'structure',
    title: 'CGC over MMoE, PLE over ML-MMoE and CGC',
    configs: ['seesaw', 'normal-relation', 'correlation'],
    header: {
      claim: 'At equal size CGC is better than MMoE, and PLE better than ML-MMoE and than CGC.',
      paper: 'tables 1 and 2, fig. 7',
      refuted: 'a table in which a test shows one of these models to be worse than the other, in Δm or on a task.',
      told: 'The runs of three claims above: two tables of the feed, and one for each correlation. In table 1 itself CGC and PLE are equal on VTR within .0001.',
    },
    judge(tables) {
      const pairs = ['cgc over mmoe', 'ple over ml-mmoe', 'ple over cgc'].map((words) => {
        const [model = '', other = ''] = words.split(' over ');
        return { words, found: tables.map((table) => ({ table, all: contrastsOf(table, model, other) })) };
      });
      const all = pairs.flatMap(({ found }) => found);
      const points = all.flatMap((pair) => pair.all).length / pairs.length;
      const parts = all.flatMap((pair) => meanParts(pair.all, pair.table));
      return {
        ...judged(parts, { families: points }),
        effect: pairs.map(({ words, found }) => `${words}: ${tally(found.flatMap(({ all }) => all))}`).join('; '),
        found: ['The contrasts stand in the tables of these claims.'],
      };
    },
  },
  {
    name: 'gates',
    title: 'Experts are used differently',
    configs: ['seesaw'],
    header: {
      claim:
        'Tasks mix experts more differently in CGC and PLE than in MMoE and ML-MMoE, and shared experts weigh more in PLE than in CGC.',
      paper: 'fig. 8',
      refuted: 'one of these three differences shown to be below 0.',
      told: 'The runs of [the seesaw](#seesaw), whose level is .025: mean gate weights over the test rows, by draw; paired t tests over draws. A gate of MMoE has three experts, one of CGC two.',
    },
    charts: ['expert'],
    judge: ([table]) => gatesAnswer(table),
  },
  {
    name: 'sample-spaces',
    title: 'Sample spaces',
    configs: ['sample-spaces'],
    judge([table]) {
      const models = ['hard-sharing', 'ple', 'single-task'].map((label) => ({ label, ...maskedGain(table, label) }));
      return {
        ...judged(differenceParts(models.slice(0, 2), table)),
        effect: models.map(({ label, words }) => `${label}: ${words}`).join('; '),
        found: [
          'The effect is the fall of VCR’s error by masking, in % of that with labels of 0; paired over five draws (t, 4 degrees of freedom). Single-task is a control, and no part of the verdict.',
        ],
      };
    },
  },
  {
    name: 'decaying-weights',
    title: 'Loss weights that decay',
    configs: ['decaying-weights'],
    judge([table]) {
      const all = table.contrasts;
      const parts = all.flatMap((contrast) => taskParts(contrast, table));
      const [best] = all.toSorted((a, b) => (b.aggregate?.gain ?? 0) - (a.aggregate?.gain ?? 0));
      return {
        ...judged(parts, { any: true }),
        effect: `${tally(all)}; largest for ${best?.model}: ${told(must(best, 'a contrast'))}`,
        found: [contrasts(table)],
      };
    },
  },
  {
    name: 'tuning',
    title: 'Structure against tuning',
    configs: ['tuning'],
    judge: ([table]) => tuningAnswer(table),
  },
  {
    name: 'gates-of-mmoe',
    title: 'MMoE’s gates',
    configs: ['gates-of-mmoe'],
    charts: ['gain'],
    judge([table]) {
      const [over, omoe] = ['shared bottom', 'omoe'].map((label) => contrastsOf(table, 'mmoe', label));
      const [least = [], most = []] = [over?.[0], over?.at(-1)].map(seedGains);
      const change = difference(less(least, most), 4);
      const parts = [...meanParts([over?.[0], omoe?.[0]], table), ...differenceParts([change], table)];
      return {
        ...judged(parts, { families: 2 }),
        effect: `MMoE over the shared bottom at .5: ${aggregateText(over?.[0])}; gain at .5 less that at 1: ${change.words} in NMSE; over OMoE at .5: ${aggregateText(omoe?.[0])}`,
        found: [gains(table), contrasts(table)],
      };
    },
  },
  {
    name: 'map',
    title: 'Where PLE is worth it',
    configs: ['map-2-tasks', 'map-4-tasks'],
    check: mapChecks,
    judge: mapAnswer,
  },
  real('kuairand', 'KuaiRand', 'none: after 2020'),
  real('aliexpress', 'AliExpress', 'none: after 2020'),
  real('ali-ccp', 'Ali-CCP', 'table 5'),
];

/** A claim that each task is better. */
function taskParts({ tasks }: Pick<ComparisonRow | Contrast, 'tasks'>, table: Table): readonly Part[] {
  const { level } = table.test;
  return Object.values(tasks).map(({ verdict, pHolm, pEquivalent, gain, margin, seedsToDecide }) => {
    const p = verdict === 'worse' ? pHolm : verdict === 'equivalent' ? pEquivalent : null;
    return {
      shown: verdict === 'better',
      against: p === null ? Number.POSITIVE_INFINITY : p / level,
      settled: verdict !== null,
      towards: (gain ?? 0) > (margin ?? 0),
      draws: seedsToDecide,
    };
  });
}

/** A claim that each model is better than its reference: Δm above 0, and no task worse. */
function meanParts(all: readonly (Contrast | undefined)[], table: Table): readonly Part[] {
  const { test, contrasts, rows, baseline } = table;
  const points = rows.filter(({ label }) => label === baseline).length;
  return all.map((contrast) => {
    const { gain, se, pHolm, gains = [], verdict } = contrast?.aggregate ?? {};
    const error = errorOf(se ?? 0, gains.length);
    const tested = { gain: gain ?? 0, p: pHolm ?? 1, error, settled: verdict != null };
    const part = differencePart(tested, test.level, contrasts.length / points);
    const losses = Object.values(contrast?.tasks ?? {}).filter((task) => task.verdict === 'worse');
    const against = Math.min(part.against, ...losses.map((task) => (task.pHolm ?? 1) / test.level));
    return { ...part, shown: part.shown && losses.length === 0, against };
  });
}

/** A claim that each difference is above 0 (Bonferroni against it). */
function differenceParts(all: readonly Difference[], table: Table): readonly Part[] {
  const { test, rows } = table;
  const settled = rows.every(({ atLimit, runs }) => atLimit <= mostAtLimit * runs.length);
  return all.map(({ gain, p, error }) => {
    const part = differencePart({ gain, p, error, settled }, test.level);
    return { ...part, against: part.against * all.length };
  });
}

function seesawAnswer(table: Table): Answer {
  const asymmetric = ['asymmetric from VTR', 'asymmetric from VCR'];
  const labels = ['hard-sharing', ...asymmetric, 'customized-sharing', 'cross-stitch', 'sluice', 'ml-mmoe'];
  const group = labels.map((label) => {
    const row = rowOf(table, label);
    const front = table.fronts?.find(({ model }) => model === label);
    // At its best weight: the p-value of a loss beyond the margin, on the task for which that is largest.
    const harmless = (front?.points ?? []).map(({ verdict, tasks }) =>
      verdict.startsWith('better')
        ? Math.max(...Object.values(tasks).map(({ pNotInferior }) => pNotInferior ?? 1))
        : Number.POSITIVE_INFINITY,
    );
    const draws = Object.values(row.tasks).map(({ seedsToDecide }) => seedsToDecide ?? 0);
    return {
      shown: front?.seesaw === 'not repaired',
      against: (labels.length * Math.min(...harmless)) / table.test.level,
      settled: row.verdict !== 'not trained to a plateau',
      towards: false,
      draws: Math.max(...draws) || null,
      seesaw: row.verdict === 'seesaw',
    };
  });
  const both = ['cgc', 'ple'].map((label) => rowOf(table, label));
  return {
    ...judged([...group, ...both.flatMap((row) => taskParts(row, table))]),
    effect: `at equal loss weights ${group.filter(({ seesaw }) => seesaw).length} of ${labels.length} are a seesaw; at some weight ${group.filter(({ against }) => against < 1).length} gain on a task and lose on none by more than the margin; ${both.map((row) => `${row.label}: ${told(row)}`).join('; ')}`,
    found: [gains(table), contrasts(table), frontsOf(table)],
  };
}

function rowOf(table: Table, label: string): ComparisonRow {
  return must(
    table.rows.find((row) => row.label === label),
    `row ${label}`,
  );
}

function jointRows(table: Table): readonly ComparisonRow[] {
  return table.rows.filter(({ label }) => label !== table.baseline);
}

function contrastsOf(table: Table, model: string, reference?: string): readonly Contrast[] {
  const all = table.contrasts.filter((contrast) => contrast.model === model);
  return all.filter((contrast) => reference === undefined || contrast.reference === reference);
}

/** The range of mean relative gains, and how many have which verdict. */
function tally(all: readonly Contrast[] = []): string {
  const values = all.map(({ aggregate }) => aggregate?.gain ?? Number.NaN);
  const verdicts = list(all.map(({ aggregate }) => aggregate?.verdict ?? 'no verdict'));
  return `Δm ${signed(Math.min(...values), 1)} to ${signed(Math.max(...values), 1)} %: ${verdicts}`;
}

/** Gains with intervals: of AUC in its unit, of errors in percent. */
function told({ tasks, verdict }: Pick<ComparisonRow | Contrast, 'tasks' | 'verdict'>): string {
  return `${verdict ?? 'no verdict'} (${Object.entries(tasks)
    .map(([task, gain]) => `${task} ${gainText(gain)}`)
    .join(', ')})`;
}

const marks = { better: '▲', worse: '▼', equivalent: '=', undecided: '?' };

function gainText({ metric, gain, relativeGain, interval, verdict }: TestedGain & { readonly metric: string }): string {
  if (gain === null) return '–';
  const inPercent = !/auc/i.test(metric) && relativeGain !== null;
  const unit = inPercent ? (relativeGain ?? 0) / gain : 1;
  const text = (value: number) => signed(value * unit, inPercent ? 1 : 4);
  const range = interval ? ` [${text(interval[0])}, ${text(interval[1])}]` : '';
  return `${text(gain)}${range}${inPercent ? ' %' : ''}${verdict ? ` ${marks[verdict]}` : ''}`;
}

function signed(value: number, digits: number): string {
  return `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(digits)}`;
}

function list(words: readonly (string | null)[]): string {
  return [...new Set(words)].map((word) => `${words.filter((other) => other === word).length} ${word}`).join(', ');
}

/** Every row of a table with its gains. */
function gains(table: Table): string {
  const { rows, tasks, baseline } = table;
  const lines = rows.map(({ label, parameters, ...row }) => {
    const own = tasks.map((task) => must(row.tasks[task], task));
    const means = own.map(({ mean, metric }) => `${mean?.toFixed(4)} ${metric.toUpperCase()}`);
    const size = parameters ? `${parameters.network} + ${parameters.embedding}` : '';
    return pointCells(row, [label, ...(label === baseline ? means : own.map(gainText))], [size]);
  });
  return pointTable(rows[0]?.axis, ['model', ...tasks, 'Δm, %', 'parameters', 'verdict'], lines);
}

function contrasts(table: Table): string {
  const { contrasts: all, tasks } = table;
  const lines = all.map(({ model, reference, ...contrast }) => {
    return pointCells(contrast, [
      `${model} over ${reference}`,
      ...tasks.map((task) => gainText(must(contrast.tasks[task], task))),
    ]);
  });
  return pointTable(all[0]?.axis, ['contrast', ...tasks, 'Δm, %', 'verdict'], lines);
}

function pointCells(
  { axis, aggregate, verdict }: Pick<Contrast, 'axis' | 'aggregate' | 'verdict'>,
  cells: readonly string[],
  more: readonly string[] = [],
): readonly string[] {
  const mean = aggregate?.gain == null ? '' : signed(aggregate.gain, 1);
  return [...Object.values(axis).map(shortValue), ...cells, mean, ...more, verdict ?? ''];
}

function pointTable(axis = {}, head: readonly string[], lines: readonly (readonly string[])[]): string {
  return `\n${markdown([[...Object.keys(axis).map((key) => key.split('.').at(-1) ?? key), ...head], ...lines])}`;
}

function frontsOf(table: Table): string {
  const all = table.fronts ?? [];
  const lines = all.map(({ model, points, seesaw, repairedBy }) => [
    model,
    ...points.map(({ tasks }) => Object.values(tasks).map(gainText).join(', ')),
    seesaw ? [seesaw, ...repairedBy].join(' ') : '',
  ]);
  const head = ['model', ...(all[0]?.points ?? []).map(({ value }) => `weight ${value}`), 'seesaw'];
  return `\n**Loss weights** of VCR, with gains on ${table.tasks.join(' and ')}:\n\n${markdown([head, ...lines])}`;
}

function markdown([head = [], ...lines]: readonly (readonly string[])[]): string {
  const text = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [text(head), text(head.map(() => '---')), ...lines.map(text)].join('\n');
}

function shortValue(value: unknown): string {
  return typeof value === 'object' && value !== null && 'train' in value ? String(value.train) : String(value);
}

/** The means of a contrast's gains over tasks, by seed. */
function seedGains(contrast: Contrast | undefined): readonly number[] {
  const [first, ...others] = Object.values(contrast?.tasks ?? {}).map(({ gains }) => gains);
  return (first ?? []).map(({ gain }, index) =>
    mean([gain, ...others.map((gains) => gains[index]?.gain ?? Number.NaN)]),
  );
}

type Difference = ReturnType<typeof difference>;

function errorOf(se: number, runs: number): EstimateError {
  return { estimated: [{ variance: se ** 2, degreesOfFreedom: runs - 1, runs, overlap: 0 }], known: 0 };
}

/** The mean of paired differences with its 95 % interval (Student's t). */
function difference(values: readonly number[], digits: number) {
  const error = errorOf(standardDeviation(values) / Math.sqrt(values.length), values.length);
  const gain = mean(values);
  const [half, p] = values.every((value) => value === gain) ? [0, 1] : [halfWidth(0.05, error), twoSidedP(gain, error)];
  const words = `${signed(gain, digits)} [${signed(gain - half, digits)}, ${signed(gain + half, digits)}]`;
  return { gain, p, error, words: `${words}, p ${p < 0.001 ? '< .001' : p.toFixed(3)}` };
}

function less(values: readonly number[], others: readonly number[]): readonly number[] {
  return values.map((value, index) => value - must(others[index], 'a pair'));
}

/** By draw: the fall of VCR's error where labels outside the sample space are masked, in % of that where they are 0. */
function maskedGain(table: Table, label: string): Difference {
  const rows = table.rows.filter((row) => row.label === label);
  const errors = (query: unknown) =>
    rows.flatMap(({ axis, tasks }) => (axis['dataset.query'] === query ? (tasks['VCR']?.mean ?? Number.NaN) : []));
  const [masked = [], zero = []] = (table.axes['dataset.query'] ?? []).map(errors);
  const falls = masked.map((error, draw) => 100 * (1 - error / must(zero[draw], 'a pair')));
  return difference(falls, 1);
}

interface GateUse {
  readonly level: number;
  readonly gate: string;
  readonly experts: readonly string[];
  readonly mean: readonly number[];
}

function gatesAnswer(table: Table): Answer {
  const used = ['mmoe', 'ml-mmoe', 'cgc', 'ple'].map((label) => {
    const runs = rowOf(table, label).runs.map(({ path }): GateUse[] =>
      JSON.parse(readFileSync(join(table.folder, path, 'gates.json'), 'utf8')),
    );
    const ofTasks = runs.map((gates) =>
      gates.filter(
        ({ gate, level }) => table.tasks.includes(gate) && level === Math.max(...gates.map((use) => use.level)),
      ),
    );
    return {
      label,
      all: ofTasks.map((gates) => distance(gates, (expert) => expert)),
      // Gates have their own experts before the shared ones.
      roles: ofTasks.map((gates) => distance(gates, (_, place) => `${place}`)),
      shared: ofTasks.map((gates) => {
        const shared = gates.flatMap(({ experts, mean }) => mean.filter((_, i) => experts[i]?.startsWith('shared/')));
        return shared.reduce((sum, weight) => sum + weight, 0) / gates.length;
      }),
      weights: runs.flat().flatMap(({ mean }) => mean),
    };
  });
  const tested = (of: 'roles' | 'shared', model: number, other: number) => {
    const [a, b] = [model, other].map((place) => must(used[place], 'a model')[of]);
    return difference(less(a ?? [], b ?? []), 3);
  };
  const [one, two, depth] = [tested('roles', 2, 0), tested('roles', 3, 1), tested('shared', 3, 2)];
  const lines = used.map(({ label, all, roles, shared, weights }) => [
    label,
    ...[all, roles, shared].map((values) => `${mean(values).toFixed(3)} ± ${standardDeviation(values).toFixed(3)}`),
    `${weights.filter((weight) => weight < 0.01).length} of ${weights.length}`,
  ]);
  const columns = ['all experts', 'own experts taken for one another'].map((which) => `distance, ${which}`);
  const head = ['model', ...columns, 'weight of shared experts', 'weights below .01'];
  return {
    ...judged(differenceParts([one, two, depth], table)),
    effect: `distance of the tasks' gates, CGC less MMoE: ${one.words}; PLE less ML-MMoE: ${two.words}; shared experts, PLE less CGC: ${depth.words}`,
    found: [
      'The distance of two gates is half the sum of absolute differences of their mean weights (0: the same, 1: no expert in common). In CGC and PLE two tasks have different experts by design, so the test takes own experts for one another. ± is the standard deviation over draws.',
      `\n${markdown([head, ...lines])}`,
    ],
  };
}

/** Total variation between the first two gates. */
function distance([a, b]: readonly GateUse[], nameOf: (expert: string, place: number) => string): number {
  const weights = (use: GateUse | undefined) =>
    use?.experts.map((name, i) => [nameOf(name, i), use.mean[i] ?? 0] as const);
  const [first, second] = [new Map(weights(a)), new Map(weights(b))];
  const names = [...new Set([...first.keys(), ...second.keys()])];
  return names.reduce((sum, name) => sum + Math.abs((first.get(name) ?? 0) - (second.get(name) ?? 0)), 0) / 2;
}

/** Shares of the variance of each task's metric; whether the model's is the largest of what can be chosen, by draw. */
function tuningAnswer(table: Table): Answer {
  const joint = jointRows(table);
  const tasks = table.tasks.map((task) => {
    const cells = joint.flatMap((row) =>
      row.runs.map(({ path, seed }) => ({
        levels: {
          model: row.type,
          width: row.label.split(' ').at(-1) ?? '',
          rate: shortValue(row.axis['train.optimizer.learningRate']),
          weight: shortValue(row.axis['loss.weights.VCR.initial']),
          draw: String(seed),
        },
        value: JSON.parse(readFileSync(join(table.folder, path, 'result.json'), 'utf8')).tasks[task].test[
          must(row.tasks[task], task).metric
        ] as number,
      })),
    );
    const inDraws = table.seeds.map((seed) => varianceShares(cells.filter(({ levels }) => levels.draw === `${seed}`)));
    const percents = (factor: string) => inDraws.map((shares) => 100 * (shares[factor] ?? 0));
    const tests = ['rate', 'weight', 'width'].map((factor) => difference(less(percents('model'), percents(factor)), 0));
    return { task, share: varianceShares(cells), tests };
  });
  const factors = ['model', 'width', 'rate', 'weight', 'draw', 'rest'];
  const tests = tasks.flatMap(({ tests }) => tests);
  const tested = ['rate', 'weight', 'width'].map((factor) => `model less ${factor}, points`);
  const lines = tasks.map(({ task, share, tests }) => [
    task,
    ...factors.map((factor) => `${(100 * (share[factor] ?? 0)).toFixed(0)} %`),
    ...tests.map(({ words }) => words),
  ]);
  return {
    ...judged(differenceParts(tests, table)),
    effect: `the model’s share of a draw’s variance less the learning rate’s, in points of %: ${tasks.map(({ task, tests }) => `${task} ${tests[0]?.words}`).join('; ')}`,
    found: [
      'Shares are variance components of a mixed model with main effects; the rest holds interactions and training noise. Tests are of shares within each draw, paired over draws (Student’s t).',
      `\n${markdown([['task', ...factors, ...tested], ...lines])}`,
    ],
  };
}

interface Cell {
  readonly table: Table;
  readonly correlation: number;
  readonly rows: { readonly train: number };
  readonly mmoe: Contrast;
  readonly hard: Contrast;
}

/** Better, worse or undecided than both MMoE and hard sharing. */
function cellVerdict({ mmoe, hard }: Cell): 'better than both' | 'worse than one' | 'undecided' {
  const verdicts = [mmoe, hard].map(({ aggregate }) => aggregate?.verdict);
  if (verdicts.includes('worse')) return 'worse than one';
  return verdicts.every((verdict) => verdict === 'better') ? 'better than both' : 'undecided';
}

function cellsOf(table: Table): readonly Cell[] {
  return contrastsOf(table, 'ple', 'mmoe').map((mmoe) => ({
    table,
    mmoe,
    correlation: Number(mmoe.axis['dataset.correlation']),
    rows: mmoe.axis['dataset.rows'] as Cell['rows'],
    hard: must(
      contrastsOf(table, 'ple', 'hard-sharing').find(({ axis }) => JSON.stringify(axis) === JSON.stringify(mmoe.axis)),
      'a contrast',
    ),
  }));
}

/** The smaller of the two gains: that by which a point is inside. */
function least({ mmoe, hard }: Cell): number {
  return Math.min(...[mmoe, hard].map(({ aggregate }) => aggregate?.gain ?? Number.NaN));
}

/** Fresh draws at the point deepest inside the region, if there is one, and at the one farthest outside. */
function mapChecks(tables: Tables) {
  const cells = tables.flatMap(cellsOf).toSorted((a, b) => least(b) - least(a));
  const inside = cells.find((cell) => cellVerdict(cell) === 'better than both') ?? cells[0];
  return [inside, cells.at(-1)].flatMap((cell, index) => {
    if (!cell) return [];
    const axes = { 'dataset.correlation': [cell.correlation], 'dataset.rows': [cell.rows] };
    const seeds = ['compare.seeds=[101, 102, 103, 104, 105]', 'compare.tuneSeed=1000101'];
    return {
      config: cell.table.name.replace('claim-', ''),
      label: index === 0 ? 'inside' : 'outside',
      words: [`compare.axes=${JSON.stringify(axes)}`, ...seeds],
    };
  });
}

async function mapAnswer(tables: Tables, fresh: readonly Table[], folder: string): Promise<Answer> {
  const cells = tables.flatMap(cellsOf);
  const inside = cells.filter((cell) => cellVerdict(cell) === 'better than both');
  const again = fresh.flatMap(cellsOf);
  const worse = cells.filter((cell) => cellVerdict(cell) === 'worse than one').length;
  const panels = tables.map((table) => ({
    title: `${table.tasks.length} tasks`,
    cells: cellsOf(table).map((cell) => ({
      x: String(cell.correlation),
      y: String(cell.rows.train),
      verdict: cellVerdict(cell),
      text: [cell.mmoe, cell.hard].map(({ aggregate }) => signed(aggregate?.gain ?? Number.NaN, 0)).join(' / '),
    })),
  }));
  const where = ({ table, correlation, rows }: Cell) =>
    `${table.tasks.length} tasks, correlation ${correlation}, ${rows.train} rows`;
  const points = again.map((cell, index) => {
    const drawn = cells.find((other) => where(other) === where(cell));
    const place = index > 0 ? 'Farthest outside' : inside.length > 0 ? 'Deepest inside' : 'Nearest to inside';
    return `${place} (${where(cell)}): ${drawn && cellVerdict(drawn)} on the map, ${cellVerdict(cell)} afresh; over MMoE Δm ${aggregateText(cell.mmoe)}, over hard sharing ${aggregateText(cell.hard)}.`;
  });
  const ablations = ['cgc', 'ple without own experts', 'ple with blind gates'].map(
    (label) => `PLE over ${label}: ${tally(tables.flatMap((table) => contrastsOf(table, 'ple', label)))}.`,
  );
  const nearest = judged(meanParts(again[0] ? [again[0].mmoe, again[0].hard] : [], fresh[0] ?? tables[0]));
  const confirmed = again.length > 0 && nearest.verdict === 'holds here';
  return {
    verdict: worse === cells.length ? 'does not hold here' : confirmed ? 'holds here' : 'cannot be told',
    next: nearest.next.replace(' it.', ' it at the best point of the map.'),
    effect: `better than both at ${inside.length} of ${cells.length} points, worse than one at ${worse}; fresh draws at the best: ${again[0] ? cellVerdict(again[0]) : 'none'}`,
    found: [
      'Δm (%) of PLE over MMoE / over hard sharing at each point:',
      `\n${await drawMap(join(folder, 'map.svg'), panels)}`,
      `\n**Fresh draws**, five at each point and a search of their own: ${points.join(' ')}`,
      `\n**Ablations**, over all points: ${ablations.join(' ')}`,
      ...tables.map((table) => contrasts(table)),
    ],
  };
}

function aggregateText(contrast: Contrast | undefined): string {
  const { gain, interval } = contrast?.aggregate ?? {};
  if (gain == null) return '–';
  return `${signed(gain, 1)} ${interval ? `[${signed(interval[0], 1)}, ${signed(interval[1], 1)}] ` : ''}%`;
}
