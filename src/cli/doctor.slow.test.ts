import { expect, test } from 'vitest';
import { contentsOf, ple, succeeded } from './command.fixture.js';
import { newUser } from './footprint.fixture.js';
import { doctorSchema } from './output-contract.fixture.js';

test('ple doctor finds that the CPU can train, prints nothing but progress beside, and leaves nothing behind', async () => {
  const user = newUser(); // drivers keep compiled shaders in a cache
  const { stdout, stderr } = await succeeded(ple(['doctor', '--json'], { cwd: user.work, env: user.env }));
  const { devices } = doctorSchema.parse(JSON.parse(stdout));
  const cpu = devices.find(({ engine, device }) => engine === 'compiled' && device === 'cpu');
  expect(cpu).toMatchObject({ usable: true });
  for (const line of stderr.split('\n')) expect(line).toMatch(/^(Trying (compiled|tfjs) on .*…)?$/);
  expect(contentsOf(user.work)).toEqual([]);
  expect(contentsOf(user.home)).toEqual(['cache', 'tmp']);
});
