import type { z } from 'zod';
import { wholeNumber } from '../support/text.js';
import {
  axisSize,
  type Compare,
  crossFit,
  labelOf,
  modelsOfAxis,
  pickRows,
  pickType,
  seedsOf,
  trainedModels,
  tuneSeedsOf,
} from './compare-schema.js';
import { labelsIn } from './contrasts.js';
import type { Definitions } from './definitions.js';
import type { Experiment } from './experiment.js';
import type { Path } from './node.js';
import { notAmong, refuse } from './parse.js';
import { countCombinations, drawnMost, isList } from './search.js';

/** What may be wrong with the keys of a comparison together: where, when it is, and what is said. */
interface Rule {
  readonly path: Path;
  readonly when: boolean;
  readonly say: string;
}

interface CheckedConfig extends Pick<Experiment, 'tasks' | 'dataset'> {
  readonly compare: Compare;
}

/**
 * Refuses what breaks a rule. Where several rules of one path are broken, the last one is told: the others rest on it.
 * Runs are counted only if all that they are made of is there.
 */
export function checkComparison(
  config: CheckedConfig,
  context: z.core.$RefinementCtx,
  { metrics: { all }, baseline }: Definitions,
): void {
  const { compare } = config;
  check([...modelRules(compare, baseline), ...contrastRules(compare), ...axisRules(compare), ...searchRules(compare)]);
  check([...metricRules(config, all), ...marginRules(compare, all), ...taskWeightRules(config)]);
  if (context.issues.length === 0) check(runRules(config));

  function check(rules: readonly Rule[]): void {
    for (const { path, when, say } of rules) if (when) refuse(context, path, say);
  }
}

type Metrics = Definitions['metrics']['all'];

/** A name must be one of these. */
function isAmong(path: Path, what: string, name: string, names: readonly string[]): Rule {
  return { path, when: !names.includes(name), say: notAmong(what, name, names) };
}

function modelRules(compare: Compare, baseline: string): readonly Rule[] {
  const { models } = compare;
  const path = ['compare', 'models'];
  const labels = models.map(labelOf);
  const trained = trainedModels(compare).map(({ label }) => label);
  const picked = pickRows(compare).flatMap(({ of, path }) =>
    of.map((label, index) => isAmong([...path, index], 'no model with validation scores is labelled', label, trained)),
  );
  const twice = labels.find((label, index) => labels.indexOf(label) !== index);
  return [
    { path, when: !models.some(({ type }) => type === baseline), say: `list a ${baseline} model: gains are over it` },
    { path, when: twice !== undefined, say: `two models are labelled '${twice}': give each a label of its own` },
    ...picked,
  ];
}

function contrastRules(compare: Compare): readonly Rule[] {
  // A pick has no test of its own.
  const labels = compare.models.filter(({ type }) => type !== pickType).map(labelOf);
  return compare.contrasts.flatMap((contrast, index) => {
    const path = ['compare', 'contrasts', index];
    const name = 'name' in contrast ? contrast.name : undefined;
    const isLabel = {
      path: [...path, 'name'],
      when: name !== undefined && compare.models.map(labelOf).includes(name),
      say: `a model is labelled '${name}': choose another name`,
    };
    const sides = labelsIn(contrast).map((side) =>
      isAmong([...path, ...side.path], 'no model is labelled', side.label, labels),
    );
    return [isLabel, ...sides];
  });
}

/** Keys that a comparison sets itself, that it has once, or that do not belong to a run. */
const fixed =
  /^((compare|execute|engine|tracking)(\..*)?|name|seed|model|dataset\.from|tasks(\.\d+(\.(name|type))?)?)$/;
const notVaried =
  'cannot be varied: name a key below dataset (as an axis), inputs, model, loss or train, or an option of a task';

function axisRules({ models, axes }: Compare): readonly Rule[] {
  const labels = models.map(labelOf);
  return Object.entries(axes).flatMap(([key, axis]) => {
    const path = ['compare', 'axes', key];
    const varied = modelsOfAxis(axis) ?? [];
    return [
      { path, when: fixed.test(key), say: notVaried },
      ...varied.map((label) => isAmong(path, 'no model is labelled', label, labels)),
    ];
  });
}

/** Rules of the keys that are searched for every model, and for one alone. */
function searchRules({ axes, models, tune, search }: Compare): readonly Rule[] {
  const isGrid = drawnMost(search) === Number.POSITIVE_INFINITY;
  const shared = { start: ['compare', 'tune'], spaces: tune, others: {} };
  const single = models.map((model, index) => {
    return { start: ['compare', 'models', index, 'tune'], spaces: model.tune, others: tune ?? {} };
  });
  return [shared, ...single].flatMap(({ start, spaces, others }) =>
    Object.entries(spaces ?? {}).flatMap(([key, space]) => {
      const path = [...start, key];
      return [
        {
          path,
          when: isGrid && !isList(space),
          say: 'a grid needs a list of values: list them, or draw from this distribution with compare.search: { type: random, candidates: 20 }',
        },
        {
          path,
          when: /^dataset\b/.test(key),
          say: 'cannot be tuned: models are compared on the same data and split; vary it by axes',
        },
        { path, when: key in others, say: 'is in compare.tune already, which is searched for every model' },
        { path, when: key in axes, say: 'is an axis already' },
        { path, when: fixed.test(key), say: notVaried },
      ];
    }),
  );
}

function metricRules({ compare: { uncertainty, metrics }, tasks }: CheckedConfig, all: Metrics): readonly Rule[] {
  const taskNames = tasks.map(({ name }) => name);
  return Object.entries(metrics).flatMap(([task, metric]) => {
    const path = ['compare', 'metrics', task];
    const type = tasks.find(({ name }) => name === task)?.type;
    const judges = all.filter((judge) => judge.better !== null && judge.type === type);
    const judgeNames = judges.map(({ name }) => name);
    const hasError = judges.some(({ name, influence }) => name === metric && influence);
    return [
      {
        path,
        when: (uncertainty === 'rows' || uncertainty === 'both') && !hasError,
        say: `${metric} has no error over test rows, which uncertainty: ${uncertainty} asks for: choose another metric, or uncertainty: seeds`,
      },
      isAmong(path, `'${task}' is not judged by`, metric, judgeNames),
      isAmong(path, 'no task', task, taskNames),
    ];
  });
}

function marginRules({ margin }: Compare, all: Metrics): readonly Rule[] {
  const judges = all.flatMap(({ name, better }) => (better === null ? [] : [name]));
  return Object.keys(margin).map((metric) => isAmong(['compare', 'margin', metric], 'no metric', metric, judges));
}

function taskWeightRules({ compare: { taskWeights }, tasks }: CheckedConfig): readonly Rule[] {
  const names = tasks.map(({ name }) => name);
  const path = ['compare', 'taskWeights'];
  return [
    ...Object.keys(taskWeights).map((task) => isAmong([...path, task], 'no task', task, names)),
    { path, when: names.every((name) => taskWeights[name] === 0), say: 'a task has a weight above 0' },
  ];
}

/** Runs are checked and planned in memory. */
const mostRuns = 20_000;

/** Rules of the whole search and of the number of runs. */
function runRules({ compare, dataset }: CheckedConfig): readonly Rule[] {
  const seeds = seedsOf(compare);
  const picks = pickRows(compare);
  const isCrossFit = compare.tuneSeed === crossFit;
  const isDrawn = drawnMost(compare.search) !== Number.POSITIVE_INFINITY;
  const isSearched = trainedModels(compare).some(({ tune }) => countCombinations({ ...compare.tune, ...tune }) > 1);
  const reported = tuneSeedsOf(compare).find((seed) => seeds.includes(seed));
  const runs = countRuns(compare);
  return [
    {
      path: ['compare', isCrossFit ? 'tuneSeed' : 'search'],
      when: !isSearched && ((isCrossFit && picks.length === 0) || isDrawn),
      say: 'there is nothing to search: name keys and their values under compare.tune',
    },
    ...picks.map(({ label }) => ({
      path: ['compare', 'tuneSeed'],
      when: !isCrossFit,
      say: `${label} needs cross-fit: seeds pick for one another`,
    })),
    {
      path: ['compare', 'tuneSeed'],
      when: isCrossFit && seeds.length < 2,
      say: 'cross-fit needs two seeds or more, which choose for one another',
    },
    {
      path: ['compare', 'tuneSeed'],
      when: isSearched && !isCrossFit && reported !== undefined,
      say: `${reported} is one of compare.seeds: a search has seeds of its own`,
    },
    {
      path: ['dataset', 'splitSeed'],
      when: isSearched && dataset.splitSeed === 'run',
      say: 'run draws other splits under the seed of a search: it would choose by rows that others are tested on; use a number',
    },
    {
      path: ['compare'],
      when: runs > mostRuns,
      say: `the points of the axes, models, seeds and searched values make ${wholeNumber(runs)} runs; ${wholeNumber(mostRuns)} is the most: list fewer values`,
    },
  ];
}

function countRuns(compare: Compare): number {
  // With cross-fitting, the reported runs are among those of the search.
  const reported = compare.tuneSeed === crossFit ? 0 : seedsOf(compare).length;
  return trainedModels(compare).reduce((sum, { label, tune }) => {
    const combinations = Math.min(countCombinations({ ...compare.tune, ...tune }), drawnMost(compare.search));
    return sum + countPoints(compare, label) * (combinations * tuneSeedsOf(compare).length + reported);
  }, 0);
}

/** How many points there are for a model: an axis may vary others. */
function countPoints({ axes }: Compare, label: string): number {
  return Object.values(axes).reduce((product, axis) => {
    const varies = modelsOfAxis(axis)?.includes(label) ?? true;
    return varies ? product * axisSize(axis) : product;
  }, 1);
}
