import { describe, expect, it, test } from 'vitest';
import { ConfigError } from '../../support/errors.js';
import { learningRateSchedules } from './catalogue.js';
import { type FollowedScores, noScores } from './learning-rate-schedule.js';

// PyTorch's learning rates, from 2.6 (python3-torch of Debian 13), with a learning rate of 1:
//   o = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0); s = StepLR(o, 2, 0.5)
//   for _ in range(n): print(round(o.param_groups[0]['lr'], 10)); o.step(); s.step()
const stepLR = [1, 1, 0.5, 0.5, 0.25, 0.25, 0.125]; // StepLR(o, 2, 0.5)
const multiStepLR = [1, 0.3, 0.3, 0.3, 0.09, 0.09, 0.09]; // MultiStepLR(o, [1, 4], 0.3)
// CosineAnnealingLR(o, 12, 0.1)
const cosineAnnealingLR = [
  ...[1, 0.9846666218, 0.9397114317, 0.8681980515, 0.775, 0.6664685703],
  ...[0.55, 0.4335314297, 0.325, 0.2318019485, 0.1602885683, 0.1153333782],
];
const linearLR = [0.2, 0.4, 0.6, 0.8, 1, 1, 1, 1]; // LinearLR(o, 1/5, total_iters=4)
// SequentialLR(o, [LinearLR(o, 1/5, total_iters=4), CosineAnnealingLR(o, 7)], [5])
const sequentialLR = [
  ...[0.2, 0.4, 0.6, 0.8, 1],
  ...[1, 0.950484434, 0.8117449009, 0.611260467, 0.388739533, 0.1882550991, 0.049515566],
];

const stepsPerEpoch = 4;

/** The factors of the first steps, or of each epoch's first step. */
function factors(options: { readonly type: string; readonly [key: string]: unknown }, epochs: number): number[] {
  const schedule = learningRateSchedules.get(options.type).build(options, { epochs, stepsPerEpoch });
  return Array.from({ length: epochs * stepsPerEpoch }, (_, step) => schedule.factor(step, noScores(1)));
}

const close = (values: readonly number[]) => values.map((value) => expect.closeTo(value, 9));
const eachFour = (values: readonly number[]) => values.flatMap((value) => Array<number>(stepsPerEpoch).fill(value));

test.each([
  ['StepLR, by epoch', { type: 'step', every: 2, ratio: 0.5 }, eachFour(stepLR)],
  ['MultiStepLR, by epoch', { type: 'step', at: [1, 4], ratio: 0.3 }, eachFour(multiStepLR)],
  ['CosineAnnealingLR, step by step over all epochs', { type: 'cosine', minimum: 0.1 }, cosineAnnealingLR],
  ['LinearLR, step by step', { type: 'warmup', epochs: 1.25 }, linearLR],
  ['SequentialLR of both', { type: 'cosine', warmup: 1.25 }, sequentialLR],
  ['a constant one', { type: 'constant' }, Array<number>(8).fill(1)],
])('learning rates are those of PyTorch: %s', (_, options, expected) => {
  expect(factors(options, expected.length / stepsPerEpoch)).toEqual(close(expected));
});

describe('plateau is ReduceLROnPlateau', () => {
  const scores = [0.5, 0.6, 0.6, 0.55, 0.61, 0.5, 0.5, 0.5, 0.5, 0.5, 0.7, 0.7, 0.7, 0.7];

  /** The factor before each score, and after the last. */
  function followed(options: Readonly<Record<string, unknown>>, given: readonly (number | null)[] = scores): number[] {
    const schedule = learningRateSchedules
      .get('plateau')
      .build({ type: 'plateau', ...options }, { epochs: 9, stepsPerEpoch });
    let state: FollowedScores = noScores(1);
    return [...given, null].map((score) => {
      const factor = schedule.factor(17, state);
      const next = schedule.follow?.(state, [score]);
      if (!next) throw new Error('plateau follows scores');
      state = JSON.parse(JSON.stringify(next)); // as a checkpoint keeps it
      return factor;
    });
  }

  // As above, with s = ReduceLROnPlateau(o, mode='max', threshold_mode='abs', eps=0, …); for x in scores: …; s.step(x)
  test.each([
    // factor=0.5, patience=1, threshold=0
    [{ ratio: 0.5, patience: 1 }, [1, 1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25, 0.125, 0.125, 0.125, 0.125, 0.0625, 0.0625]],
    // factor=0.1, patience=2, threshold=0.05, min_lr=0.02
    [
      { patience: 2, minDelta: 0.05, minimum: 0.02 },
      [1, 1, 1, 1, 1, 0.1, 0.1, 0.1, 0.02, 0.02, 0.02, 0.02, 0.02, 0.02, 0.02],
    ],
  ])('with %o', (options, expected) => {
    expect(followed(options)).toEqual(expected.map((value) => expect.closeTo(value, 12)));
  });

  it('waits for nothing while there is no score, and a missing one later is not better', () => {
    expect(followed({ patience: 0, ratio: 0.5 }, [null, null, null])).toEqual([1, 1, 1, 1]);
    expect(followed({ patience: 0, ratio: 0.5 }, [0.5, null, 0.6])).toEqual([1, 1, 0.5, 0.5]);
  });

  it('of several tasks, any that improves keeps the rate, and one without a score does not', () => {
    const schedule = learningRateSchedules
      .get('plateau')
      .build({ type: 'plateau', ratio: 0.5, patience: 1 }, { epochs: 9, stepsPerEpoch });
    const epochs = [
      [1, 1, null],
      [2, 0, null],
      [1, 2, null],
      [1, 1, null], // neither improves: the first time
      [1, 1, null], // the second: the rate falls
      [3, 1, null],
      [1, 1, null],
      [1, 3, null],
    ];
    let state = noScores(3);
    const factors = epochs.map((scores) => {
      state = schedule.follow?.(state, scores) ?? state;
      return schedule.factor(0, state);
    });
    expect(factors).toEqual([1, 1, 1, 1, 0.5, 0.5, 0.5, 0.5]);
  });
});

test.each([{ every: 2, at: [1] }, {}])('step refuses %o', (options) => {
  expect(() => factors({ type: 'step', ...options }, 3)).toThrow();
});

it('a warm-up as long as the cosine is refused', () => {
  const build = () => factors({ type: 'cosine', warmup: 3 }, 3);
  expect(build).toThrow(ConfigError);
  expect(build).toThrow(/3 epochs of warm-up leave none of the 3 \(train\.epochs\) for the cosine: lower it\.$/);
});
