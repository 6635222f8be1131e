// Children that go wrong in the way that BROKEN says.
process.stdout.write('chatter on stdout\n');
process.stderr.write('\u001b[31mchatter on stderr\n\u001b[m\n');
const broken = process.env.BROKEN;
if (broken?.startsWith('hangs')) setInterval(() => undefined, 1000);
if (broken === 'hangs with a child') {
  const { spawn } = await import('node:child_process');
  spawn(process.execPath, ['-e', 'setTimeout(() => undefined, 20_000)'], { stdio: 'inherit' });
}
if (broken === 'crashes') process.kill(process.pid, 'SIGSEGV');
if (broken === 'ends') process.exit(3);
if (broken === 'misses a library') {
  process.stderr.write('Failed to load library with error: libcuda.so.1: cannot open\n');
  process.send({ kind: 'failed', reason: 'no provider', printed: [] }, () => process.disconnect());
}
if (broken === 'fails late') {
  process.send({ kind: 'trained', smoke: { stepMilliseconds: 1, largestDifference: 0 } }, () =>
    process.kill(process.pid, 'SIGSEGV'),
  );
}
