import { stripVTControlCharacters } from 'node:util';
import stringWidth from 'string-width';
import { expect, test } from 'vitest';
import type { Comparison } from '../comparison/comparison.js';
import { gainsText } from './gains-text.js';
import { comparisonOf, everyModel, everyVerdict, storedReport, taskGain, twoContrasts } from './report.fixture.js';

const plain = { colour: false, wide: false, columns: 80 };
/** The cells of a line, with bars between them. */
const cells = (line: string | undefined) => line?.trim().replace(/ {2,}/g, ' | ');
const widest = (text: string) => Math.max(...text.split('\n').map(stringWidth));

/** Ten models with long labels, and this many tasks with long names. */
function large(
  tasks: number,
  label = (index: number) => `asymmetric sharing from never-married, variant ${index}`,
): Comparison {
  const names = Array.from({ length: tasks }, (_, task) => `an unusually long name of task ${task + 1}`);
  const gains = (sign: number) =>
    Object.fromEntries(names.map((name, task) => [name, taskGain(sign * (task + 1) * 0.01, 'undecided')]));
  const baseline = {
    label: 'single-task',
    tasks: Object.fromEntries(names.map((name) => [name, taskGain(null, null)])),
    verdict: 'baseline',
  } as const;
  const others = Array.from({ length: 10 }, (_, index) => ({
    label: label(index),
    tasks: gains(index % 2 === 0 ? 1 : -1),
  }));
  const contrasts = twoContrasts.map((contrast) => {
    return { ...contrast, model: label(0), reference: label(1), tasks: gains(1) };
  });
  const note =
    'A note that is so long that it has to be broken between words, as it would not fit into the terminal otherwise.';
  return comparisonOf([baseline, ...others], contrasts, { tasks: names, notes: [note] });
}

test('no line is wider than 80 columns, of ten models with long labels and five tasks', () => {
  const tasks = 5;
  const comparison = large(tasks);
  const text = gainsText(comparison, plain);
  expect(widest(text)).toBeLessThanOrEqual(80);
  const chinese = large(tasks, (index) => `多任务学习模型的很长的名字，它不适合终端的一行 ${index}`);
  expect(widest(gainsText(chinese, plain))).toBeLessThanOrEqual(80);
  const lines = text.split('\n');
  const labels = new Set(
    lines.filter((line) => /^asym.*variant \d/.test(line)).map((line) => cells(line)?.split(' | ')[0]),
  );
  expect(labels.size).toBe(10); // shortened in the middle, they are still told apart
});

test('the answer comes first, then the table, then how to read it, and the notes', () => {
  const text = gainsText(everyVerdict, plain);
  const at = ['Use PLE', 'model  ', '▲ better', 'note: '].map((part) => text.indexOf(part));
  expect(at[0]).toBe(0);
  expect(at).toEqual(at.toSorted((a, b) => a - b));
  expect(text.split('\n').length).toBeLessThan(40); // nine models, on one screen
});

test('green is better, red is worse, and colours move no column', () => {
  const coloured = gainsText(everyVerdict, { ...plain, colour: true });
  expect(stripVTControlCharacters(coloured)).toBe(gainsText(everyVerdict, plain));
  const painted = (code: number) =>
    new Set([...coloured.matchAll(new RegExp(`\\u001b\\[${code}m\\S+ (?:% )?(\\S)`, 'g'))].map(([, sign]) => sign));
  expect([painted(32), painted(31)]).toEqual([new Set('▲'), new Set('▼')]);
});

test('log points are the unit of gains of errors, and means keep the metric’s own digits', async () => {
  const { comparison } = await storedReport('axis');
  const text = gainsText(comparison, { ...plain, columns: 400 });
  const gain = comparison.gains.filter(({ task }) => task === 'y1')[2]?.gain ?? 0;
  expect(text).toMatch(/single-task .* 0\.\d{3,5} MSE/);
  expect(text).toContain(`(+${gain.toFixed(2)} log points)`);
  expect(text).toContain('of errors in log points, 100 ln(single-task / model)');
  expect(gainsText(comparison, { ...plain, columns: 400, wide: true })).toContain('Gains of errors are in log points');
});

test('means over points have a table where one is known', () => {
  const text = (gain: number | null) => {
    const points = [1, 2].map((seed) => comparisonOf(everyModel.map((model) => ({ ...model, point: { seed } }))));
    const [mean] = everyVerdict.gains.filter(({ model, mean }) => model === 'PLE' && mean);
    return gainsText(
      {
        ...everyVerdict,
        models: points.flatMap(({ models }) => models),
        gains: [
          ...points.flatMap(({ gains }) => gains),
          ...(mean ? [{ ...mean, family: 'means' as const, point: {}, gain }] : []),
        ],
        contrasts: [],
        axes: { seed: [1, 2] },
      },
      plain,
    );
  };
  expect(text(0.5)).toContain('mean over 2 points');
  expect(text(null)).not.toContain('mean over 2 points');
});
