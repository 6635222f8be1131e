import { expect, test } from 'vitest';
import { trackedParameters } from './tracked-run.js';

test('parameters are the config without tracking and without paths of data and plugins', () => {
  const config = {
    name: 'mine',
    dataset: {
      loader: 'table',
      path: '/home/me/*.csv',
      files: { clicks: ['/home/me/clicks.csv'] },
      cache: '/home/me/cache',
      query: 'SELECT * FROM clicks',
      tasks: { click: { column: 'path' } },
    },
    tasks: [{ name: 'click', type: 'binary' as const }],
    plugins: [{ file: '/home/me/mine.ts', sha256: 'f00d', parts: ['model mine'] }],
    tracking: { tensorboard: true, mlflow: 'http://localhost:5000' },
    compare: {
      axes: {
        'dataset.path': ['/home/me/a.csv'],
        'train.epochs': [1, 2],
      },
    },
  };
  expect(trackedParameters(config, config)).toEqual({
    name: 'mine',
    'dataset.loader': 'table',
    'dataset.query': 'SELECT * FROM clicks',
    'dataset.tasks.click.column': 'path',
    'tasks.0.name': 'click',
    'tasks.0.type': 'binary',
    'plugins.0.sha256': 'f00d',
    'plugins.0.parts': '["model mine"]',
    'compare.axes.train.epochs': '[1,2]',
  });
});
