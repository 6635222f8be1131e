import { spawn } from 'node:child_process';

/** Programs that come with this one (docs/boosting.md): what Python must do for them, and the packages that this takes. */
const programs = [
  { file: 'gbm.py', needs: 'import lightgbm, pandas, pyarrow', packages: 'lightgbm pandas pyarrow' },
  {
    file: 'boosting.py',
    needs:
      'import pandas, pyarrow; from sklearn.ensemble import HistGradientBoostingClassifier as H; H(max_features=1)',
    packages: 'scikit-learn pandas pyarrow',
  },
] as const;

/**
 * The entry of `compare.models` for gradient boosting, as YAML: of the first program for which Python has what it needs,
 * else a comment that says how to get it.
 */
export async function boostingRow(): Promise<string> {
  const entry = (file: string) => `- { label: boosting, type: external, command: python3 examples/external/${file} }`;
  for (const { file, needs } of programs) if (await pythonCan(needs)) return entry(file);
  const [{ file, packages }] = programs;
  return `# ${entry(file)} # pip install ${packages}`;
}

async function pythonCan(code: string): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn('python3', ['-c', code], { stdio: 'ignore' });
    child.once('error', () => resolve(false));
    child.once('exit', (status) => resolve(status === 0));
  });
}
