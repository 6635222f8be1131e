/** The 42 columns of the raw files, in their order. `nominal` columns hold texts or codes. */
export const rawColumns = [
  ['age', 'continuous'],
  ['class-of-worker', 'nominal'],
  ['industry-code', 'nominal'],
  ['occupation-code', 'nominal'],
  ['education', 'nominal'],
  ['wage-per-hour', 'continuous'],
  ['enrolled-in-education', 'nominal'],
  ['marital-status', 'nominal'],
  ['major-industry', 'nominal'],
  ['major-occupation', 'nominal'],
  ['race', 'nominal'],
  ['hispanic-origin', 'nominal'],
  ['sex', 'nominal'],
  ['labor-union-member', 'nominal'],
  ['reason-for-unemployment', 'nominal'],
  ['employment-status', 'nominal'],
  ['capital-gains', 'continuous'],
  ['capital-losses', 'continuous'],
  ['dividends', 'continuous'],
  ['tax-filer-status', 'nominal'],
  ['previous-region', 'nominal'],
  ['previous-state', 'nominal'],
  ['household-and-family-status', 'nominal'],
  ['household-summary', 'nominal'],
  ['instance-weight', 'ignored'], // how many people a row stands for: not a property of the person
  ['migration-in-msa', 'nominal'],
  ['migration-in-region', 'nominal'],
  ['migration-within-region', 'nominal'],
  ['same-house-a-year-ago', 'nominal'],
  ['migration-from-sunbelt', 'nominal'],
  ['persons-worked-for-employer', 'continuous'],
  ['family-members-under-18', 'nominal'],
  ['father-country-of-birth', 'nominal'],
  ['mother-country-of-birth', 'nominal'],
  ['country-of-birth', 'nominal'],
  ['citizenship', 'nominal'],
  ['own-business', 'nominal'],
  ['veterans-questionnaire', 'nominal'],
  ['veterans-benefits', 'nominal'],
  ['weeks-worked', 'continuous'],
  ['year', 'nominal'],
  ['income', 'nominal'],
] as const satisfies readonly (readonly [string, 'nominal' | 'continuous' | 'ignored'])[];

/** Columns that labels are made of: none is an input unless `extraInputs` says so. */
export const labelColumns = ['income', 'education', 'marital-status'] as const;

export type CensusTask = 'income' | 'education' | 'never-married';

/** What makes a row positive: the column, and its positive texts. */
export const censusLabels: Readonly<
  Record<CensusTask, { readonly column: (typeof labelColumns)[number]; readonly positive: readonly string[] }>
> = {
  income: { column: 'income', positive: ['50000+.'] },
  'never-married': { column: 'marital-status', positive: ['Never married'] },
  education: {
    // "at least college": associate degree or above
    column: 'education',
    positive: [
      'Associates degree-occup /vocational',
      'Associates degree-academic program',
      'Bachelors degree(BA AB BS)',
      'Masters degree(MA MS MEng MEd MSW MBA)',
      'Prof school degree (MD DDS DVM LLB JD)',
      'Doctorate degree(PhD EdD)',
    ],
  },
};

/** Both texts of the income column. */
export const incomeTexts: readonly string[] = ['- 50000.', '50000+.'];

/** MMoE's two groups of tasks, main task first. */
export const taskGroups = {
  1: ['income', 'never-married'],
  2: ['education', 'never-married'],
} as const satisfies Record<number, readonly CensusTask[]>;
