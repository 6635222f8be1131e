import { type EvaluatedRun, endedAtLimit, type FinishedRun, isTrained } from '../../training/finished-run.js';
import { partsOf } from '../stored/reported-run.js';

/** What a reader should know of the runs that a table is made of, whatever their numbers. */
export function notesOnRuns(runs: readonly EvaluatedRun[]): readonly string[] {
  const trained = runs.filter(isTrained);
  return [...onVersions(trained), ...onLimits(trained)];
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

function onLimits(runs: readonly FinishedRun[]): readonly string[] {
  const atLimit = runs.filter(endedAtLimit).length;
  if (atLimit === 0) return [];
  const which = atLimit === runs.length ? 'every run' : `${atLimit} of ${runs.length} runs`;
  return [
    `In ${which} the model was still improving at the limit of epochs. Longer training may change the ranking: raise train.epochs.`,
  ];
}
