import { byPoint, pointText } from '../../comparison/plan/axis-point.js';
import { mean, standardDeviation } from '../../comparison/statistics/moments.js';
import { asFinished, type LiveRun } from '../../comparison/stored/live-run.js';
import type { PlannedRow } from '../../comparison/stored/plan-file.js';
import type { Watched } from '../../comparison/stored/watched-folder.js';
import { metrics } from '../../metrics/catalogue.js';
import { type FinishedRun, readRun } from '../../training/finished-run.js';
import { balancingSections, runBalancing } from '../charts/balancing.js';
import { drawAll, drawCharts, drawRunCharts } from '../charts/draw-charts.js';
import type { ChartSection } from '../charts/drawing.js';
import { type LiveCurve, type LiveTask, liveCurves } from '../charts/live-curves.js';
import { isBalanced, runLossWeights } from '../charts/loss-weights.js';
import { modelSeries } from '../charts/palette.js';
import { runCurves } from '../charts/run-curves.js';
import { dash, digitsFor, fixed } from '../numbers.js';
import { scrolling, typographic } from '../page/cells.js';
import { chartSection, modelKey } from '../page/chart-sections.js';
import { type Html, html, toText } from '../page/html.js';
import { findings, tables } from '../page/report-page.js';
import { metricSection, runTasks } from '../page/run-page.js';
import { metricName } from '../points.js';

/** A part of the page: one element, with an id of its own. */
export interface LiveSection {
  readonly id: string;
  readonly html: string;
}

type WatchedRun = Watched & { readonly kind: 'run' };
type WatchedComparison = Watched & { readonly kind: 'comparison' };

/** Draws what a folder holds: of what is finished the report's charts, of what trains its curves so far. */
export async function liveSections(watched: Watched): Promise<readonly LiveSection[]> {
  if (watched.kind === 'run') return ofRun(watched);
  return watched.kind === 'comparison' ? ofComparison(watched) : [];
}

async function ofRun({ run }: WatchedRun): Promise<readonly LiveSection[]> {
  const { experiment, epochs, path, result } = run;
  if (!experiment) return [];
  const finished = result && readRun(path);
  if (finished) {
    const charts = await drawRunCharts(finished, runTasks(finished));
    return [part('metrics', metricSection(finished)), ...charts.map(chartPart)];
  }
  const live = { experiment, epochs, result: { bestEpoch: null } };
  const sections =
    epochs.length === 0
      ? []
      : [...runCurves(live, runTasks({ experiment })), ...runLossWeights(live), ...runBalancing(live)];
  return (await drawAll(sections)).map(chartPart);
}

async function ofComparison(watched: WatchedComparison): Promise<readonly LiveSection[]> {
  const { plan, comparison, state } = watched;
  const series = modelSeries(comparison ?? plan);
  const tasks = plan.tasks.map((task) => ({
    ...task,
    better: metrics.all.find(({ name }) => name === task.metric)?.better ?? ('higher' as const),
  }));
  const live = await drawAll([
    ...liveCurves(tasks, placesOf(watched), series),
    ...(comparison && state === 'finished' ? [] : weightsSoFar(watched)),
  ]);
  const reported = comparison ? await reportOf({ ...watched, comparison }) : { found: [], gains: [], others: [] };
  const names = live.map(({ id }) => id);
  return [
    ...runningPart(watched, tasks),
    ...failedPart(watched),
    ...reported.found,
    ...(live.length > 0 ? [part('models', modelKey(series))] : []),
    ...reported.gains,
    ...(comparison && state === 'finished' ? [] : [part('so-far', soFar(watched, tasks))]),
    ...live.map(chartPart),
    ...reported.others.filter(({ id }) => !names.includes(id)),
  ];
}

/** The report of the last table: what was found, tables and charts. While runs train, without their curves. */
async function reportOf({
  comparison,
  runs,
  plan,
  state,
}: WatchedComparison & { readonly comparison: NonNullable<WatchedComparison['comparison']> }) {
  const finished = new Map(
    [...runs].flatMap(([path, run]): [string, FinishedRun][] => {
      const read = asFinished(run);
      return read ? [[path, read]] : [];
    }),
  );
  const charts = await drawCharts({ comparison, runs: finished, command: '', config: null });
  const shown = charts.filter(({ id }) => state === 'finished' || id !== 'learning');
  const isGain = ({ id }: ChartSection) => ['forest', 'axis', 'scatter'].includes(id);
  const seeds = comparison.seeds.length;
  const title = state === 'finished' ? 'What was found' : `What was found after ${seeds} of ${plan.seeds.length} seeds`;
  return {
    found: [part('found', html`<section id="found"><h2>${title}</h2>${findings(comparison)}</section>`)],
    gains: [...shown.filter(isGain).map(chartPart), part('numbers', tables(comparison, finished))],
    others: shown.filter((chart) => !isGain(chart)).map(chartPart),
  };
}

function placesOf({ plan, runs }: WatchedComparison) {
  return byPoint(plan.rows, ({ axis }) => axis).map((rows) => ({
    title: pointText(rows[0]?.axis ?? {}),
    curves: rows.flatMap(({ label, runs: references }) =>
      references.flatMap(({ seed, path, parts }): LiveCurve[] =>
        [...new Set(parts ? Object.values(parts) : [path])].flatMap((at) => {
          const run = runs.get(at);
          const tasks = parts && Object.keys(parts).filter((task) => parts[task] === at);
          return run ? [curveOf(label, seed, run, tasks)] : [];
        }),
      ),
    ),
  }));
}

/** @param tasks Those that are reported from this part of a run. */
function curveOf(
  label: string,
  seed: number,
  { epochs, state }: LiveRun,
  tasks: readonly string[] | undefined,
): LiveCurve {
  const own = <Value>(values: Readonly<Record<string, Value>>) =>
    Object.fromEntries(Object.entries(values).filter(([task]) => tasks?.includes(task) ?? true));
  return {
    ...{ label, seed, running: state === 'running' },
    epochs: tasks
      ? epochs.map((record) => ({
          ...record,
          validation: own(record.validation),
          train: { ...record.train, tasks: own(record.train.tasks) },
        }))
      : epochs,
  };
}

/** Loss weights that a schedule varies, and those of balancing methods: of each model, the run with the most epochs. */
function weightsSoFar({ plan, runs }: WatchedComparison) {
  const longest = ({ runs: references }: PlannedRow) => {
    const own = references.flatMap(({ path }) => runs.get(path) ?? []);
    return own.toSorted((a, b) => b.epochs.length - a.epochs.length).slice(0, 1);
  };
  const all = byPoint(plan.rows, ({ axis }) => axis).map((rows) => ({
    title: pointText(rows[0]?.axis ?? {}),
    models: rows.flatMap((row) =>
      longest(row).map(({ experiment, epochs }) => ({ label: row.label, experiment, epochs })),
    ),
  }));
  const [first] = all.flatMap(({ models }) =>
    models.flatMap(({ experiment, epochs }) => (experiment && !isBalanced({ epochs }) ? [{ experiment, epochs }] : [])),
  );
  const balanced = all
    .map((place) => ({ ...place, models: place.models.filter(isBalanced) }))
    .filter(({ models }) => models.length > 0)
    .slice(0, 1);
  return [
    ...(first ? runLossWeights(first) : []),
    ...balancingSections(
      plan.tasks.map(({ name }) => name),
      balanced,
      ['Of each model, the run with the most epochs.'],
    ),
  ];
}

/** What trains now. */
function runningPart(watched: WatchedComparison, tasks: readonly LiveTask[]): readonly LiveSection[] {
  const running = namedRuns(watched).filter(({ run }) => run.state === 'running');
  if (running.length === 0) return [];
  const rows = running.map(({ name, run: { epochs, experiment } }) => {
    const last = epochs.at(-1);
    const scores = tasks.map(({ name: task, metric }) => shownValue(last?.validation[task]?.[metric]));
    const limit = experiment?.train.epochs;
    return { name, cells: [`${last?.epoch ?? 0}${limit === undefined ? '' : ` of at most ${limit}`}`, ...scores] };
  });
  const heads = ['epochs', ...tasks.map(({ name, metric }) => `${name}, validation ${metricName(metric)}`)];
  const table = plainTable('Training now', ['run', ...heads], rows);
  return [part('now', html`<section id="now"><h2>Training now</h2>${table}</section>`)];
}

function failedPart(watched: WatchedComparison): readonly LiveSection[] {
  const said = namedRuns(watched).filter(({ run }) => run.message !== null);
  if (said.length === 0) return [];
  return [
    part(
      'failed',
      html`<div class="notes" role="note" id="failed">${said.map(({ name, run }) => html`<p>${name}: ${run.message ?? ''}</p>`)}</div>`,
    ),
  ];
}

/** Every run with a folder of its own, under the first name that the plan has for it. */
function namedRuns({ plan, runs }: WatchedComparison): readonly { readonly name: string; readonly run: LiveRun }[] {
  const names = new Map<string, string>();
  for (const { label, axis, runs: references } of plan.rows)
    for (const { seed, path, parts } of references) {
      const start = [label, pointText(axis, ' ')].filter((text) => text !== '').join(' ');
      for (const [task, at] of parts ? Object.entries(parts) : [['', path] as const])
        if (!names.has(at)) names.set(at, `${start}, seed ${seed}${task === '' ? '' : `, ${task}`}`);
    }
  return [...runs].map(([path, run]) => ({ name: names.get(path) ?? path, run }));
}

/** Means over finished runs: of the test split, or of validation in a search. They are not tested. */
function soFar({ plan, runs }: WatchedComparison, tasks: readonly LiveTask[]): Html {
  const split = plan.stage === 'tuning' ? ('validation' as const) : ('test' as const);
  const rows = plan.rows.map(({ label, axis, runs: references }) => {
    const done = references.filter(({ path, parts }) =>
      (parts ? Object.values(parts) : [path]).every((at) => runs.get(at)?.state === 'finished'),
    );
    const values = tasks.map(({ name, metric }) =>
      done.flatMap(({ path, parts }) => {
        const value = runs.get(parts?.[name] ?? path)?.result?.tasks[name]?.[split][metric];
        return typeof value === 'number' ? [value] : [];
      }),
    );
    const name = [label, pointText(axis)].filter((text) => text !== '').join(', ');
    return { name, cells: [`${done.length} of ${references.length}`, ...values.map(meanText)] };
  });
  const heads = ['runs', ...tasks.map(({ name, metric }) => `${name}, ${split} ${metricName(metric)}`)];
  return html`<section id="so-far"><h2>Finished runs</h2>
<p class="reading">Means over finished runs ± their standard deviation. They are not tested: the verdicts come with the comparison’s table.</p>
${plainTable('Finished runs', ['model', ...heads], rows)}</section>`;
}

function meanText(values: readonly number[]): string {
  if (values.length === 0) return dash;
  if (values.length === 1) return shownValue(values[0]);
  const [middle, spread] = [mean(values), standardDeviation(values)];
  const digits = digitsFor([spread], [middle]);
  return `${fixed(middle, digits)} ± ${fixed(spread, digits)}`;
}

function shownValue(value: unknown): string {
  return typeof value === 'number' ? fixed(value, digitsFor([], [value])) : dash;
}

function plainTable(
  label: string,
  [first = '', ...heads]: readonly string[],
  rows: readonly { readonly name: string; readonly cells: readonly string[] }[],
): Html {
  return scrolling(
    label,
    html`<table class="stacks"><caption class="unseen">${label}</caption>
<thead><tr><th scope="col">${first}</th>${heads.map((head) => html`<th scope="col" class="number">${head}</th>`)}</tr></thead>
<tbody>
${rows.map(
  ({ name, cells }) =>
    html`<tr><th scope="row">${name}</th>${cells.map((cell, index) => html`<td class="number" data-label="${heads[index] ?? ''}">${typographic(cell)}</td>`)}</tr>
`,
)}</tbody></table>`,
  );
}

function chartPart(section: ChartSection): LiveSection {
  return part(section.id, chartSection(section));
}

function part(id: string, content: Html): LiveSection {
  return { id, html: toText(content).trim() };
}
