import { z } from 'zod';

export const trackingSchema = z
  .strictObject({
    tensorboard: z
      .boolean()
      .default(false)
      .describe('Write TensorBoard’s event files, to `tensorboard/` in the run’s folder.'),
    mlflow: z
      .string()
      .refine(isAddress, {
        error: 'the address of an MLflow tracking server, such as http://localhost:5000',
        abort: true,
      })
      .refine(
        (url) => !hasUser(url),
        'set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD: a config is no place for them',
      )
      .optional()
      .describe(
        'Address of an MLflow tracking server, to which parameters, metrics and results are sent. Absent: nothing is sent anywhere.',
      ),
    experiment: z
      .string()
      .min(1)
      .max(500)
      .optional()
      .describe(
        'Name of MLflow’s experiment; it is created if there is none. Absent: the config’s `name`. An error without `mlflow`.',
      ),
  })
  .refine(({ mlflow, experiment }) => mlflow !== undefined || experiment === undefined, {
    path: ['experiment'],
    message: 'has no effect without tracking.mlflow',
  })
  .describe(
    'Where the numbers of a run also go while it trains. Nothing here enters the run’s hash or changes a result.',
  );

function isAddress(url: string): boolean {
  return URL.canParse(url) && /^https?:$/.test(new URL(url).protocol);
}

function hasUser(url: string): boolean {
  const { username, password } = new URL(url);
  return username !== '' || password !== '';
}
