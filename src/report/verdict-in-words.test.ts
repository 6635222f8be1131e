import { expect, test } from 'vitest';
import { comparisonRow, everyVerdict, taskGain } from './comparison.fixture.js';
import { verdictsInWords } from './verdict-in-words.js';

const [all] = verdictsInWords(everyVerdict);
const sentenceOf = (label: string) => all?.models.find((model) => model.label === label)?.sentence;
const only = (...labels: string[]) => {
  const rows = everyVerdict.rows.filter(({ label }) => ['single-task', ...labels].includes(label));
  return verdictsInWords({ ...everyVerdict, rows })[0];
};

test('a sentence for each verdict, with the sizes in the tasks’ own metrics', () => {
  expect(sentenceOf('PLE')).toBe(
    'PLE is better than single-task on both tasks: income by 0.00120 AUC and never-married by 0.00080 AUC.',
  );
  expect(sentenceOf('CGC')).toBe(
    'CGC is better than single-task on income by 0.00110 AUC; no difference seen on never-married.',
  );
  expect(sentenceOf('MMoE')).toBe(
    'MMoE shows a seesaw: better than single-task on income by 0.00130 AUC, worse on never-married by 0.00090 AUC.',
  );
  expect(sentenceOf('Sluice')).toBe(
    'Sluice is worse than single-task on income by 0.00140 AUC; no difference seen on never-married.',
  );
  expect(sentenceOf('Hard sharing')).toBe(
    "No difference seen between Hard sharing and single-task: with 5 seeds, and tested alone, a gain of 0.00070 AUC on income or 0.00090 AUC on never-married would have been seen (80 % power). Alone, the gains on income and never-married have p < .05, but not after Holm's correction.",
  );
  expect(sentenceOf('Failed')).toBe('Failed has no gain: it has no finished run beside one of single-task.');
  expect(sentenceOf('single-task')).toBeUndefined();
});

test('gains without a verdict are told without one', () => {
  const row = comparisonRow('PLE', {
    tasks: { income: taskGain(0.001, null), 'never-married': taskGain(-0.002, null) },
  });
  const [verdict] = verdictsInWords({ ...everyVerdict, rows: [...everyVerdict.rows.slice(0, 1), row], seeds: [1, 2] });
  expect(verdict?.headline).toBe('No verdict.');
  expect(verdict?.models[0]?.sentence).toBe(
    'PLE against single-task: gains of +0.00100 in AUC on income and -0.00200 in AUC on never-married (above 0 is better); no verdict.',
  );
});

test('the headline is the best that is certain, whoever wins', () => {
  expect(all?.headline).toBe('PLE is better than single-task on both tasks.');
  expect(only('CGC', 'MMoE')?.headline).toBe(
    'CGC is better than single-task on one task and not worse on the other; no model is better on both tasks.',
  );
  expect(only('MMoE', 'Sluice', 'Hard sharing')?.headline).toBe(
    'No model is better than single-task without being worse on another task: MMoE shows a seesaw.',
  );
  expect(only('Sluice', 'Hard sharing')?.headline).toBe(
    'No model is better than single-task on any task; Sluice is worse.',
  );
  expect(only('Hard sharing')?.headline).toBe('No difference seen between single-task and Hard sharing.');
  const [baseline, ...others] = everyVerdict.rows.slice(0, 5);
  const unseen = others.map((row) => ({ ...row, verdict: 'no difference seen' as const }));
  expect(verdictsInWords({ ...everyVerdict, rows: baseline ? [baseline, ...unseen] : [] })[0]?.headline).toBe(
    'No difference seen between single-task and any of the 4 other models.',
  );
});

test('the headline says nothing of models without a verdict', () => {
  expect(only('Sluice', 'Failed')?.headline).toBe(
    'No model with a verdict is better than single-task on any task; Sluice is worse.',
  );
  expect(only('CGC', 'Failed')?.headline).toMatch(/; no model with a verdict is better on both tasks\.$/);
  expect(only('MMoE', 'Failed')?.headline).toMatch(/^No model with a verdict is better than single-task without/);
});

test('the tally counts every verdict once, and is left out where the headline says it', () => {
  expect(all?.tally).toBe(
    'Of 6 models compared, 1 is better on all tasks, 1 is better on some and worse on none, 1 shows a seesaw, 1 is worse on some and better on none, for 1 no difference was seen and for 1 there is no verdict.',
  );
  expect(only('PLE')?.tally).toBe('');
});

test('a label that reads like a part of the sentence is quoted', () => {
  const rows = everyVerdict.rows.map((row) =>
    row.label === 'PLE' ? { ...row, label: 'asymmetric, income first' } : row,
  );
  const [verdict] = verdictsInWords({ ...everyVerdict, rows });
  expect(verdict?.headline).toBe('“asymmetric, income first” is better than single-task on both tasks.');
});

test('a verdict for each point of the axes', () => {
  const rows = [0.2, 1].flatMap((value) =>
    everyVerdict.rows
      .filter(({ label }) => ['single-task', value === 1 ? 'PLE' : 'MMoE'].includes(label))
      .map((row) => ({ ...row, axis: { 'dataset.correlation': value } })),
  );
  const verdicts = verdictsInWords({ ...everyVerdict, axes: { 'dataset.correlation': [0.2, 1] }, rows });
  expect(verdicts.map(({ title, headline }) => `${title}: ${headline}`)).toEqual([
    'dataset.correlation = 0.2: No model is better than single-task without being worse on another task: MMoE shows a seesaw.',
    'dataset.correlation = 1: PLE is better than single-task on both tasks.',
  ]);
});
