/** Every sentence of a report. The first words say what to do, or what is known. */
const templates = {
  // The answer.
  noResult: 'No model has a gain over {baseline}.',
  use: 'Use {model}: {findings}.',
  useWithWeight: 'Use {model} with the loss weight {weight} of {task}: {findings}.',
  useForNow: 'Use {model} for now: no difference from {baseline} is shown with {seeds}.',
  useUntested: 'Use {model} for now: nothing is decided, so what another model gains or costs is not known.',
  useNoneBetter: 'Use {model}: no model is shown to be better than {baseline} on any task.',
  useNoneWithoutLoss: 'Use {model}: no model is shown to be better on one task without being worse on another.',
  useBestMean: 'Use {model}: the models better on a task are worse on the mean over tasks (Δm).',
  meanBetter: 'better than {reference} on the mean over tasks (Δm {gain})',
  finding: '{model}: {findings}.',
  ownWeight: 'At its own weight: {findings}.',
  mayBring: 'The undecided gains are at most {bounds}, by the {confidence} intervals.',
  leftOut: 'This leaves out {models}, not trained to a plateau on every task.',
  evidence: 'Evidence: {runs}; the chance that any difference shown is false is at most {chance} %.',

  // What the tests say of a model against its reference.
  better: 'better than {reference} on {tasks}',
  worse: 'worse than {reference} on {tasks}',
  equivalent: 'equivalent to {reference} on {tasks}',
  undecided: 'undecided against {reference} on {tasks}',
  bounded: 'undecided against {reference} on {tasks}, by the {confidence} intervals',
  waiting: 'no verdict on {tasks}, not trained to a plateau',
  missing: 'no result on {tasks}',
  withinMargin: 'within ± {margin}',
  atMostWorse: '{effect}, at most {loss} worse',
  noRuns: '{model}: no result, because no run of it is finished with one of {reference}.',
  noPlateau:
    '{models}: not trained to a plateau. {ended} of {runs} runs ended at their limit of epochs, still improving: raise train.epochs.',
  noPlateauOver: 'Gains over {reference} on {tasks} have no verdict.',
  repaired: 'Repaired by another loss weight of {task}: {weights}.',
  perhapsRepaired: 'Whether another loss weight of {task} repairs it is undecided.',
  notRepaired: 'At each of the {count} loss weights of {task} tried, some task is worse.',

  // What would decide.
  noTest: 'There is no test of the undecided gains (see the notes).',
  fewSeeds:
    'Set compare.seeds to 5: each model has {seeds}, and a verdict needs {fewest}. Finished runs are not trained again.',

  // How the numbers were made.
  trained: 'Models were trained for {passes} over {rows} rows.',
  searched: 'Search: {sizes} combinations in each of {searches}, {runs}. The best mean validation score chooses.',
  fronts: 'Fronts: each joint model was also trained at the loss weights {weights} of {task}.',
  sizes: 'All networks have {parameters} parameters.',
  matched: 'They are matched to {target}.',
  embeddings: 'Embeddings have {parameters}.',

  // How to read the numbers.
  signs: '▲ better, ▼ worse, = equivalent (within ± the margin), ? undecided, … not trained to a plateau.',
  gains: 'Gains are over {baseline}, as means over {seeds}. Above 0 is better.',
  units: 'Gains are {units}; above 0 is better.',
  oneEpoch:
    'Each task is judged, and served, at its own best epoch. “One epoch”: the gains with one network to serve (train.keep: one); of the baseline, what one epoch costs.',
  relative: "Relative gains are in percent of {baseline}'s metric.",
  mean: "Δm is the mean over tasks of gain / {baseline}'s metric.",
  weightedMean: "Δm is the mean over tasks of gain / {baseline}'s metric, with the weights {weights}.",
  test: "The test is {tests}. p is adjusted by Holm's method over {gains} of {tables}; below {level} a gain differs from 0.",
  groups: 'The error over test rows is that of their groups (users).',
  contrasts: 'Contrasts are a family of their own.',
  intervals:
    "Intervals have {confidence} confidence. An interval beside a gain covers that gain alone; simultaneous ones cover all {gains} at once. They are Bonferroni's; Holm's method may decide a gain whose interval holds 0.",
  coverTraining: 'Errors cover training noise only, not the choice of test rows.',
  coverRows: 'Errors cover the choice of test rows only, not training noise.',
  coverBoth: 'Errors cover training noise and the choice of test rows.',
  margin:
    "The margin is {margins}. A gain is equivalent if two one-sided tests show that it is within ± the margin, even if it differs from 0. “At most … worse” is the margin if one of them shows that, else the end of the simultaneous interval. Both tests are adjusted by Holm's method; below {level} they show it.",
  sorts: 'A click on a head sorts.',
  cells: 'Under each gain: {parts}.',
  cost: 'Epochs, time and rows per second are means over finished runs; time is without compilation and evaluation.',
  wide: 'All numbers: --wide.',
} as const;

type Templates = typeof templates;

type Slot<Template extends string> = Template extends `${string}{${infer Name}}${infer Rest}`
  ? Name | Slot<Rest>
  : never;

type Slots<Name extends keyof Templates> = [Slot<Templates[Name]>] extends [never]
  ? []
  : [slots: Readonly<Record<Slot<Templates[Name]>, string>>];

/** A sentence with its slots filled. Empty if one of them is empty, because then there is nothing to say. */
export function say<Name extends keyof Templates>(name: Name, ...[slots]: Slots<Name>): string {
  const values: Readonly<Record<string, string>> = slots ?? {};
  const parts = templates[name].split(/\{(\w+)\}/);
  const isEmpty = parts.some((part, index) => index % 2 === 1 && !values[part]);
  return isEmpty ? '' : parts.map((part, index) => (index % 2 === 1 ? values[part] : part)).join('');
}

/** Puts a label in quotation marks if it could be confused with the sentence's words. */
export function quoted(label: string): string {
  return /[,;.:]\s|\s(and|or|is|on|over)\s/.test(label) ? `“${label}”` : label;
}

/** The sentences that have something to say. */
export function sentences(...texts: readonly string[]): readonly string[] {
  return texts.filter((text) => text !== '');
}
