/** How a series is distinguished: by colour, and by dash or shape for readers who do not see colours. */
export interface Mark {
  readonly label: string;
  readonly colour: Colour;
  /** Lengths in pixels of dash and gap. */
  readonly dash: readonly number[];
  readonly shape: string;
  readonly filled: boolean;
}

/**
 * Colours by the name of their CSS variable: for light pages, for dark pages. The series are from Okabe and Ito (2008)
 * and Tol's muted palette, darkened or lightened to a contrast of 3 to 1.
 */
export const colours = {
  page: ['#ffffff', '#14171c'],
  ink: ['#1d2127', '#eceff3'],
  muted: ['#5d6570', '#a3acb8'],
  rule: ['#d5d9df', '#3a414b'],
  better: ['#0072b2', '#5fb4f0'],
  worse: ['#d55e00', '#ff9657'],
  same: ['#868e98', '#8b95a1'],
  heat: ['#14508c', '#9cd0ff'],
  equal: ['#1b7f5c', '#3fc795'],
  c1: ['#0072b2', '#56a8e8'],
  c2: ['#d55e00', '#f0792b'],
  c3: ['#009e73', '#2cc79a'],
  c4: ['#a8327d', '#f08cc8'],
  c5: ['#652f0b', '#d9d23c'],
  c6: ['#159fc1', '#a5e8ff'],
  c7: ['#3b22a0', '#8f84ff'],
  c8: ['#1c543e', '#f0506e'],
  c9: ['#b06a3b', '#d8a878'],
  c10: ['#5170ec', '#4f9d6c'],
  c11: ['#6d0d77', '#1f9fa3'],
  c12: ['#7a7f87', '#b0b5bd'],
} as const satisfies Readonly<Record<string, readonly [light: string, dark: string]>>;

export type Colour = keyof typeof colours;

/** A colour on a page, which follows its scheme. */
export function cssColour(name: Colour): string {
  return `var(--${name})`;
}

/** CSS that sets the variables. Dark pages are for screens only, so print is dark on white. */
export const chartStyles = [
  `:root { ${declarations(0)} }`,
  `@media screen and (prefers-color-scheme: dark) { :root { ${declarations(1)} } }`,
].join('\n');

function declarations(scheme: 0 | 1): string {
  return Object.entries(colours)
    .map(([name, values]) => `--${name}: ${values[scheme]};`)
    .join(' ');
}

/** A distinct mark for each label, in order. */
export function assignMarks(labels: readonly string[]): readonly Mark[] {
  return labels.map((label, index) => ({
    label,
    colour: series[index % series.length] ?? 'ink',
    dash: dashes[index % dashes.length] ?? [],
    shape: shapes[index % shapes.length] ?? 'circle',
    filled: true,
  }));
}

/** Marks of a comparison's models, in the order of its config. The baseline has the text colour. */
export function modelSeries({
  rows,
  baseline,
}: {
  readonly rows: readonly { readonly label: string }[];
  readonly baseline: string;
}): readonly Mark[] {
  const labels = [...new Set(rows.map(({ label }) => label))];
  const others = assignMarks(labels.filter((label) => label !== baseline));
  const own: Mark = { label: baseline, colour: 'ink', dash: [], shape: 'circle', filled: true };
  return labels.map((label) => others.find((one) => one.label === label) ?? own);
}

/** How a model's marks look. A model that is not among the marks looks like the baseline. */
export function markStyle(
  marks: readonly Mark[],
  label: string,
): Pick<Mark, 'colour' | 'dash' | 'shape'> & { readonly model: number } {
  const model = marks.findIndex((mark) => mark.label === label);
  const { colour = 'ink', dash = [], shape = 'circle' } = marks[model] ?? {};
  return { model, colour, dash, shape };
}

const series = ['c1', 'c2', 'c3', 'c4', 'c5', 'c6', 'c7', 'c8', 'c9', 'c10', 'c11', 'c12'] as const;
const dashes = [[], [6, 3], [2, 2], [8, 3, 2, 3], [12, 3], [4, 4], [1, 3], [10, 2, 1, 2, 1, 2], [3, 1]] as const;

/** The corners of each shape of radius 1. A circle has none. */
const corners: Readonly<Record<string, string>> = {
  circle: '',
  square: '-1,-1 1,-1 1,1 -1,1',
  'triangle-up': '0,-.87 1,.87 -1,.87',
  diamond: '0,-1 1,0 0,1 -1,0',
  'triangle-down': '0,.87 -1,-.87 1,-.87',
  cross: '-1,-.4 -.4,-.4 -.4,-1 .4,-1 .4,-.4 1,-.4 1,.4 .4,.4 .4,1 -.4,1 -.4,.4 -1,.4',
  'triangle-right': '.87,0 -.87,1 -.87,-1',
  'triangle-left': '-.87,0 .87,-1 .87,1',
};
const shapes = Object.keys(corners);

/** The path of a shape around 0. */
export function outline(shape: string, radius: number): string {
  const scaled = (corners[shape] ?? '').replace(/[-.\d]+/g, (at) => String(Number((Number(at) * radius).toFixed(2))));
  if (scaled !== '') return `M${scaled.replaceAll(' ', 'L')}Z`;
  const arc = `A${radius},${radius},0,1,1,`;
  return `M${radius},0${arc}${-radius},0${arc}${radius},0`;
}

/**
 * Marks by what is known about a gain: up for better, down for worse, a diamond for equivalent, a ring for undecided.
 */
export const findings = {
  better: { label: 'better', colour: 'better', dash: [], shape: 'triangle-up', filled: true },
  worse: { label: 'worse', colour: 'worse', dash: [], shape: 'triangle-down', filled: true },
  equivalent: { label: 'equivalent', colour: 'equal', dash: [], shape: 'diamond', filled: true },
  undecided: { label: 'undecided', colour: 'same', dash: [], shape: 'circle', filled: false },
  'not trained to a plateau': {
    ...{ label: 'not trained to a plateau', colour: 'muted', dash: [], shape: 'circle', filled: false },
  },
} as const satisfies Readonly<Record<string, Mark>>;
