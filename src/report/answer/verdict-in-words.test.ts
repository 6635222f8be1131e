import { expect, test } from 'vitest';
import type { ComparisonRow, Front, TaskGain, Verdict } from '../../comparison/comparison.js';
import { must } from '../../support/must.js';
import { comparisonRow, everyVerdict, taskGain } from '../comparison.fixture.js';
import { verdictsInWords } from './verdict-in-words.js';

const [all] = verdictsInWords(everyVerdict);
const sentence = (label: string) => all?.models.find(({ row }) => row.model.label === label)?.sentence;
const withRows = (rows: readonly ComparisonRow[]) => {
  const [verdict] = verdictsInWords({ ...everyVerdict, rows: [...everyVerdict.rows.slice(0, 1), ...rows] });
  if (!verdict) throw new Error('A table has a verdict.');
  return verdict;
};
const only = (...labels: string[]) => withRows(everyVerdict.rows.filter(({ label }) => labels.includes(label)));
const model = (verdict: Verdict, income: TaskGain, married: TaskGain, label = 'PLE') =>
  comparisonRow(label, { tasks: { income, 'never-married': married }, verdict });

test('a sentence for each verdict, with the size of each gain', () => {
  expect(sentence('PLE')).toBe(
    'PLE: better than single-task on income (+0.00120 AUC) and never-married (+0.00080 AUC).',
  );
  expect(sentence('CGC')).toBe(
    'CGC: better than single-task on income (+0.00110 AUC); undecided against single-task on never-married (+0.00010 AUC, at most 0.001 AUC worse), by the 95 % intervals.',
  );
  expect(sentence('MMoE')).toBe(
    'MMoE: better than single-task on income (+0.00130 AUC); worse than single-task on never-married (-0.00090 AUC).',
  );
  expect(sentence('Sluice')).toBe(
    'Sluice: worse than single-task on income (-0.00140 AUC); equivalent to single-task on never-married (within ± 0.001 AUC).',
  );
  expect(sentence('Stitch')).toBe(
    'Stitch: equivalent to single-task on income (within ± 0.001 AUC) and never-married (within ± 0.001 AUC).',
  );
  expect(sentence('ML-MMoE')).toBe(
    'ML-MMoE: better than single-task on never-married (+0.00070 AUC); no verdict on income, not trained to a plateau.',
  );
  expect(sentence('Failed')).toBe('Failed: no result, because no run of it is finished with one of single-task.');
  expect(sentence('Hard sharing')).toBe(
    'Hard sharing: undecided against single-task on income (+0.00020 AUC, at most 0.0005 AUC worse) ' +
      'and never-married (-0.00010 AUC, at most 0.0008 AUC worse), by the 95 % intervals.',
  );
});

test('nothing is said to be as good without a test of it; how much worse it may be follows from a test or an interval', () => {
  const words = [...(all?.answer ?? []), ...(all?.models ?? []).map(({ sentence }) => sentence)].join('\n');
  expect(words.match(/equivalent|within/g)).toEqual(['equivalent', 'within', 'equivalent', 'within', 'within']);
  const gain = taskGain(0.0001, 'undecided', { pNotInferior: 0.04 });
  const row = model('better on some', taskGain(0.001, 'better'), gain);
  const sentence = (level: number) =>
    verdictsInWords({ ...everyVerdict, rows: [row], test: { ...everyVerdict.test, level } })[0]?.models[0]?.sentence;
  expect(sentence(0.05)).toContain('at most 0.001 AUC worse');
  expect(sentence(0.025)).toContain('at most 0.0006 AUC worse'); // the end of the simultaneous interval
});

test('nothing is said twice: what the answer says is not said again below it', () => {
  expect(all?.answer[0]).toBe(
    'Use PLE: better than single-task on income (+0.00120 AUC) and never-married (+0.00080 AUC).',
  );
  const late = only('ML-MMoE');
  expect(late.answer).toEqual([
    'ML-MMoE (income): not trained to a plateau. 4 of 5 runs ended at their limit of epochs, still improving: raise train.epochs.',
  ]);
  expect(late.unfinished).toBe('');
});

test('which tasks wait, of which model or of the baseline', () => {
  const [baseline, ...others] = everyVerdict.rows.filter(({ label }) => /single-task|ML-MMoE/.test(label));
  const limit = (row: ComparisonRow | undefined, income: number, married: number) => {
    const { tasks, ...rest } = must(row, 'row');
    const [one, two] = Object.values(tasks);
    const [first, second] = [must(one, 'income'), must(two, 'never-married')];
    const ofTasks = { income: { ...first, atLimit: income }, 'never-married': { ...second, atLimit: married } };
    return { ...rest, tasks: ofTasks, atLimit: Math.max(income, married) };
  };
  const words = (...rows: readonly ComparisonRow[]) => verdictsInWords({ ...everyVerdict, rows })[0]?.answer[0];
  const [own] = others;
  expect(words(limit(baseline, 2, 0), limit(own, 0, 0))).toBe(
    'single-task (income): not trained to a plateau. 2 of 5 runs ended at their limit of epochs, still improving: raise train.epochs. Gains over single-task on income have no verdict.',
  );
  expect(words(limit(baseline, 2, 0), limit(own, 5, 5))).toMatch(
    /^single-task \(income\) and ML-MMoE: not trained to a plateau\. 7 of 10 runs/,
  );
});

test('a sentence for each contrast names what the gain is over', () => {
  expect(all?.contrasts.map(({ sentence }) => sentence)).toEqual([
    'PLE: better than CGC on never-married (+0.00070 AUC); undecided against CGC on income (+0.00010 AUC, at most 0.0006 AUC worse), by the 95 % intervals.',
    'PLE: undecided against MMoE on income (-0.00010 AUC, at most 0.0008 AUC worse) and never-married (+0.00020 AUC, at most 0.0005 AUC worse), by the 95 % intervals.',
  ]);
});

test('a seesaw: whether another loss weight repairs it', () => {
  const [row] = everyVerdict.rows.filter(({ label }) => label === 'MMoE');
  const { tasks, aggregate } = must(row, 'MMoE');
  const points = [0.5, 1, 2].map((value) => ({ value, runs: [], tasks, aggregate, verdict: 'seesaw' as const }));
  const front = { axis: {}, model: 'MMoE', key: 'loss.weights.income.initial', points };
  const words = (seesaw: NonNullable<Front['seesaw']>, ...repairedBy: number[]) => {
    const rows = everyVerdict.rows.map((one) => (one.label === 'MMoE' ? { ...one, verdict: seesaw } : one));
    const [found] = verdictsInWords({ ...everyVerdict, rows, fronts: [{ ...front, seesaw, repairedBy }] });
    const sentence = found?.models.find(({ row }) => row.model.label === 'MMoE')?.sentence;
    return sentence?.replace(/\(.*AUC\)/, '…');
  };
  expect(words('repaired', 0.5, 4)).toBe(
    'MMoE: better than single-task on income …. Repaired by another loss weight of income: 0.5 and 4.',
  );
  expect(words('seesaw')).toBe(
    'MMoE: better than single-task on income …. At each of the 3 loss weights of income tried, some task is worse.',
  );
  expect(words('undecided')).toBe(
    'MMoE: better than single-task on income …. Whether another loss weight of income repairs it is undecided.',
  );
});
