import type { Comparison, ComparisonRow, Front, TaskGain, Verdict } from '../../comparison/comparison.js';
import { isUnfinished } from '../../comparison/statistics/verdict.js';
import { joined } from '../../support/joined.js';
import type { GainRow } from '../gain-table.js';
import { count, listed, rounded } from '../numbers.js';
import { comparisonPoints, type Point, weightedTask } from '../points.js';
import { quoted, say } from '../sentences.js';
import { chooseAnswer } from './answer.js';
import { answerInWords } from './answer-in-words.js';
import { findings } from './findings.js';

/** The results at one point of the axes in words. Plain text. */
export interface PointVerdict {
  readonly title: string;
  /** Which model to use, on what evidence, and what it costs; or what to do first. */
  readonly answer: readonly string[];
  /** A sentence per model except the baseline. */
  readonly models: readonly Finding[];
  /** A sentence per contrast. */
  readonly contrasts: readonly Finding[];
  /** One sentence on all models that were not trained to a plateau. Empty if there are none, or the answer says it. */
  readonly unfinished: string;
}

interface Finding {
  readonly row: GainRow;
  readonly sentence: string;
  /** Whether the answer says it too. */
  readonly isSaid: boolean;
}

export function verdictsInWords(comparison: Comparison): readonly PointVerdict[] {
  return comparisonPoints(comparison).map((point) => {
    const { models, contrasts, fronts } = point;
    const rows = models.rows.filter(({ reference }) => reference !== null);
    const late = unfinished(
      rows.filter(({ verdict }) => verdict === plateau),
      point,
    );
    const answer = chooseAnswer(comparison, point);
    const isLate = answer.kind === 'no verdict';
    const texts = isLate ? [late] : answerInWords(answer, comparison, point);
    const finding = (row: GainRow, front?: Front): Finding => {
      const found = findings(row, comparison);
      const isSaid = found !== '' && texts.some((text) => text.includes(found));
      return { row, sentence: joined(' ', sentence(row, found), repair(front)), isSaid };
    };
    return {
      title: point.title,
      answer: texts,
      models: rows.map((row) =>
        finding(
          row,
          fronts.find(({ model }) => model === row.model.label),
        ),
      ),
      contrasts: (contrasts?.rows ?? []).map((row) => finding(row)),
      unfinished: isLate ? '' : late,
    };
  });
}

const plateau: Verdict = 'not trained to a plateau';

function sentence(row: GainRow, found: string): string {
  const names = { model: quoted(row.model.label), reference: quoted(row.reference ?? '') };
  return row.verdictText === 'no result' ? say('noRuns', names) : say('finding', { ...names, findings: found });
}

/** Of a model that is better on one task and worse on another: whether another loss weight repairs it. */
function repair(front: Front | undefined): string {
  if (!front?.seesaw) return '';
  const task = weightedTask(front);
  switch (front.seesaw) {
    case 'repaired':
      return say('repaired', { task, weights: listed(front.repairedBy.map(rounded)) });
    case 'undecided':
      return say('perhapsRepaired', { task });
    case 'seesaw':
      return say('notRepaired', { task, count: String(front.points.length) });
  }
}

/** The models that were not trained to a plateau, including the reference. Empty if there are none. */
function unfinished(rows: readonly GainRow[], point: Point): string {
  const over = point.rows.filter((row) => row.label === rows[0]?.reference && lateTasks(row).length > 0);
  const late = [...over, ...rows.map(({ model }) => model).filter((model) => lateTasks(model).length > 0)];
  const named = (model: ComparisonRow) => {
    const tasks = lateTasks(model);
    return `${quoted(model.label)}${tasks.length < point.tasks.length ? ` (${tasks.join(', ')})` : ''}`;
  };
  const sum = (runs: (model: ComparisonRow) => number) => count(late.reduce((total, model) => total + runs(model), 0));
  return joined(
    ' ',
    say('noPlateau', {
      models: listed(late.map(named)),
      ended: sum(({ atLimit }) => atLimit),
      runs: sum(finishedRuns),
    }),
    say('noPlateauOver', {
      reference: listed(over.map(({ label }) => quoted(label))),
      tasks: listed(over.flatMap(lateTasks)),
    }),
  );
}

function lateTasks(model: ComparisonRow): readonly string[] {
  const isLate = ({ atLimit }: TaskGain) => isUnfinished(atLimit, finishedRuns(model));
  return Object.entries(model.tasks).flatMap(([task, gain]) => (isLate(gain) ? [task] : []));
}

function finishedRuns({ runs }: ComparisonRow): number {
  return runs.filter(({ status }) => status === 'done').length;
}
