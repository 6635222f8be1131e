import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';

it('writes nothing below the home folder (ONNX Runtime has telemetry)', () => {
  const home = mkdtempSync(join(tmpdir(), 'ple-home-'));
  try {
    const script = `
        const { createCompiledEngine } = await import('./src/engine/run/compiled-engine.ts');
        const { randomChunk, signature, step } = await import('./src/engine/training-step.fixture.ts');
        const program = await createCompiledEngine({ threads: 1 }).compile(step, signature);
        const { loss } = await program.run(randomChunk(2));
        await program.release();
        console.log(loss.data.length);`;
    // CI turns the telemetry off, and so would this variable, which vitest sets.
    const { CI: _, ORT_DISABLE_TELEMETRY: __, XDG_CACHE_HOME: ___, ...environment } = process.env;
    const output = execFileSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
      env: { ...environment, HOME: home },
      encoding: 'utf8',
    });
    expect(output.trim()).toBe('2');
    expect(readdirSync(home, { recursive: true })).toEqual([]);
  } finally {
    rmSync(home, { recursive: true });
  }
});
