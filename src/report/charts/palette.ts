import type { Comparison, TaskVerdict } from '../../comparison/comparison.js';

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
  equal: ['#1b7f5c', '#3fc795'],
  heat: ['#083463', '#9cd0ff'],
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
} as const;

type Colour = keyof typeof colours;

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

/** How marks are told apart: by colour, and by dash or shape for readers who do not see colours. */
export interface Series {
  readonly label: string;
  /** The index of the model, by which a page hides its marks. */
  readonly model?: number | undefined;
  readonly colour: Colour;
  readonly dash?: string;
  readonly shape: keyof typeof outlines;
  readonly isHollow?: boolean;
}

/** Paths of radius 1. */
export const outlines = {
  circle: 'M1,0A1,1,0,1,1,-1,0A1,1,0,1,1,1,0Z',
  square: 'M-.9,-.9H.9V.9H-.9Z',
  up: 'M0,-1L1,.9H-1Z',
  diamond: 'M0,-1.2L1.2,0L0,1.2L-1.2,0Z',
  down: 'M0,1L-1,-.9H1Z',
  cross: 'M-1,-.4H-.4V-1H.4V-.4H1V.4H.4V1H-.4V.4H-1Z',
  right: 'M1,0L-.9,1V-1Z',
} as const;

/** A comparison's models in the order of its config. The baseline has the colour of text. */
export function modelSeries({ models, baseline }: Pick<Comparison, 'models' | 'baseline'>): readonly Series[] {
  const labels = [...new Set(models.map(({ label }) => label))];
  const others = labels.filter((label) => label !== baseline);
  return labels.map((label, model) => {
    if (label === baseline) return { label, model, colour: 'ink', shape: 'circle' };
    const index = others.indexOf(label);
    const [colour = 'ink', shape = 'circle', dash = ''] = [
      series[index % series.length],
      shapes[index % shapes.length],
      dashes[index % dashes.length],
    ];
    return { label, model, colour, shape, dash };
  });
}

const series = ['c1', 'c2', 'c3', 'c4', 'c5', 'c6', 'c7', 'c8', 'c9', 'c10'] as const;
const dashes = ['', '6 3', '2 2', '8 3 2 3', '12 3', '1 3'];
const shapes = ['square', 'up', 'diamond', 'down', 'cross', 'right', 'circle'] as const;

/** What is known about a gain. */
export const verdictSeries: Readonly<Record<TaskVerdict, Series>> = {
  better: { label: 'better', colour: 'better', shape: 'up' },
  equivalent: { label: 'equivalent', colour: 'equal', shape: 'diamond' },
  undecided: { label: 'undecided', colour: 'muted', shape: 'circle', isHollow: true },
  worse: { label: 'worse', colour: 'worse', shape: 'down' },
  'not trained to a plateau': { label: 'not trained to a plateau', colour: 'muted', shape: 'square' },
};
