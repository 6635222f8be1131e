#!/usr/bin/env node
// ONNX Runtime reports usage over the network unless this is set before its first session.
process.env.ORT_DISABLE_TELEMETRY = '1';
// Node opens its debugger at SIGUSR1, which schedulers send: not before `ple run` listens to it either.
if (process.argv[2] === 'run') process.on('SIGUSR1', () => undefined);

// An older Node lacks what modules of the program use as they load, and would call it a bug of theirs.
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(`ple needs Node 20.19 or later; this is ${process.versions.node} (${process.execPath}).\n`);
  process.exit(1);
}

let cli;
try {
  cli = await import('../dist/cli/main.js');
} catch (error) {
  // With few open files Node says, too, that it does not find a package that is there.
  process.report.excludeNetwork = true;
  const most = Number(process.report.getReport().userLimits?.open_files.soft);
  if (error?.code === 'EMFILE' || most < 256) {
    process.stderr.write(`ple: Too few files may be open: ${most}. Raise the limit (ulimit -n 1024).\n`);
    process.exit(1);
  }
  if (error?.code !== 'ERR_MODULE_NOT_FOUND' || !String(error.message).includes('dist/cli/main.js')) throw error;
  process.stderr.write('ple is not built yet: run `npm ci && npm run build` in its folder.\n');
  process.exit(1);
}
process.exitCode = await cli.main(process.argv.slice(2));
