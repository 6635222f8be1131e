import { type EvaluatedRun, endedAtLimit, type FinishedRun, isTrained } from '../../training/finished-run.js';
import { partsOf } from '../stored/reported-run.js';

/** Notes on the runs of a table that do not depend on their numbers. */
export function notesOnRuns(runs: readonly EvaluatedRun[]): readonly string[] {
  const trained = runs.filter(isTrained);
  return [...notesOnFiles(trained), ...onVersions(trained), ...onLimits(trained)];
}

/** Notes on the files that runs were read from. */
export function notesOnFiles(runs: readonly FinishedRun[]): readonly string[] {
  const parts = [...new Map(runs.flatMap(partsOf).map(({ run }) => [run.path, run])).values()];
  const [first, ...others] = parts.filter(({ result }) => !result.files).map(({ path }) => path);
  const notes = parts.flatMap(({ notes }) => notes);
  if (first === undefined) return notes;
  return [
    ...notes,
    `Stored by an earlier version of ple, without checksums, so that damage may go unnoticed: ${[first, ...(others.length > 0 ? [`${others.length} more`] : [])].join(' and ')}.`,
  ];
}

/** Another version may give other numbers for the same seed. Finished runs are not trained again. */
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
