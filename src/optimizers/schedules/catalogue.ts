import { z } from 'zod';
import { epochCount } from '../../config/count.js';
import { catalogue } from '../../support/catalogue.js';
import { ConfigError } from '../../support/errors.js';
import { haveWaited, waitedFor } from '../../support/patience.js';
import { defineLearningRateSchedule } from './learning-rate-schedule.js';

const constant = defineLearningRateSchedule({
  name: 'constant',
  summary: 'the rate stays',
  options: z.strictObject({ type: z.literal('constant') }),
  build: () => ({ factor: () => 1 }),
});

/** PyTorch's `StepLR` (`every` is its step_size) and `MultiStepLR` (`at` is its milestones); `ratio` is gamma. */
const step = defineLearningRateSchedule({
  name: 'step',
  summary: 'the rate is multiplied by a factor at regular or given epochs (StepLR, MultiStepLR)',
  options: z
    .strictObject({
      type: z.literal('step'),
      every: epochCount().optional().describe('Epochs between two reductions (`StepLR`). Give this or `at`.'),
      at: z.array(epochCount()).min(1).optional().describe('The completed epochs of the reductions (`MultiStepLR`).'),
      ratio: z.number().positive().max(1).default(0.1).describe('The factor of each reduction.'),
    })
    .refine(({ every, at: milestones }) => (every === undefined) !== (milestones === undefined), {
      error: 'name either every (epochs between two reductions) or at (a list of epochs)',
    }),
  build: ({ every, at: milestones, ratio }, { stepsPerEpoch }) => ({
    factor(step) {
      const epochs = Math.floor(step / stepsPerEpoch); // completed
      const reductions =
        every === undefined ? milestones?.filter((epoch) => epoch <= epochs).length : Math.floor(epochs / every);
      return ratio ** (reductions ?? 0);
    },
  }),
});

/**
 * PyTorch's `CosineAnnealingLR` (Loshchilov and Hutter, 2017, without restarts), stepped after every batch, with T_max
 * the steps of all epochs less the warm-up's, and eta_min = minimum * learningRate.
 */
const cosine = defineLearningRateSchedule({
  name: 'cosine',
  summary: 'the rate falls along half a cosine over all epochs, after an optional warm-up',
  options: z.strictObject({
    type: z.literal('cosine'),
    minimum: z.number().min(0).lt(1).default(0).describe('The lowest rate, as a factor of `learningRate`.'),
    warmup: z
      .number()
      .nonnegative()
      .default(0)
      .describe('Epochs of linear warm-up before the cosine (0.5: half of one).'),
  }),
  build({ minimum, warmup }, { epochs, stepsPerEpoch }) {
    if (warmup >= epochs) {
      throw new ConfigError(
        `train.optimizer.schedule.warmup: ${warmup} epochs of warm-up leave none of the ${epochs} (train.epochs) for the cosine: lower it.`,
      );
    }
    const rising = warmupSteps(warmup, stepsPerEpoch);
    const falling = epochs * stepsPerEpoch - rising;
    return {
      factor: (step) =>
        step < rising
          ? risen(step, rising)
          : minimum + ((1 - minimum) * (1 + Math.cos((Math.PI * (step - rising)) / falling))) / 2,
    };
  },
});

/** Warm-up alone: the rate rises linearly, then stays. */
const warmup = defineLearningRateSchedule({
  name: 'warmup',
  summary: 'the rate rises linearly, step by step, for some epochs, then stays',
  options: z.strictObject({
    type: z.literal('warmup'),
    epochs: z
      .number()
      .positive()
      .describe('Epochs over which the rate rises (0.5: half of one). The first of n steps has 1/n of it.'),
  }),
  build({ epochs }, { stepsPerEpoch }) {
    const steps = warmupSteps(epochs, stepsPerEpoch);
    return { factor: (step) => risen(step, steps) };
  },
});

function warmupSteps(epochs: number, stepsPerEpoch: number): number {
  return Math.round(epochs * stepsPerEpoch);
}

/**
 * 1/n at the first of n steps, 1 at the last and after it: PyTorch's `LinearLR(start_factor=1/n, total_iters=n-1)`. No
 * step is lost at 0.
 */
function risen(step: number, steps: number): number {
  return step < steps ? (step + 1) / steps : 1;
}

/**
 * PyTorch's `ReduceLROnPlateau` with mode='max', threshold_mode='abs' and eps=0: `ratio` is its factor, `minDelta` its
 * threshold, and `minimum` its min_lr as part of the learning rate. As there, `patience` epochs may pass without a
 * better score, and the next one lowers the learning rate. A score is better if that of any task is.
 */
const plateau = defineLearningRateSchedule({
  name: 'plateau',
  summary: 'the rate is multiplied by a factor when no task’s score rises any more (ReduceLROnPlateau)',
  options: z.strictObject({
    type: z.literal('plateau'),
    ratio: z.number().positive().lt(1).default(0.1).describe('The factor of each reduction.'),
    patience: epochCount(0)
      .default(10)
      .describe('Epochs that may pass without a better score. The next one lowers the rate.'),
    minDelta: z
      .number()
      .nonnegative()
      .default(0)
      .describe('A better score exceeds the best by more than this, in units of the score.'),
    minimum: z.number().min(0).lt(1).default(0).describe('The lowest rate, as a factor of `learningRate`.'),
  }),
  build: ({ ratio, patience, minDelta, minimum }) => ({
    factor: (_step, { reductions }) => Math.max(minimum, ratio ** reductions),
    follow({ waits, reductions }, scores) {
      const after = waits.map((wait, task) => waitedFor(wait, scores[task] ?? null, minDelta));
      if (!haveWaited(after, patience + 1)) return { waits: after, reductions };
      return { waits: after.map(({ best }) => ({ best, waited: 0 })), reductions: reductions + 1 };
    },
  }),
});

export const learningRateSchedules = catalogue('learning-rate schedule', [constant, step, cosine, warmup, plateau]);
