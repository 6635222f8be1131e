import { z } from 'zod';

export const trackingSchema = z
  .strictObject({
    tensorboard: z
      .boolean()
      .default(false)
      .describe('Write TensorBoard’s event files, to `tensorboard/` in the run’s folder.'),
  })
  .describe(
    'Where the numbers of a run also go while it trains. Nothing here enters the run’s hash, or changes a result.',
  );
