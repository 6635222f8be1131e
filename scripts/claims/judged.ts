// The paper's claims, and what in the tables answers each. Only tests decide; what none decided cannot be told.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Comparison, ComparisonRow, Contrast, TestedGain } from '../../src/comparison/comparison.js';
import { type EstimateError, halfWidth, twoSidedP } from '../../src/comparison/statistics/behrens-fisher.js';
import { holm } from '../../src/comparison/statistics/gain-family.js';
import { mean, standardDeviation } from '../../src/comparison/statistics/moments.js';
import { must } from '../../src/support/must.js';
import { drawMap } from './map.js';
import { varianceShares } from './variance-shares.js';

export interface Table extends Comparison {
  readonly folder: string;
}

export interface Answer {
  readonly verdict: 'holds here' | 'does not hold here' | 'cannot be told' | 'not run';
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

interface Check {
  readonly config: string;
  readonly label: string;
  readonly words: readonly string[];
}

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
  readonly charts: readonly string[];
  /** Fresh draws to try the answer on. */
  check?(tables: readonly Table[]): readonly Check[];
  judge(tables: readonly Table[], fresh: readonly Table[]): Answer | Promise<Answer>;
}

const census = ['datasets/census-income'];
const real = (name: string, title: string, table: string): Claim => ({
  name,
  title,
  configs: [`../${name}/compare`],
  needs: [`datasets/${name}`],
  charts: ['forest'],
  header: {
    claim: `On ${title}, PLE is better than single-task on each task.`,
    paper: table,
    refuted: 'a task on which PLE is shown to be worse, or to gain no more than the margin.',
    told: `The config is configs/${name}/compare.yaml; datasets/${name}.md says where the files are.`,
  },
  judge: ([table]) => ({ ...gainsOverSingleTask([must(table, 'a table')], ['ple']), found: [gains(table)] }),
});

export const claims: readonly Claim[] = [
  {
    name: 'seesaw',
    title: 'The seesaw',
    configs: ['seesaw'],
    charts: ['forest', 'scatter'],
    judge([table]) {
      const others = ['hard-sharing', 'asymmetric from VTR', 'asymmetric from VCR', 'cross-stitch', 'sluice', 'mmoe'];
      const group = others.map((label) => rowOf(table, label));
      const ple = rowOf(table, 'ple');
      const seesaws = group.filter(({ verdict }) => verdict === 'seesaw');
      const fronts = table?.fronts ?? [];
      const stubborn = fronts.filter(({ seesaw, model }) => seesaw === 'not repaired' && others.includes(model));
      const repaired = fronts.filter(({ seesaw }) => seesaw === 'repaired');
      const refuted = group.some(isBetter) || repaired.length > 0 || isNotBetter(ple);
      const shown = stubborn.length === group.length && isBetter(ple);
      return {
        verdict: verdictOf(shown, refuted),
        effect: `${seesaws.length} of ${group.length} are a seesaw, ${stubborn.length} of them beyond repair by a loss weight; PLE: ${told(ple)}`,
        found: [gains(table), frontsOf(table)],
      };
    },
  },
  {
    name: 'normal-relation',
    title: 'Tasks of normal relation',
    configs: ['normal-relation'],
    charts: ['forest'],
    judge([table]) {
      const joint = jointRows(table);
      const over = contrastsOf(table, 'ple');
      const shown = joint.every(isBetter) && over.every(({ aggregate }) => aggregate?.verdict === 'better');
      const refuted = joint.some(hasLoss) || over.some(({ aggregate }) => aggregate?.verdict === 'worse');
      const most = joint.toSorted((a, b) => (b.aggregate?.gain ?? 0) - (a.aggregate?.gain ?? 0))[0];
      const better = joint.filter(isBetter).length;
      return {
        verdict: verdictOf(shown, refuted),
        effect: `${better} of ${joint.length} models better on both; PLE: ${told(rowOf(table, 'ple'))}; largest Δm: ${most?.label}`,
        found: [gains(table), contrasts(table)],
      };
    },
  },
  {
    name: 'several-tasks',
    title: 'Three and four tasks',
    charts: ['forest'],
    configs: ['tasks-vtr-vcr-shr', 'tasks-vtr-vcr-cmr', 'tasks-four'],
    judge: (tables) => ({
      ...gainsOverSingleTask(tables, ['cgc', 'ple']),
      found: tables.map((table) => gains(table)),
    }),
  },
  {
    name: 'census',
    title: 'Census-Income',
    configs: ['census-income', 'census-education'],
    needs: census,
    charts: ['forest'],
    judge(tables) {
      const over = tables.flatMap((table) => contrastsOf(table, 'ple', 'mmoe'));
      const answer = gainsOverSingleTask(tables, ['ple']);
      const shown = answer.verdict === 'holds here' && over.every(({ aggregate }) => aggregate?.verdict === 'better');
      return {
        verdict: shown || answer.verdict !== 'holds here' ? answer.verdict : 'cannot be told',
        effect: answer.effect,
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
      const rows = must(table, 'a table').rows.filter(({ label }) => label === 'ple');
      const pairs = ['mmoe', 'hard-sharing'].map((label) => adjusted(contrastsOf(table, 'ple', label)));
      const shown = !rows.some(hasLoss) && pairs.every(({ better, worse }) => better > 0 && worse === 0);
      const refuted = rows.some(hasLoss) || pairs.some(({ worse }) => worse > 0);
      return {
        verdict: verdictOf(shown, refuted),
        effect: `PLE over MMoE: ${pairs[0]?.words}; over hard sharing: ${pairs[1]?.words}; over single-task: ${list(rows.map(({ verdict }) => verdict))}`,
        found: [gains(table), contrasts(table)],
      };
    },
  },
  {
    name: 'structure',
    title: 'CGC over MMoE, PLE over ML-MMoE and CGC',
    charts: [],
    configs: ['seesaw', 'normal-relation', 'correlation'],
    judge(tables) {
      const pairs = [
        ['cgc', 'mmoe'],
        ['ple', 'ml-mmoe'],
        ['ple', 'cgc'],
      ] as const;
      const all = pairs.map(([model, reference]) => ({
        name: `${model} over ${reference}`,
        ...adjusted(tables.flatMap((table) => contrastsOf(table, model, reference))),
      }));
      const shown = all.every(({ better, worse }) => better > 0 && worse === 0);
      const refuted = all.some(({ better, worse }) => worse > 0 && better === 0);
      return {
        verdict: verdictOf(shown, refuted),
        effect: all.map(({ name, words }) => `${name}: ${words}`).join('; '),
        found: [
          'The contrasts stand in the tables of the three claims above; here the seven tables of a pair are one family.',
        ],
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
      refuted: 'a smaller distance of the tasks’ gates in CGC than in MMoE, or in PLE than in ML-MMoE.',
      told: 'The runs of [the seesaw](#seesaw): mean gate weights over the test rows, by draw; paired t tests over draws.',
    },
    charts: ['expert'],
    judge: ([table]) => gatesAnswer(must(table, 'a table')),
  },
  {
    name: 'sample-spaces',
    title: 'Sample spaces',
    configs: ['sample-spaces'],
    charts: [],
    judge([table]) {
      const models = ['hard-sharing', 'ple'].map((label) => ({ label, ...maskedGain(must(table, 'a table'), label) }));
      const shown = models.every(({ gain, p }) => gain > 0 && p < 0.05);
      const refuted = models.some(({ gain, p }) => gain < 0 && p < 0.05);
      return {
        verdict: verdictOf(shown, refuted),
        effect: models.map(({ label, words }) => `${label}: ${words}`).join('; '),
        found: [
          'The effect is the fall of VCR’s error by masking, in % of that with labels of 0; paired over five draws (t, 4 degrees of freedom).',
        ],
      };
    },
  },
  {
    name: 'decaying-weights',
    title: 'Loss weights that decay',
    configs: ['decaying-weights'],
    charts: [],
    judge([table]) {
      const all = must(table, 'a table').contrasts;
      const verdicts = all.flatMap(({ tasks }) => Object.values(tasks).map(({ verdict }) => verdict));
      const shown = all.some(({ verdict }) => verdict?.startsWith('better'));
      const refuted = verdicts.every((verdict) => verdict === 'equivalent' || verdict === 'worse');
      return {
        verdict: verdictOf(shown, refuted),
        effect: all.map((contrast) => `${contrast.model}: ${told(contrast)}`).join('; '),
        found: [contrasts(table)],
      };
    },
  },
  {
    name: 'tuning',
    title: 'Structure against tuning',
    configs: ['tuning'],
    charts: [],
    judge: ([table]) => tuningAnswer(must(table, 'a table')),
  },
  {
    name: 'gates-of-mmoe',
    title: 'MMoE’s gates',
    configs: ['gates-of-mmoe'],
    charts: ['gain'],
    judge([table]) {
      const over = contrastsOf(table, 'mmoe', 'shared bottom');
      const { better, worse, words } = adjusted(over);
      const [least, most] = [over[0], over.at(-1)].map((contrast) => seedGains(contrast));
      const change = difference(must(least, 'gains'), must(most, 'gains'));
      const shown = better > 0 && worse === 0 && change.gain > 0 && change.p < 0.05;
      const refuted = worse > 0 || (change.gain < 0 && change.p < 0.05);
      return {
        verdict: verdictOf(shown, refuted),
        effect: `MMoE over the shared bottom: ${words}; gain at .5 less that at 1: ${change.words} in NMSE; over OMoE: ${adjusted(contrastsOf(table, 'mmoe', 'omoe')).words}`,
        found: [gains(table), contrasts(table)],
      };
    },
  },
  {
    name: 'map',
    title: 'Where PLE is worth it',
    configs: ['map-2-tasks', 'map-4-tasks'],
    charts: [],
    check: (tables) => mapChecks(tables),
    judge: (tables, fresh) => mapAnswer(tables, fresh),
  },
  real('kuairand', 'KuaiRand', 'none: after 2020'),
  real('aliexpress', 'AliExpress', 'none: after 2020'),
  real('ali-ccp', 'Ali-CCP', 'table 5'),
];

function verdictOf(shown: boolean, refuted: boolean): Answer['verdict'] {
  if (refuted) return 'does not hold here';
  return shown ? 'holds here' : 'cannot be told';
}

/** Better on all tasks in all tables; refuted by a task on which a model is worse, or no better than the margin. */
function gainsOverSingleTask(tables: readonly Table[], labels: readonly string[]): Omit<Answer, 'found'> {
  const rows = tables.flatMap((table) => labels.map((label) => rowOf(table, label)));
  return {
    verdict: verdictOf(rows.every(isBetter), rows.some(isNotBetter)),
    effect: rows.map((row) => `${row.label}: ${told(row)}`).join('; '),
  };
}

function isBetter({ verdict }: ComparisonRow): boolean {
  return verdict === 'better on all';
}

function hasLoss({ tasks }: Pick<ComparisonRow, 'tasks'>): boolean {
  return Object.values(tasks).some(({ verdict }) => verdict === 'worse');
}

/** A task is shown to be worse, or to gain no more than the margin. */
function isNotBetter(row: ComparisonRow): boolean {
  return hasLoss(row) || Object.values(row.tasks).some(({ verdict }) => verdict === 'equivalent');
}

function rowOf(table: Table | undefined, label: string): ComparisonRow {
  return must(
    table?.rows.find((row) => row.label === label),
    `row ${label}`,
  );
}

function jointRows(table: Table | undefined): readonly ComparisonRow[] {
  return must(table, 'a table').rows.filter(({ label }) => label !== table?.baseline);
}

function contrastsOf(table: Table | undefined, model: string, reference?: string): readonly Contrast[] {
  const all = must(table, 'a table').contrasts.filter((contrast) => contrast.model === model);
  return all.filter((contrast) => reference === undefined || contrast.reference === reference);
}

/** Mean relative gains of contrasts at several points or tables, as one family (Holm). */
function adjusted(family: readonly Contrast[]) {
  const p = holm(family.map(({ aggregate }) => aggregate?.p ?? null));
  const decided = (sign: number) =>
    family.filter(({ aggregate }, index) => (p[index] ?? 1) < 0.05 && sign * (aggregate?.gain ?? 0) > 0).length;
  const [better, worse] = [decided(1), decided(-1)];
  const values = family.map(({ aggregate }) => aggregate?.gain ?? Number.NaN);
  const range = `Δm ${signed(Math.min(...values), 1)} to ${signed(Math.max(...values), 1)} %`;
  return { better, worse, words: `better at ${better}, worse at ${worse} of ${family.length} (${range})` };
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
function gains(table: Table | undefined): string {
  const { rows, tasks, baseline } = must(table, 'a table');
  const head = ['model', ...tasks, 'Δm, %', 'parameters', 'verdict'];
  const axes = Object.keys(rows[0]?.axis ?? {});
  const lines = rows.map((row) => [
    ...axes.map((key) => shortValue(row.axis[key])),
    row.label,
    ...tasks.map((task) => {
      const gain = must(row.tasks[task], task);
      return row.label === baseline ? `${gain.mean?.toFixed(4)} ${gain.metric.toUpperCase()}` : gainText(gain);
    }),
    row.aggregate?.gain == null ? '' : signed(row.aggregate.gain, 1),
    row.parameters ? `${row.parameters.network} + ${row.parameters.embedding}` : '',
    row.verdict,
  ]);
  return `\n${markdown([[...axes.map(shortKey), ...head], ...lines])}`;
}

function contrasts(table: Table | undefined): string {
  const { contrasts: all, tasks } = must(table, 'a table');
  const axes = Object.keys(all[0]?.axis ?? {});
  const lines = all.map((contrast) => [
    ...axes.map((key) => shortValue(contrast.axis[key])),
    `${contrast.model} over ${contrast.reference}`,
    ...tasks.map((task) => gainText(must(contrast.tasks[task], task))),
    contrast.aggregate?.gain == null ? '' : signed(contrast.aggregate.gain, 1),
    contrast.verdict ?? '',
  ]);
  return `\n${markdown([[...axes.map(shortKey), 'contrast', ...tasks, 'Δm, %', 'verdict'], ...lines])}`;
}

function frontsOf(table: Table | undefined): string {
  const all = table?.fronts ?? [];
  const lines = all.map(({ model, points, seesaw, repairedBy }) => [
    model,
    ...points.map(({ value, tasks }) => `${value}: ${Object.values(tasks).map(gainText).join(', ')}`),
    seesaw ? `${seesaw}${repairedBy.length > 0 ? ` (${repairedBy.join(', ')})` : ''}` : '',
  ]);
  const weights = all[0]?.points.map((_, index) => `weight ${index + 1}`) ?? [];
  return `\n**Other loss weights** of VCR:\n\n${markdown([['model', ...weights, 'seesaw'], ...lines])}`;
}

function markdown([head = [], ...lines]: readonly (readonly string[])[]): string {
  const text = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [text(head), text(head.map(() => '---')), ...lines.map(text)].join('\n');
}

function shortKey(key: string): string {
  return key.split('.').at(-1) ?? key;
}

function shortValue(value: unknown): string {
  return typeof value === 'object' && value !== null && 'train' in value ? String(value.train) : String(value);
}

/** The means of a contrast's gains over tasks, by seed. */
function seedGains(contrast: Contrast | undefined): readonly number[] {
  const tasks = Object.values(contrast?.tasks ?? {}).map(({ gains }) => gains);
  return (tasks[0] ?? []).map(({ seed }) =>
    mean(
      tasks.map(
        (gains) =>
          must(
            gains.find((gain) => gain.seed === seed),
            'a gain',
          ).gain,
      ),
    ),
  );
}

interface Difference {
  readonly gain: number;
  readonly p: number;
  readonly words: string;
}

/** The mean of paired differences, or the difference of two means (Behrens-Fisher), with its 95 % interval. */
function difference(values: readonly number[], others?: readonly number[], digits = 4): Difference {
  const estimate = (sample: readonly number[]) => ({
    variance: standardDeviation(sample) ** 2 / sample.length,
    degreesOfFreedom: sample.length - 1,
    runs: sample.length,
    overlap: 0,
  });
  const error: EstimateError = { estimated: [estimate(values), ...(others ? [estimate(others)] : [])], known: 0 };
  const gain = mean(values) - (others ? mean(others) : 0);
  const half = halfWidth(0.05, error);
  const p = twoSidedP(gain, error);
  const words = `${signed(gain, digits)} [${signed(gain - half, digits)}, ${signed(gain + half, digits)}]`;
  return { gain, p, words: `${words}, p ${p < 0.001 ? '< .001' : p.toFixed(3)}` };
}

/** By draw: the fall of VCR's error where labels outside the sample space are masked, in % of that where they are 0. */
function maskedGain(table: Table, label: string): Difference {
  const means = table.rows
    .filter((row) => row.label === label)
    .map((row) => ({ row, mse: row.tasks['VCR']?.mean ?? Number.NaN }));
  const draws = [...new Set(means.map(({ row }) => JSON.stringify(row.axis['dataset.files'])))];
  const falls = draws.map((draw) => {
    const [masked, zero] = means.filter(({ row }) => JSON.stringify(row.axis['dataset.files']) === draw);
    return 100 * (1 - (masked?.mse ?? Number.NaN) / (zero?.mse ?? Number.NaN));
  });
  return difference(falls, undefined, 1);
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
      roles: ofTasks.map((gates) => distance(gates, (expert, gate) => expert.replace(`${gate}/`, 'own/'))),
      shared: ofTasks.map((gates) =>
        mean(
          gates.map(({ experts, mean }) =>
            experts.reduce((sum, name, i) => sum + (name.startsWith('shared/') ? (mean[i] ?? 0) : 0), 0),
          ),
        ),
      ),
      unused: runs
        .flat()
        .flatMap(({ mean }) => mean)
        .filter((weight) => weight < 0.01).length,
    };
  });
  const by = (label: string) =>
    must(
      used.find((use) => use.label === label),
      label,
    );
  const one = paired(by('cgc').roles, by('mmoe').roles);
  const two = paired(by('ple').roles, by('ml-mmoe').roles);
  const depth = paired(by('ple').shared, by('cgc').shared);
  const lines = used.map(({ label, all, roles, shared, unused }) => [
    label,
    ...[all, roles, shared].map((values) => `${mean(values).toFixed(3)} ± ${standardDeviation(values).toFixed(3)}`),
    String(unused),
  ]);
  const head = [
    'model',
    'distance, all experts',
    'distance, own experts taken for one another',
    'weight of shared experts',
    'weights below .01',
  ];
  return {
    verdict: verdictOf(
      [one, two].every(({ gain, p }) => gain > 0 && p < 0.05),
      [one, two].some(({ gain, p }) => gain < 0 && p < 0.05),
    ),
    effect: `distance of the tasks' gates, CGC less MMoE: ${one.words}; PLE less ML-MMoE: ${two.words}; shared experts, PLE less CGC: ${depth.words}`,
    found: [
      'The distance of two gates is half the sum of absolute differences of their mean weights (0: the same, 1: no expert in common). In CGC and PLE two tasks have different experts by design, so the test takes own experts for one another.',
      `\n${markdown([head, ...lines])}`,
    ],
  };
}

/** Total variation between the first two gates. */
function distance([a, b]: readonly GateUse[], nameOf: (expert: string, gate: string) => string): number {
  const weights = (use: GateUse | undefined) =>
    new Map(use?.experts.map((expert, i) => [nameOf(expert, use.gate), use.mean[i] ?? 0]));
  const [first, second] = [weights(a), weights(b)];
  const names = [...new Set([...first.keys(), ...second.keys()])];
  return names.reduce((sum, name) => sum + Math.abs((first.get(name) ?? 0) - (second.get(name) ?? 0)), 0) / 2;
}

function paired(values: readonly number[], others: readonly number[]): Difference {
  return difference(
    values.map((value, index) => value - must(others[index], 'a pair')),
    undefined,
    3,
  );
}

/** Shares of the variance of each task's metric, and whether the model's is the largest of what can be chosen. */
function tuningAnswer(table: Table): Answer {
  const joint = table.rows.filter(({ label }) => label !== table.baseline);
  const tasks = table.tasks.map((task) => {
    const metric = must(joint[0]?.tasks[task], task).metric;
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
          metric
        ] as number,
      })),
    );
    const draws = [...new Set(cells.map(({ levels }) => levels.draw))];
    const without = draws.map((draw) => varianceShares(cells.filter(({ levels }) => levels.draw !== draw)));
    const share = varianceShares(cells);
    const leads = (shares: Readonly<Record<string, number>>) =>
      ['width', 'rate', 'weight'].every((factor) => (shares['model'] ?? 0) > (shares[factor] ?? 0));
    return { task, share, first: without.map(leads) };
  });
  const factors = ['model', 'width', 'rate', 'weight', 'draw', 'rest'];
  const percent = (share: number | undefined) => `${(100 * (share ?? 0)).toFixed(0)} %`;
  return {
    verdict: verdictOf(
      tasks.every(({ first }) => first.every(Boolean)),
      tasks.some(({ first }) => first.every((lead) => !lead)),
    ),
    effect: tasks
      .map(
        ({ task, share }) =>
          `${task}: model ${percent(share['model'])}, rate ${percent(share['rate'])}, weight ${percent(share['weight'])}, width ${percent(share['width'])}, draw ${percent(share['draw'])}`,
      )
      .join('; '),
    found: [
      'Shares are variance components of a mixed model with main effects; the rest holds interactions and training noise. Whether the model’s share is the largest of what one can choose was asked again without each draw: the answer stands if all of these agree.',
      `\n${markdown([['task', ...factors], ...tasks.map(({ task, share }) => [task, ...factors.map((factor) => percent(share[factor]))])])}`,
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
function mapChecks(tables: readonly Table[]): readonly Check[] {
  const cells = tables.flatMap(cellsOf).toSorted((a, b) => least(b) - least(a));
  const inside = cells.find((cell) => cellVerdict(cell) === 'better than both') ?? cells[0];
  const points = [
    ['inside', inside],
    ['outside', cells.at(-1)],
  ] as const;
  return points.flatMap(([label, cell]) =>
    cell
      ? [
          {
            config: cell.table.name.replace('claim-', ''),
            label,
            words: [
              `compare.axes=${JSON.stringify({ 'dataset.correlation': [cell.correlation], 'dataset.rows': [cell.rows] })}`,
              'compare.seeds=[101, 102, 103, 104, 105]',
              'compare.tuneSeed=1000101',
            ],
          },
        ]
      : [],
  );
}

async function mapAnswer(tables: readonly Table[], fresh: readonly Table[]): Promise<Answer> {
  const cells = tables.flatMap(cellsOf);
  const inside = cells.filter((cell) => cellVerdict(cell) === 'better than both');
  const again = fresh.flatMap(cellsOf);
  const confirmed = again[0] ? cellVerdict(again[0]) : 'undecided';
  const worse = cells.filter((cell) => cellVerdict(cell) === 'worse than one').length;
  const panels = tables.map((table) => ({
    title: `${table.tasks.length} tasks`,
    cells: cellsOf(table).map((cell) => ({
      x: String(cell.correlation),
      y: String(cell.rows.train),
      verdict: cellVerdict(cell),
      lines: [
        `${signed(cell.mmoe.aggregate?.gain ?? Number.NaN, 0)} / ${signed(cell.hard.aggregate?.gain ?? Number.NaN, 0)} %`,
      ],
    })),
  }));
  const where = ({ table, correlation, rows }: Cell) =>
    `${table.tasks.length} tasks, correlation ${correlation}, ${rows.train} rows`;
  const points = again.map(
    (cell, index) =>
      `${index > 0 ? 'Outside' : inside.length > 0 ? 'Inside' : 'Nearest to inside'} (${where(cell)}): ${cellVerdict(cell)}; over MMoE Δm ${aggregateText(cell.mmoe)}, over hard sharing ${aggregateText(cell.hard)}.`,
  );
  const ablations = ['cgc', 'ple without own experts', 'ple with blind gates'].map(
    (label) => `PLE over ${label}: ${adjusted(tables.flatMap((table) => contrastsOf(table, 'ple', label))).words}.`,
  );
  return {
    verdict: verdictOf(
      inside.length > 0 && confirmed === 'better than both',
      inside.length === 0 && worse === cells.length,
    ),
    effect: `better than both at ${inside.length} of ${cells.length} points, worse than one at ${worse}; fresh draws at the best: ${confirmed}`,
    found: [
      'Δm of PLE over MMoE / over hard sharing at each point:',
      `\n${await drawMap('docs/claims/map.svg', panels)}`,
      `\n**Fresh draws**, five at each point and a search of their own: ${points.join(' ')}`,
      `\n**Ablations**, over all points: ${ablations.join(' ')}`,
      ...tables.map((table) => contrasts(table)),
    ],
  };
}

function aggregateText({ aggregate }: Contrast): string {
  const interval = aggregate?.interval;
  return aggregate?.gain == null
    ? '–'
    : `${signed(aggregate.gain, 1)} ${interval ? `[${signed(interval[0], 1)}, ${signed(interval[1], 1)}] ` : ''}%`;
}
