import type { EvaluatedRun, FinishedRun } from '../training/finished-run.js';
import { notFinishedLearning } from '../training/result.js';
import { partsOf } from './reported-run.js';

/** What a reader should know of the runs that a table is made of, whatever their numbers. */
export function notesOnRuns(runs: readonly EvaluatedRun[]): readonly string[] {
  const trained = runs.filter(isTrained);
  return [...onVersions(trained), ...onLastEpochs(trained)];
}

function isTrained(run: EvaluatedRun): run is FinishedRun {
  return 'experiment' in run;
}

/** Another version may give other numbers under the same seed, and a finished run is not trained again. */
function onVersions(runs: readonly FinishedRun[]): readonly string[] {
  const versions = new Set(
    runs.flatMap(partsOf).map(
      ({
        run: {
          environment: { ple, commit },
        },
      }) => (typeof commit === 'string' ? `commit ${commit.slice(0, 7)}` : `version ${ple}`),
    ),
  );
  if (versions.size < 2) return [];
  return [
    `The runs were made by different versions of ple (${[...versions].join(', ')}), whose numbers may differ under the same seed; ` +
      'those whose folder is deleted are trained again.',
  ];
}

function onLastEpochs(runs: readonly FinishedRun[]): readonly string[] {
  const last = runs.filter((run) => partsOf(run).some(lastWasBest)).length;
  if (last === 0) return [];
  const which = last === runs.length ? 'every run' : `${last} of ${runs.length} runs`;
  return [`In ${which} the last epoch was the best: trained longer (train.epochs), gains may be others.`];
}

function lastWasBest({ tasks, run: { result, experiment } }: ReturnType<typeof partsOf>[number]): boolean {
  const own = Object.fromEntries(Object.entries(result.tasks).filter(([task]) => tasks.includes(task)));
  return notFinishedLearning({ ...result, tasks: own }, experiment.train.epochs);
}
